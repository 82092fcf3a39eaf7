/** The functions that a database's migrations made, with what each does when it is called. */

import type { ClientBase } from "pg";
import type { Routine } from "../model/hiddenStatements.ts";

/** None of PostgreSQL's own, nor of an extension. */
export async function readRoutines(client: ClientBase): Promise<Routine[]> {
  const { rows } = await client.query<Routine>(`
    select proname as name, coalesce(pg_get_function_sqlbody(proc.oid), prosrc) as body
    from pg_proc as proc join pg_namespace as space on space.oid = pronamespace
    where prokind in ('f', 'p', 'w') and nspname !~ '^(pg_|phillbot_)' and nspname <> 'information_schema'
      and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = proc.oid and deptype = 'e')`);
  return rows;
}
