/** What of a server's state may lose what the memory was told, or not find it again, although its schema is as it should be. */

import type { ClientBase } from "pg";

/**
 * - A setting without which a crash may take what was already answered for, by which a damaged page is emptied or taken
 *   as it is, or with which nothing is cleared up until the server takes no more writes. That of the whole server is read
 *   through this connection's role, so that a setting of that role would hide it. Of the others, the database's and the
 *   REST server's login's count; the memory's own roles have none at all.
 * - A table that is emptied after a crash.
 * - A place other than the server's own: its disk may be one in memory.
 * - A database that does not know capitals beyond A to Z: what is told with one is not found without it.
 * - A text search configuration that leaves out words, or takes others for them: the migrations name this one.
 */
const readings = `
  with watched (watched, bad, good, harm) as (values
    ('fsync', 'off', '{on}'::text[], 'what is remembered need not outlast a crash'),
    ('full_page_writes', 'off', '{on}', 'what is remembered need not outlast a crash'),
    ('synchronous_commit', 'off', '{on,true,yes,1,local,remote_write,remote_apply}', 'what is remembered need not outlast a crash'),
    ('zero_damaged_pages', 'on', '{off,false,no,0}', 'what lies on a damaged page is taken for nothing'),
    ('ignore_checksum_failure', 'on', '{off,false,no,0}', 'what lies on a damaged page is taken as it is'),
    ('autovacuum', 'off', '{on}', 'nothing is cleared up until the server takes no more'),
    ('track_counts', 'off', '{on,true,yes,1}', 'nothing is cleared up until the server takes no more')
  )
  select format('The setting %s is %s, so that %s: %s', name, bad, harm,
    case source when 'command line' then format('start the server without "-c %s=%s"', name, bad)
      else format('alter system reset %s; select pg_reload_conf();', name) end) as sentence
  from pg_settings join watched on watched = name and bad = setting
  where source not in ('global', 'database', 'user', 'database user')
union
  select format('The setting %s of %s %s: alter %2$s%4$s reset %1$s;', name,
    case when kept.setrole <> 0 then format('role %I', holder.rolname)
      when kept.setdatabase <> 0 then format('database %I', own.datname) else 'role all' end,
    case when harmless then 'hides what the server has' else format('is %s, so that %s', bad, harm) end,
    case when kept.setrole <> 0 and kept.setdatabase <> 0 then format(' in database %I', own.datname) end)
  from pg_db_role_setting as kept
  join pg_database as own on own.datname = current_database() and kept.setdatabase in (0, own.oid)
  left join pg_roles as holder on holder.oid = kept.setrole
  cross join unnest(kept.setconfig) as setting
  cross join lateral (select lower(split_part(setting, '=', 1)) as name, lower(split_part(setting, '=', 2)) as value) as split
  join watched on watched = name
  cross join lateral (select value = any(good) as harmless) as judged
  where (kept.setrole = 0 or holder.rolname in ('authenticator', current_user))
    and (not harmless or holder.rolname = current_user)
union
  select format('%s lies in the tablespace %I, which may end with its disk: alter %s %1$s set tablespace pg_default;',
    kept.oid::regclass, spcname, case when relkind in ('i', 'I') then 'index' when relkind = 'm' then 'materialized view' else 'table' end)
  from pg_class as kept join pg_tablespace as place on place.oid = reltablespace
  where relnamespace = to_regnamespace('memory') and spcname <> 'pg_default'
union
  select format('The database %I lies in the tablespace %I, which may end with its disk: alter database %1$I set tablespace pg_default;',
    datname, spcname)
  from pg_database join pg_tablespace as place on place.oid = dattablespace
  where datname = current_database() and spcname <> 'pg_default'
union
  select format('The database %I does not know Ä for the capital of ä (lc_ctype %s), so that what is told with the one is not found by the other: restore it into one that is created with lc_ctype C.UTF-8, say.',
    datname, datctype)
  from pg_database
  where datname = current_database()
    and to_tsvector('pg_catalog.simple', chr(196) || 'rger') <> to_tsvector('pg_catalog.simple', chr(228) || 'rger')
union
  select format('%s is not logged, so that a crash empties it: alter table %1$s set logged;', oid::regclass)
  from pg_class where relnamespace = to_regnamespace('memory') and relkind in ('r', 'p') and relpersistence <> 'p'
union
  select format('The text search configuration pg_catalog.simple does not take each %s as it is: alter text search configuration pg_catalog.simple %s mapping for %1$s with pg_catalog.simple;',
    kind.alias, case when cardinality(dictionaries) = 0 then 'add' else 'alter' end)
  from pg_ts_config as config
  cross join ts_token_type('default') as kind
  cross join lateral (select array(select mapdict from pg_ts_config_map where mapcfg = config.oid and maptokentype = kind.tokid
                                   order by mapseqno) as dictionaries) as mapped
  where config.cfgname = 'simple' and config.cfgnamespace = 'pg_catalog'::regnamespace
    and kind.alias not in ('tag', 'protocol', 'blank', 'entity')
    and dictionaries <> array['pg_catalog.simple'::regdictionary::oid]
union
  select 'The text search dictionary pg_catalog.simple has options: alter text search dictionary pg_catalog.simple (stopwords, accept);'
  from pg_ts_dict where oid = 'pg_catalog.simple'::regdictionary and coalesce(dictinitoption, '') <> ''
order by sentence`;

/** Those of the memory, and the column that each counts for, where there is one. */
const sequences = `
  select sequence.oid::regclass::text as name, seqmin::text as lowest, seqmax::text as highest, seqincrement::text as step,
    counted.attrelid::regclass::text as "table", quote_ident(counted.attname) as "column"
  from pg_sequence
  join pg_class as sequence on sequence.oid = seqrelid
  left join pg_depend as link on link.classid = 'pg_class'::regclass and link.objid = sequence.oid
    and link.refclassid = 'pg_class'::regclass and link.refobjsubid > 0 and link.deptype in ('a', 'i')
  left join pg_attribute as counted on counted.attrelid = link.refobjid and counted.attnum = link.refobjsubid
  where relnamespace = to_regnamespace('memory') and not seqcycle order by name`;

/** Names are as PostgreSQL quotes them. */
interface SequenceRow {
  readonly name: string;
  readonly lowest: string;
  readonly highest: string;
  readonly step: string;
  readonly table: string | null;
  readonly column: string | null;
}

interface SequenceState {
  readonly value: string;
  readonly called: boolean;
  /** The last in use of the column that it counts for. */
  readonly used: string | null;
}

/** One sentence for each of them; none where what is remembered stays, is found, and more can be. */
export async function keptFaults(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ sentence: string }>(readings);
  const found = await client.query<SequenceRow>(sequences);
  const faults = rows.map(({ sentence }) => sentence);
  for (const sequence of found.rows) {
    const state = await client.query<SequenceState>(stateOf(sequence));
    const [row] = state.rows;
    if (row === undefined) throw new Error(`The sequence ${sequence.name} holds no state.`);
    if (nearEnd(sequence, BigInt(row.value))) faults.push(endSentence(sequence.name, row.value));
    const behind = behindSentence(sequence, row);
    if (behind !== undefined) faults.push(behind);
  }
  return faults;
}

/**
 * A sequence's own state is in its row: before the first value is taken, no view shows it. Read in one statement with
 * the column, since a value is taken before its row is seen: what is remembered meanwhile puts no sequence behind.
 */
function stateOf({ name, table, column, step }: SequenceRow): string {
  const used = table === null ? "null" : `(select ${BigInt(step) > 0n ? "max" : "min"}(${column})::text from ${table})`;
  return `select last_value::text as value, is_called as called, ${used} as used from ${name}`;
}

/** A hundredth of a sequence's values is more than a bot uses up between two looks. */
function nearEnd({ lowest, highest, step }: SequenceRow, value: bigint): boolean {
  const [low, high] = [BigInt(lowest), BigInt(highest)];
  return (BigInt(step) > 0n ? high - value : value - low) * 100n < high - low;
}

function endSentence(name: string, value: string): string {
  const mend = `alter sequence ${name} restart with <the value after the last in use>;`;
  return `The sequence ${name} is near its end (${value}), after which nothing new is remembered: ${mend}`;
}

/** As after a restore that brought the rows back and not the count. */
function behindSentence({ name, table, column, step }: SequenceRow, { value, called, used }: SequenceState): string | undefined {
  if (used === null) return undefined;
  const rises = BigInt(step) > 0n;
  const next = called ? BigInt(value) + BigInt(step) : BigInt(value);
  if (rises ? BigInt(used) < next : BigInt(used) > next) return undefined;
  const mend = `select setval('${name.replaceAll("'", "''")}', (select ${rises ? "max" : "min"}(${column}) from ${table}));`;
  return `The sequence ${name} gives ${next} next, and ${table} has used ${used}, so that something new is refused: ${mend}`;
}
