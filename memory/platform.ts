/** A Supabase project's platform by its exact names: who and what it brings along, so that nothing else is excused by likeness. */

/** Roles that the platform makes; on a hosted project the extension `supautils` keeps their names from others. */
const roles = [
  ...["supabase_admin", "supabase_auth_admin", "supabase_storage_admin", "supabase_functions_admin", "supabase_realtime_admin"],
  ...["supabase_replication_admin", "supabase_read_only_user", "supabase_etl_admin", "supabase_privileged_role"],
  ...["dashboard_user", "pgbouncer", "pgtle_admin", "pgsodium_keyholder", "pgsodium_keyiduser", "pgsodium_keymaker"],
];

/** Schemas whose functions are the platform's where one of its roles owns them. */
const schemas = [
  ...["auth", "storage", "realtime", "_realtime", "graphql", "graphql_public", "vault", "pgbouncer", "extensions", "net", "cron"],
  ...["supabase_functions", "_analytics", "pgsodium", "pgsodium_masks", "pgmq", "pgmq_public", "pgtle"],
];

/** Its event triggers and what they run. Older projects' belong to `postgres`, who was a superuser when they were made. */
const eventTriggers = [
  ["issue_graphql_placeholder", "extensions.set_graphql_placeholder"],
  ["issue_pg_cron_access", "extensions.grant_pg_cron_access"],
  ["issue_pg_graphql_access", "extensions.grant_pg_graphql_access"],
  ["issue_pg_net_access", "extensions.grant_pg_net_access"],
  ["pgrst_ddl_watch", "extensions.pgrst_ddl_watch"],
  ["pgrst_drop_watch", "extensions.pgrst_drop_watch"],
  ["graphql_watch_ddl", "graphql.increment_schema_version"],
  ["graphql_watch_drop", "graphql.increment_schema_version"],
  ["pgsodium_trg_mask_update", "pgsodium.trg_mask_update"],
];

/**
 * SQL: whether the server has a platform. Its superuser is there, and migrates, or whoever migrates is no superuser; any
 * other superuser who migrates has a server of its own, where every name is somebody's.
 */
export const platformPresent = `(exists (select from pg_roles where rolname = 'supabase_admin' and rolsuper)
  and (current_user = 'supabase_admin' or not (select rolsuper from pg_roles where rolname = current_user)))`;

/** SQL: whether the role of that name is the platform's. */
export function platformsRole(name: string): string {
  return `(${name} in (${quoted(roles)}) and ${platformPresent})`;
}

/**
 * SQL: whether the role of that oid may become whoever migrates, or a hosted project's owner, and so needs nothing else to
 * reach the memory: which of them should not, the reading of memberships tells.
 */
export function ownersMember(oid: string): string {
  return `(pg_has_role(${oid}, current_user, 'member')
    or ${platformPresent} and coalesce(pg_has_role(${oid}, to_regrole('postgres'), 'member'), false))`;
}

/** SQL: whether a function in that schema, of that owner, is the platform's. */
export function platformsFunction(schema: string, owner: string): string {
  return `(${schema} in (${quoted(schemas)}) and ${platformsRole(owner)})`;
}

/** SQL: whether the event trigger of that name and that function, by schema and name, is the platform's. */
export function platformsEventTrigger(name: string, functionName: string): string {
  const pairs = eventTriggers.map(([trigger, runs]) => `('${trigger}', '${runs}')`).join(", ");
  return `((${name}, ${functionName}) in (${pairs}) and ${platformPresent})`;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(", ");
}
