/** Reads from a database's catalogue what its users may rely on, and what is asked of them. */

import type { ClientBase } from "pg";
import { type Demand, type Offer, overload, type Surface } from "../model/migrationLosses.ts";

/** All that migrations make: no schema of PostgreSQL's own, and nothing that an extension brought along. */
const made = `
  with spaces as (
    select oid, nspname, nspowner, nspacl from pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema' and not (${brought("pg_namespace", "oid")})
  ), relations as (
    select class.oid, relkind, relpersistence, relowner, relacl, relrowsecurity, relforcerowsecurity, nspname,
      format('%I.%I', nspname, relname) as name,
      case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'c' then 'type'
        when 'f' then 'foreign table' else 'table' end as kind
    from pg_class as class join spaces on spaces.oid = relnamespace
    where relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c') and not (${brought("pg_class", "class.oid")})
  ), columns as (
    select attrelid, attnum, attname, attnotnull, attidentity, attgenerated, atthasdef, atttypid, atttypmod, attacl,
      relations.name as on, relations.kind as kind, format('%s.%I', relations.name, attname) as name
    from pg_attribute join relations on relations.oid = attrelid
    where attnum > 0 and not attisdropped and relkind <> 'S'
  ), functions as (
    select proc.oid, proowner, proacl, prosecdef, prokind, proretset, pronargdefaults, nspname,
      format('%I.%I', nspname, proname) as on, format('%I.%I(%s)', nspname, proname, oidvectortypes(proargtypes)) as name
    from pg_proc as proc join spaces on spaces.oid = pronamespace where not (${brought("pg_proc", "proc.oid")})
  ), types as (
    select type.oid, typtype, typbasetype, nspname, format('%I.%I', nspname, typname) as name
    from pg_type as type join spaces on spaces.oid = typnamespace
    where typtype in ('e', 'd', 'r') and not (${brought("pg_type", "type.oid")})
  ), keys as (
    select relations.name as on, regexp_replace(pg_get_indexdef(indexrelid), ' INDEX .*? ON ', ' INDEX ON ') as definition,
      case when 0 = any(indkey::int2[]) or indpred is not null then '{}' else array(select format('%I', attname) from columns
        where attrelid = indrelid and attnum = any(indkey::int2[]) order by 1) end as columns
    from pg_index join relations on relations.oid = indrelid where indisunique
  )`;

function brought(catalogue: string, oid: string): string {
  return `exists (select from pg_depend where classid = '${catalogue}'::regclass and objid = ${oid} and deptype = 'e')`;
}

/** The rights on something, as they are or as PostgreSQL gives them. */
function rights(from: string, { acl, letter, owner, object }: Record<"acl" | "letter" | "owner" | "object", string>): string {
  return `
  select 'right', format('%s on the %s to %s', privilege_type, ${object},
    case when grantee = 0 then 'public' else grantee::regrole::text end), '', ${object}
  from ${from} cross join aclexplode(coalesce(${acl}, acldefault(${letter}, ${owner})))`;
}

/**
 * A table that was dropped and made again under its name has lost its rows, and a column likewise: so their numbers count.
 * Arguments count by their names, since the REST server calls by name.
 */
const offers = `${made}
  select 'schema' as kind, quote_ident(nspname) as name, '' as detail, null as within from spaces
  union all
  select kind, name, concat_ws(' ', oid, relkind, relowner::regrole, relpersistence), format('schema %I', nspname) from relations
  union all
  select 'column', name, concat_ws(' ', attnum, format_type(atttypid, atttypmod), attidentity, attgenerated), format('%s %s', kind, columns.on)
  from columns
  union all
  select 'default of', name, '', format('column %s', name) from columns where (atthasdef and attgenerated = '') or attidentity <> ''
  union all
  select 'function', name, concat_ws(' ', pg_get_function_identity_arguments(oid), pg_get_function_result(oid), prokind, proretset,
    prosecdef, case when prosecdef then proowner::regrole end), format('schema %I', nspname)
  from functions
  union all
  select 'call of', format('%s without its last %s', name, n), '', format('function %s', name)
  from functions cross join generate_series(1, pronargdefaults) as n
  union all
  select 'type', name, concat_ws(' ', oid, typtype, typbasetype::regtype), format('schema %I', nspname) from types
  union all
  select 'value', format('%L of %s', enumlabel, types.name), '', format('type %s', types.name)
  from pg_enum join types on types.oid = enumtypid
  union all
  select 'policy', format('%I on %s', polname, relations.name),
    concat_ws(' ', polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid), '|', pg_get_expr(polwithcheck, polrelid)),
    format('table %s', relations.name)
  from pg_policy join relations on relations.oid = polrelid where polpermissive
  union all
  select 'key', definition, '', format('table %s', keys.on) from keys
  union all
  select 'trigger', format('%I on %s', tgname, relations.name), concat_ws(' ', tgenabled, pg_get_triggerdef(pg_trigger.oid)),
    format('%s %s', kind, relations.name)
  from pg_trigger join relations on relations.oid = tgrelid where not tgisinternal
  union all
  select 'extension', quote_ident(extname), '', null from pg_extension
  union all
  select 'role', quote_ident(rolname), concat_ws(' ', rolcanlogin, rolinherit, rolbypassrls, rolsuper, rolconnlimit, rolvaliduntil), null
  from pg_roles where rolname !~ '^pg_'
  union all
  select 'database', current_database(), '', null
  union all
  select 'membership', format('of %I in %I', member.rolname, granted.rolname), '', null
  from pg_auth_members as link join pg_roles as granted on granted.oid = link.roleid join pg_roles as member on member.oid = link.member
  union all ${rights("spaces", { acl: "nspacl", letter: "'n'", owner: "nspowner", object: "format('schema %I', nspname)" })}
  union all ${rights("relations", {
    ...{ acl: "relacl", letter: `case relkind when 'S' then 's' else 'r' end::"char"`, owner: "relowner" },
    object: "format('%s %s', kind, name)",
  })}
  union all ${rights("functions", { acl: "proacl", letter: "'f'", owner: "proowner", object: "format('function %s', name)" })}
  union all
  select 'right', format('%s on the column %s to %s', privilege_type, name,
    case when grantee = 0 then 'public' else grantee::regrole::text end), '', format('column %s', name)
  from columns cross join aclexplode(attacl)
  order by kind, name`;

/** A constraint that is validated later asks no more than when it was made. */
const demands = `${made}
  select 'not null of' as kind, quote_ident(attname) as name, attname::text as detail, columns.on, array[quote_ident(attname)] as columns,
    atthasdef or attidentity <> '' as "metByDefault"
  from columns where attnotnull and kind <> 'view'
  union all
  select 'the constraint', format('%I', conname), regexp_replace(pg_get_constraintdef(pg_constraint.oid), ' NOT VALID$', ''),
    relations.name, array(select format('%I', attname) from columns where attrelid = conrelid and attnum = any(conkey) order by 1), true
  from pg_constraint join relations on relations.oid = conrelid where contype in ('c', 'f', 'x')
  union all
  select 'the constraint', format('%I', conname), regexp_replace(pg_get_constraintdef(pg_constraint.oid), ' NOT VALID$', ''),
    types.name, '{}', false
  from pg_constraint join types on types.oid = contypid
  union all
  select 'the key', definition, definition, keys.on, columns, true from keys
  union all
  select 'the policy', quote_ident(polname), concat_ws(' ', polname, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid), '|',
    pg_get_expr(polwithcheck, polrelid)), relations.name, '{}', false
  from pg_policy join relations on relations.oid = polrelid where not polpermissive
  union all
  select 'row security', case when relforcerowsecurity then 'also for its owner' else '' end, relforcerowsecurity::text, name, '{}', false
  from relations where relrowsecurity
  union all
  select 'the rule', quote_ident(rulename), pg_get_ruledef(pg_rewrite.oid), relations.name, '{}', false
  from pg_rewrite join relations on relations.oid = ev_class where rulename <> '_RETURN'
  union all
  select 'the setting', quote_ident(split_part(setting, '=', 1)), concat_ws(' ', coalesce(datname, ''), setting), coalesce(rolname, datname),
    '{}', false
  from pg_db_role_setting cross join unnest(setconfig) as setting
    left join pg_roles on pg_roles.oid = setrole left join pg_database on pg_database.oid = setdatabase
  where setdatabase in (0, (select oid from pg_database where datname = current_database()))
  union all
  select '${overload}', name, name, functions.on, '{}', false from functions
  order by kind, name`;

/** Reads the whole catalogue at once. */
export async function readSurface(client: ClientBase): Promise<Surface> {
  // Names are printed without their schema where it is on the path.
  await client.query("set search_path = pg_catalog");
  // Compiling such a query takes seconds, and running it takes none.
  await client.query("set jit = off");
  const offered = await client.query<Offer>(offers);
  const asked = await client.query<Demand>(demands);
  await client.query("reset jit");
  await client.query("reset search_path");
  return { offers: offered.rows, demands: asked.rows };
}
