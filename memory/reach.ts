/** What reaches into the memory from outside the schemas that are compared. */

import type { ClientBase } from "pg";
import { definerReadings } from "./definers.ts";
import { deployReadings, deploySchemas } from "./deployTables.ts";
import { foreignReadings } from "./foreign.ts";
import { platformsEventTrigger } from "./platform.ts";

interface ReachRow {
  readonly sentence: string;
}

/** Whether the comparison of the schemas does not see a relation: it leaves out what belongs to an extension. */
function outside(oid: string, schema: string): string {
  return `(${schema}::regnamespace::text not in ('memory', 'public')
    or exists (select from pg_depend where classid = 'pg_class'::regclass and objid = ${oid} and deptype = 'e'))`;
}

/**
 * - A table elsewhere that inherits from one of the memory's or the deploy's, whose rows are read as theirs, or that one of
 *   them inherits from, by which it is read and emptied.
 * - A foreign key elsewhere that refers to one: what it refers to cannot be forgotten.
 * - A view or rule elsewhere that reads one, and a publication that sends one away.
 * - What an extension hides of the memory itself: whoever owns one may make anything its member.
 * - A setting of the REST server, of its login or of the database, that names the memory, lets it serve or search other
 *   schemas than a hosted project's does, takes another role for a stranger's, or runs a function before each request.
 * - An event trigger: it runs with every migration. A platform's own are known by name; others of it belong, with what they
 *   run, to its superuser, and what an extension brings in C is its own. Where there is no platform, every other is somebody's.
 */
const readings = `
  select format('The table %s inherits from %s.', child.oid::regclass, parent.oid::regclass) as sentence
  from pg_inherits as link
  join pg_class as child on child.oid = link.inhrelid
  join pg_class as parent on parent.oid = link.inhparent
  where parent.relnamespace = to_regnamespace('memory') and ${outside("child.oid", "child.relnamespace")}
    or child.relnamespace = to_regnamespace('memory') and ${outside("parent.oid", "parent.relnamespace")}
    or parent.relkind = 'r' and (parent.relnamespace in (${deploySchemas}) or child.relnamespace in (${deploySchemas}))
union
  select format('The foreign key %I of %s refers to %s, which then cannot forget: alter table %2$s drop constraint %1$I;',
    conname, conrelid::regclass, confrelid::regclass)
  from pg_constraint
  join pg_class as referred on referred.oid = confrelid
  join pg_class as referring on referring.oid = conrelid
  where contype = 'f' and referred.relnamespace = to_regnamespace('memory')
    and ${outside("referring.oid", "referring.relnamespace")}
union
  select format('%s reads %s.', reader.oid::regclass, owned.oid::regclass)
  from pg_depend as link
  join pg_rewrite as rule on link.classid = 'pg_rewrite'::regclass and rule.oid = link.objid
  join pg_class as reader on reader.oid = rule.ev_class
  join pg_class as owned on link.refclassid = 'pg_class'::regclass and owned.oid = link.refobjid
  where owned.relnamespace = to_regnamespace('memory') and ${outside("reader.oid", "reader.relnamespace")}
union
  select format('The publication %I sends %I.%I away.', pubname, schemaname, tablename)
  from pg_publication_tables where schemaname = 'memory'
union
  select format('The extension %I hides %s: alter extension %1$I drop %2$s;', extname, pg_describe_object(link.classid, link.objid, 0))
  from pg_depend as link
  join pg_extension on link.refclassid = 'pg_extension'::regclass and link.refobjid = pg_extension.oid
  left join pg_class as owned on link.classid = 'pg_class'::regclass and owned.oid = link.objid
  left join pg_proc as offered on link.classid = 'pg_proc'::regclass and offered.oid = link.objid
  where link.deptype = 'e'
    and (owned.relnamespace = to_regnamespace('memory') or offered.pronamespace = to_regnamespace('memory')
      or offered.pronamespace = to_regnamespace('public') and offered.proname like 'memory\\_%'
      or link.classid = 'pg_namespace'::regclass and link.objid in (to_regnamespace('memory'), to_regnamespace('public')))
union
  select format('The setting %s of %s lets the REST server reach beyond what a hosted project serves: alter %2$s%s reset %1$s;',
    name, case when kept.setrole = 0 then format('database %I', own.datname) else format('role %I', login.rolname) end,
    case when kept.setrole <> 0 and kept.setdatabase <> 0 then format(' in database %I', own.datname) end)
  from pg_db_role_setting as kept
  join pg_roles as login on login.rolname = 'authenticator' and kept.setrole in (0, login.oid)
  join pg_database as own on own.datname = current_database() and kept.setdatabase in (0, own.oid)
  cross join unnest(kept.setconfig) as setting
  cross join lateral (select split_part(setting, '=', 1) as name, regexp_replace(setting, '^[^=]*=', '') as value) as split
  cross join lateral (select array_remove(regexp_split_to_array(value, '[\\s,"]+'), '') as names) as listed
  where name ~* '^pgrst[.]' and (
    value ~* 'memory'
    or (lower(name) = 'pgrst.db_schemas' and not names <@ array['public', 'storage', 'graphql_public', 'pgmq_public'])
    or (lower(name) = 'pgrst.db_extra_search_path' and not names <@ array['public', 'storage', 'graphql_public', 'extensions'])
    or (lower(name) = 'pgrst.db_anon_role' and names <> array['anon'])
    or (lower(name) in ('pgrst.db_pre_request', 'pgrst.jwt_secret', 'pgrst.jwt_role_claim_key') and value <> ''))
union
  select format('The event trigger %I runs %I.%I: drop event trigger %1$I;', evtname, place.nspname, runs.proname)
  from pg_event_trigger as event
  join pg_roles as owner on owner.oid = event.evtowner
  join pg_proc as runs on runs.oid = event.evtfoid
  join pg_namespace as place on place.oid = runs.pronamespace
  join pg_roles as maker on maker.oid = runs.proowner
  join pg_language as spoken on spoken.oid = runs.prolang
  where evtenabled <> 'D'
    and not (owner.rolsuper and maker.rolsuper and owner.rolname <> current_user and maker.rolname <> current_user)
    and not (${platformsEventTrigger("evtname", "format('%s.%s', place.nspname, runs.proname)")}
      and (owner.rolsuper or owner.rolname = 'postgres') and (maker.rolsuper or maker.rolname = 'postgres'))
    and not (spoken.lanname = 'c' and maker.rolsuper
      and exists (select from pg_depend where classid = 'pg_event_trigger'::regclass and objid = event.oid and deptype = 'e'))
union ${definerReadings}
union ${deployReadings}
union ${foreignReadings}
order by sentence`;

/** One sentence for each of them; none where the memory is reached as its migrations say. */
export async function reachFaults(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<ReachRow>(readings);
  return rows.map(({ sentence }) => sentence);
}
