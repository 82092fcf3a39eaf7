/** Ways into the memory by a connection that the server itself makes: rights here do not bound what such a connection may do. */

import { deploySchemas } from "./deployTables.ts";
import { ownersMember, platformsRole } from "./platform.ts";

/**
 * - A subscription that writes a table of the memory, of the deploy's or of `public`.
 * - A foreign server that may lead back into this database and logs in there for a stranger: one that the stranger may use,
 *   by a mapping of its own, or whose tables a view shows it, by the mapping of the view's owner. Where a server leads
 *   cannot be told from an address, only that it leads to a database of another name, which a mapping cannot replace
 *   where something validates its options. Wrappers of other handlers than PostgreSQL's own lead to no database.
 */
export const foreignReadings = `
  (with recursive servers as (
    select server.oid, server.srvname
    from pg_foreign_server as server
    join pg_foreign_data_wrapper as wrapper on wrapper.oid = server.srvfdw
    left join pg_proc as handler on handler.oid = wrapper.fdwhandler
    where (handler.oid is null or handler.probin ~ '(^|/)postgres_fdw')
      and not (wrapper.fdwvalidator <> 0 and exists (select from pg_options_to_table(server.srvoptions)
                      where option_name = 'dbname' and option_value <> current_database()))
  ), shown as (
    select ftrelid as oid, ftserver as server from pg_foreign_table where ftserver in (select oid from servers)
    union
    select rule.ev_class, shown.server
    from shown
    join pg_depend as link on link.classid = 'pg_rewrite'::regclass and link.refclassid = 'pg_class'::regclass
      and link.refobjid = shown.oid
    join pg_rewrite as rule on rule.oid = link.objid
  ), strangers as (
    select oid, rolname from pg_roles
    where not rolsuper and rolname !~ '^pg_' and not ${ownersMember("oid")}
      and not (${platformsRole("rolname")} and pg_has_role(oid, 'pg_read_all_data', 'usage'))
  )
  select format('The subscription %I writes %s: drop subscription %1$I;', subname, written.oid::regclass) as sentence
  from pg_subscription as pulled
  join pg_subscription_rel as link on link.srsubid = pulled.oid
  join pg_class as written on written.oid = link.srrelid
  where written.relnamespace in (to_regnamespace('memory'), to_regnamespace('public'), ${deploySchemas})
  union
  select format('The foreign server %I may lead back into this database for %s: drop server %1$I cascade;',
    srvname, string_agg(quote_ident(rolname), ', ' order by rolname))
  from servers cross join strangers
  where exists (select from pg_user_mappings where srvid = servers.oid)
    and (exists (select from pg_user_mappings where srvid = servers.oid and umuser in (0, strangers.oid))
        and has_server_privilege(strangers.oid, servers.oid, 'usage')
      or exists (select from shown join pg_class as seen on seen.oid = shown.oid
                 where shown.server = servers.oid
                   and (seen.relkind <> 'f' or exists (select from pg_user_mappings where srvid = servers.oid and umuser in (0, strangers.oid)))
                   and has_schema_privilege(strangers.oid, seen.relnamespace, 'usage')
                   and (has_any_column_privilege(strangers.oid, seen.oid, 'select, insert, update')
                     or has_table_privilege(strangers.oid, seen.oid, 'delete, truncate'))))
  group by servers.oid, servers.srvname)`;
