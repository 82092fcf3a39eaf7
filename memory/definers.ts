/** Functions that run with their owner's rights on the memory, for others: what such a function reads leaves no dependency. */

import { ownersMember, platformsFunction, platformsRole } from "./platform.ts";
import { hasRights } from "./roles.ts";

/**
 * SECURITY DEFINER functions whose owner reaches the memory. A platform's own, and an extension's in C, which only a
 * superuser makes, are not the project's; any other function may have been put into an extension to hide it there.
 * `compared` are those that the comparison of the schemas sees.
 */
const definers = `
  definers as (
    select called.oid, called.proname, called.proacl, called.proowner, place.nspname, place.oid as place, owner.rolname as owner,
      place.nspname in ('memory', 'public') and not member.has as compared
    from pg_proc as called
    join pg_roles as owner on owner.oid = called.proowner
    join pg_namespace as place on place.oid = called.pronamespace
    join pg_language as spoken on spoken.oid = called.prolang
    cross join lateral (
      select exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = called.oid and deptype = 'e') as has
    ) as member
    where called.prosecdef and not ${platformsFunction("place.nspname", "owner.rolname")}
      and not (member.has and spoken.lanname = 'c')
      and ${hasRights("owner.oid")}
  )`;

/**
 * - One that a stranger may call, who is any role that does not reach the memory anyway. PostgreSQL's own roles have no
 *   members but those that are told for it; a platform's that read all data see every schema; its pooler has one function.
 * - One that something runs for whoever uses that: neither a trigger nor an aggregate nor a type asks for EXECUTE.
 */
export const definerReadings = `
  (with ${definers}
  select format('The function %s runs as %I, who reaches the memory, for %s: revoke execute on function %1$s from %4$s;',
    called.oid::regprocedure, called.owner, strangers.names, granted.names) as sentence
  from definers as called
  cross join lateral (
    select string_agg(quote_ident(stranger.rolname), ', ' order by stranger.rolname) as names
    from pg_roles as stranger
    where not stranger.rolsuper and stranger.oid <> called.proowner and not ${ownersMember("stranger.oid")}
      and stranger.rolname not in ('memory_bot', 'memory_api') and stranger.rolname !~ '^pg_'
      and not (${platformsRole("stranger.rolname")} and (pg_has_role(stranger.oid, 'pg_read_all_data', 'usage')
        or (stranger.rolname, called.nspname, called.proname) = ('pgbouncer', 'pgbouncer', 'get_auth')))
      and has_schema_privilege(stranger.oid, called.place, 'usage')
      and has_function_privilege(stranger.oid, called.oid, 'execute')) as strangers
  cross join lateral (
    select coalesce(string_agg(case when grantee = 0 then 'public' else grantee::regrole::text end, ', ' order by grantee), 'public') as names
    from aclexplode(coalesce(called.proacl, acldefault('f', called.proowner)))
    where privilege_type = 'EXECUTE' and grantee <> called.proowner
      and not grantee = any(array[to_regrole('memory_bot'), to_regrole('memory_api')]::oid[])) as granted
  where not called.compared and strangers.names is not null
  union
  select format('The function %s runs as %I, who reaches the memory, by %s: drop %3$s;', called.oid::regprocedure, called.owner, used.name)
  from definers as called
  cross join lateral (
    select format('trigger %I on %s', tgname, tgrelid::regclass) as name,
      relnamespace::regnamespace::text in ('memory', 'public') as compared
    from pg_trigger join pg_class as fired on fired.oid = tgrelid where tgfoid = called.oid
    union all
    select format('aggregate %s', aggfnoid::regprocedure), false from pg_aggregate
    where called.oid in (aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn)
    union all
    select format('type %s', rngtypid::regtype), false from pg_range where called.oid in (rngcanonical, rngsubdiff)
  ) as used
  where not (called.compared and used.compared))`;
