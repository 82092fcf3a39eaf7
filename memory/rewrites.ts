/** Notes which statements write a table's rows anew: `alter … type … using` may put anything in their place and leave the type as it was. */

import type { Client } from "pg";
import type { Loss } from "../model/migrationLosses.ts";

const schema = "phillbot_rewrites";
/** PostgreSQL's word for: because of a column's type. */
const ofType = 4;

/** Puts an event trigger there, which only a superuser may, as whoever works on a scratch server is. It fires without a row as well. */
export async function watchRewrites(client: Client): Promise<void> {
  await client.query(`
    create schema ${schema};
    create table ${schema}.there as select oid from pg_class where relkind in ('r', 'p', 'm');
    create table ${schema}.seen (name text primary key);
    create function ${schema}.note() returns event_trigger language plpgsql security definer set search_path = pg_catalog as $$
    begin
      if pg_event_trigger_table_rewrite_reason() & ${ofType} <> 0
        and exists (select from ${schema}.there where oid = pg_event_trigger_table_rewrite_oid()) then
        insert into ${schema}.seen values (pg_event_trigger_table_rewrite_oid()::regclass::text) on conflict do nothing;
      end if;
    end $$;
    create event trigger ${schema} on table_rewrite execute function ${schema}.note();
    alter event trigger ${schema} enable always`);
}

/** What was noted since it was asked last. */
export async function rewriteLosses(client: Client): Promise<Loss[]> {
  const { rows } = await client.query<Loss>(`
    with gone as (delete from ${schema}.seen returning name)
    select 'rewrite ' || name as id, format('it writes what is in %s anew', name) as sentence from gone
    union all
    select 'rewrite', 'it turns off what watches for rows that are written anew'
    where not exists (select from pg_event_trigger where evtname = '${schema}' and evtenabled = 'A')
    order by id`);
  return rows;
}
