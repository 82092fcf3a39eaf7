/** What the memory's roles must not be or have, and who must be a member of none; roles belong to the whole server, so that no schema comparison shows them. */

import type { ClientBase } from "pg";
import { platformPresent, platformsRole } from "./platform.ts";

interface RoleRow {
  readonly role: string;
  readonly powers: readonly string[];
  readonly memberships: readonly string[];
  readonly administrators: readonly string[];
  readonly settings: readonly string[];
}

interface MemberRow {
  readonly role: string;
  readonly member: string;
  /** The roles between the two, from the role on. */
  readonly through: readonly string[];
  /** The statement that takes it back. */
  readonly mend: string;
}

const memoryRoles = ["memory_bot", "memory_api"];

/**
 * Every role that reaches the memory by itself: its own two, its owners, whoever migrates (this connection's role),
 * superusers, a platform's project owner, and PostgreSQL's roles that read or write all.
 */
export const reachingRoles = `
    select oid, rolname::text as name from pg_roles
    where rolsuper or rolname = current_user or rolname in ('memory_bot', 'memory_api')
      or (rolname = 'postgres' and ${platformPresent})
      or rolname in ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files',
                     'pg_execute_server_program')
      or oid in (select nspowner from pg_namespace where nspname = 'memory'
                 union select relowner from pg_class where relnamespace = to_regnamespace('memory'))`;

/** Whether a role may do anything to the memory by its rights: to a table of it, or by a function that it offers. */
export function hasRights(role: string): string {
  return `(
    exists (select from pg_class as owned
            where owned.relnamespace = to_regnamespace('memory') and owned.relkind in ('r', 'v', 'm', 'f', 'p')
              and has_schema_privilege(${role}, owned.relnamespace, 'usage')
              and (has_any_column_privilege(${role}, owned.oid, 'select, insert, update')
                or has_table_privilege(${role}, owned.oid, 'delete, truncate')))
    or exists (select from pg_proc as offered
               where offered.pronamespace = to_regnamespace('public') and offered.proname like 'memory\\_%'
                 and has_function_privilege(${role}, offered.oid, 'execute')))`;
}

const attributes = `
  with links as (
    select link.roleid, link.admin_option, member.rolname::text as member
    from pg_auth_members as link join pg_roles as member on member.oid = link.member
    where member.rolname <> current_user and not member.rolsuper and not (member.rolname = 'postgres' and ${platformPresent})
  )
  select rolname as role,
    array_remove(array[
      case when rolsuper then 'SUPERUSER' end, case when rolbypassrls then 'BYPASSRLS' end,
      case when rolcreaterole then 'CREATEROLE' end, case when rolcreatedb then 'CREATEDB' end,
      case when rolreplication then 'REPLICATION' end, case when rolcanlogin then 'LOGIN' end], null) as powers,
    array(select granted.rolname::text from pg_auth_members as link join pg_roles as granted on granted.oid = link.roleid
          where link.member = roles.oid order by 1) as memberships,
    array(select distinct member from links where roleid = roles.oid and admin_option order by 1) as administrators,
    array(select distinct split_part(setting, '=', 1)
          from pg_db_role_setting as kept
          join pg_database as own on own.datname = current_database() and kept.setdatabase in (0, own.oid),
            unnest(kept.setconfig) as setting
          where kept.setrole = roles.oid order by 1) as settings
  from pg_roles as roles where rolname = any($1) order by 1`;

/**
 * Every direct and indirect member of a role that reaches the memory. A path ends at the next such role, whose own members
 * are told for it. Membership alone counts: with INHERIT or without, `set role` goes. By design the REST server's login is
 * a member of memory_bot. A platform's roles read all data, or become the REST server's login; the login that it makes for
 * the Supabase CLI is a member of the owner whose name it bears. What else they are members of, somebody made them.
 */
const members = `
  with recursive reaching as (${reachingRoles}
  ), links as (
    select distinct link.roleid, link.member, granted.rolname::text as granted
    from pg_auth_members as link join pg_roles as granted on granted.oid = link.roleid
    where link.member not in (select oid from reaching)
  ), reached as (
    select reaching.name as role, links.member, array[]::text[] collate "C" as through
    from reaching join links on links.roleid = reaching.oid
    union all
    select reached.role, links.member, reached.through || links.granted
    from reached join links on links.roleid = reached.member
  )
  select distinct on (role, member) role, found.rolname::text as member, through,
    format('revoke %I from %I', coalesce(through[cardinality(through)], role), found.rolname) as mend
  from reached join pg_roles as found on found.oid = reached.member
  where not (role = 'memory_bot' and found.rolname = 'authenticator')
    and not (${platformsRole("found.rolname")} and (role = 'pg_read_all_data' or through[cardinality(through)] is not distinct from 'authenticator'))
    and not (role in (current_user, 'postgres') and found.rolname = 'cli_login_' || role and through = '{}' and ${platformPresent})
  order by role, member, cardinality(through), through`;

/**
 * - What makes a role of any other reach the memory in one step: to be a superuser who may log in; to make members of the
 *   memory's roles; to copy the whole server away; for a stranger, or the login that becomes one, to be above row security.
 *   A hosted project's `postgres` is its owner's.
 * - What whatever a role of the memory makes is granted to others beforehand; PostgreSQL's own grants to all are none.
 */
const powers = `
  select format('The role %I has %s: alter role %1$I no%3$s;', rolname, upper(power), power) as sentence
  from pg_roles
  cross join lateral (values
    ('superuser', rolsuper and rolcanlogin),
    ('createrole', rolcreaterole and not rolsuper),
    ('replication', rolreplication and rolcanlogin and not rolsuper),
    ('bypassrls', rolbypassrls and not rolsuper and rolname in ('anon', 'authenticated', 'authenticator'))
  ) as had (power, has)
  where has and rolname not in (current_user, 'postgres', 'memory_bot', 'memory_api') and not ${platformsRole("rolname")}
union
  select format('What the role %I makes is granted to %s beforehand: alter default privileges for role %1$I%3$s revoke all on %4$s from %2$s;',
    maker.rolname, case when grantee = 0 then 'public' else grantee::regrole::text end,
    case when defaclnamespace <> 0 then format(' in schema %s', defaclnamespace::regnamespace) end,
    case defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' else 'schemas' end)
  from pg_default_acl
  join pg_roles as maker on maker.oid = defaclrole
  cross join aclexplode(defaclacl)
  where maker.rolname in ('memory_bot', 'memory_api') and grantee <> maker.oid
    and not (grantee = 0 and defaclnamespace = 0 and defaclobjtype in ('f', 'T'))
order by sentence`;

/**
 * One sentence for each right, member or setting too many; none where both roles are as the migrations made them and
 * nobody else reaches the memory by a membership.
 */
export async function roleFaults(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<RoleRow>(attributes, [memoryRoles]);
  const found = await client.query<MemberRow>(members);
  const others = await client.query<{ sentence: string }>(powers);
  // The REST server takes on a role's settings with the role. Names only: a value may be nobody's business.
  const own = rows.flatMap(({ role, powers, memberships, administrators, settings }) => [
    ...powers.map((power) => `The role ${role} has ${power}.`),
    ...memberships.map((granted) => `The role ${role} is a member of ${granted}.`),
    ...administrators.map((member) => `The role ${member} may make others members of ${role}.`),
    ...settings.map((setting) => `The role ${role} has a setting of its own: ${setting}.`),
  ]);
  return [...own, ...found.rows.map(memberSentence), ...others.rows.map(({ sentence }) => sentence)];
}

function memberSentence({ role, member, through, mend }: MemberRow): string {
  const path = through.length === 0 ? "" : ` through ${through.join(", ")}`;
  const why = memoryRoles.includes(role) ? "" : ", which reaches the memory";
  return `The role ${member} is a member of ${role}${path}${why}: ${mend};`;
}
