/** Notes which statements delete or overwrite rows that were there: no catalogue shows it, and a copy of a schema has no rows. */

import type { Client } from "pg";
import type { Loss } from "../model/migrationLosses.ts";

const schema = "phillbot_watch";

/**
 * Puts triggers on every table that is there. One for each statement fires also where it meets no row, and for an update
 * only where it sets a column that is there now: a new column may be filled.
 */
export async function watch(client: Client): Promise<void> {
  await client.query(`
    create schema ${schema};
    create table ${schema}.seen (id text primary key, sentence text not null);
    create function ${schema}.note() returns trigger language plpgsql security definer set search_path = pg_catalog as $$
    begin
      insert into ${schema}.seen values (tg_op || ' ' || tg_relid, case tg_op
        when 'UPDATE' then format('it overwrites what is in %s', tg_relid::regclass)
        else format('it removes rows of %s', tg_relid::regclass) end)
      on conflict do nothing;
      return null;
    end $$;
    do $do$
    declare
      watched record;
    begin
      for watched in
        select class.oid, class.oid::regclass as name,
          (select string_agg(quote_ident(attname), ', ') from pg_attribute
           where attrelid = class.oid and attnum > 0 and not attisdropped and attgenerated = '') as columns
        from pg_class as class join pg_namespace as space on space.oid = relnamespace
        where relkind in ('r', 'p') and nspname !~ '^pg_' and nspname not in ('information_schema', '${schema}')
          and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = class.oid and deptype = 'e')
      loop
        execute format('create trigger ${schema}_gone after delete or truncate on %s execute function ${schema}.note()', watched.name);
        execute format('alter table %s enable always trigger ${schema}_gone', watched.name);
        continue when watched.columns is null;
        execute format('create trigger ${schema}_set after update of %s on %s execute function ${schema}.note()', watched.columns, watched.name);
        execute format('alter table %s enable always trigger ${schema}_set', watched.name);
      end loop;
    end $do$;
    create table ${schema}.placed as
      select oid, tgrelid::regclass::text as name from pg_trigger where tgname like '${schema}%'`);
}

/** Takes the triggers away for a migration that may do anything. */
export async function unwatch(client: Client): Promise<void> {
  await client.query(`drop schema ${schema} cascade`);
}

/** What was noted since the triggers were put there; one that is gone or turned off has noted nothing. */
export async function touchedLosses(client: Client): Promise<Loss[]> {
  const { rows } = await client.query<Loss>(`
    select id, sentence from ${schema}.seen
    union
    select 'blind ' || name, format('it turns off the triggers of %s', name) from ${schema}.placed
    where not exists (select from pg_trigger where pg_trigger.oid = placed.oid and tgenabled = 'A')
    order by id`);
  return rows;
}
