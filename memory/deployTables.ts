/** What lies in the way of a deploy: it writes its history and its digests as whoever migrates, who may do anything to the memory. */

import { ownersMember } from "./platform.ts";

/** The schemas of the Supabase CLI's history and of our digests; no schema comparison looks at them. */
export const deploySchemas = "to_regnamespace('supabase_migrations'), to_regnamespace('memory_deploy')";

const tables = `
  tables as (
    select oid, relkind, relowner, relnamespace, relacl from pg_class
    where relnamespace in (${deploySchemas}) and relkind in ('r', 'p', 'v', 'm', 'f')
  )`;

/**
 * - A trigger, a rule, or a function behind a default, a constraint, an index or a column's type: it runs with every deploy.
 * - What is no table, or a table of which row security hides rows from whoever migrates: what is applied cannot be told.
 * - A role that may change one: it says what is applied. As everywhere, whoever is a member of an owner is told for that.
 * - An owner of those schemas, of `public` or of the database who is neither whoever migrates, nor `postgres`, nor a
 *   superuser: it may drop the memory or put another in its place.
 */
export const deployReadings = `
  (with ${tables}
  select format('The trigger %I of %s runs with every deploy: drop trigger %1$I on %2$s;', tgname, tgrelid::regclass) as sentence
  from pg_trigger where tgrelid in (select oid from tables) and not tgisinternal
  union
  select format('The rule %I of %s runs with every deploy: drop rule %1$I on %2$s;', rulename, ev_class::regclass)
  from pg_rewrite where ev_class in (select oid from tables) and rulename <> '_RETURN'
  union
  select format('With every deploy, the %s uses the %s.', pg_describe_object(part.classid, part.objid, part.objsubid),
    pg_describe_object(part.refclassid, part.refobjid, part.refobjsubid))
  from pg_depend as part
  where part.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_type'::regclass)
    and part.deptype = 'n' and part.classid not in ('pg_trigger'::regclass, 'pg_rewrite'::regclass)
    and (part.classid = 'pg_class'::regclass and part.objid in (select oid from tables)
      or exists (select from pg_depend as whole
                 where whole.classid = part.classid and whole.objid = part.objid and whole.deptype = 'a'
                   and whole.refclassid = 'pg_class'::regclass and whole.refobjid in (select oid from tables)))
  union
  select case when relkind <> 'r' then format('%s, which every deploy reads, is no table of its own.', oid::regclass)
    else format('Row security hides rows of %s from every deploy: alter table %1$s disable row level security;', oid::regclass) end
  from tables where relkind <> 'r' or row_security_active(oid)
  union
  select format('%s may change %s, which says what is applied: revoke all on %2$s from %3$s;',
    string_agg(quote_ident(stranger.rolname), ', ' order by stranger.rolname), owned.oid::regclass,
    (select coalesce(string_agg(distinct case when grantee = 0 then 'public' else grantee::regrole::text end, ', '), 'public')
     from (select (aclexplode(relacl)).grantee from pg_class where oid = owned.oid
           union select (aclexplode(attacl)).grantee from pg_attribute where attrelid = owned.oid) as granted
     where grantee <> owned.relowner))
  from tables as owned
  join pg_roles as stranger on not stranger.rolsuper and stranger.rolname !~ '^pg_' and not ${ownersMember("stranger.oid")}
    and not pg_has_role(stranger.oid, owned.relowner, 'member')
  where has_schema_privilege(stranger.oid, owned.relnamespace, 'usage')
    and (has_table_privilege(stranger.oid, owned.oid, 'insert, update, delete, truncate, trigger, references')
      or has_any_column_privilege(stranger.oid, owned.oid, 'insert, update, references'))
  group by owned.oid, owned.relowner
  union
  select format('The %s belongs to %I: alter %1$s owner to %3$I;', owned.name, owner.rolname, current_user)
  from (select format('database %I', datname) as name, datdba as owner from pg_database where datname = current_database()
        union all select format('schema %I', nspname), nspowner from pg_namespace
        where oid in (${deploySchemas}, to_regnamespace('public'))
        union all select format('table %s', oid::regclass), relowner from tables) as owned
  join pg_roles as owner on owner.oid = owned.owner
  where not owner.rolsuper and owner.rolname not in (current_user, 'postgres', 'pg_database_owner'))`;
