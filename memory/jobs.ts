/** Jobs that the database runs by itself with rights on the memory: no schema comparison shows them, and one of them may empty it. */

import type { ClientBase } from "pg";
import { platformsRole } from "./platform.ts";
import { hasRights, reachingRoles } from "./roles.ts";

/** pg_cron keeps its jobs in one database of a server; a table of that name without it is somebody's, and runs nothing. */
const present = `
  select exists (select from pg_extension where extname = 'pg_cron')
    and exists (select from pg_class where oid = to_regclass('cron.job') and relkind = 'r') as present`;

/**
 * Each active job in this database of a role that reaches the memory. No migration schedules one, and what a job's text
 * does to the memory cannot be told from the text: it may be made when it runs. A platform's superuser has its own.
 */
const readings = `
  with reaching as (${reachingRoles})
  select format('The job %s of pg_cron runs as %I, who reaches the memory: select cron.unschedule(%s);',
    coalesce(quote_ident(job.jobname), job.jobid::text), runner.rolname, job.jobid) as sentence
  from cron.job as job
  join pg_roles as runner on runner.rolname = job.username
  where job.active and job.database = current_database()
    and not (runner.rolsuper and runner.rolname <> current_user and ${platformsRole("runner.rolname")})
    and (exists (select from reaching where pg_has_role(runner.oid, reaching.oid, 'member'))
      or ${hasRights("runner.oid")})
  order by job.jobid`;

/** One sentence for each of them. Throws where the jobs of others are hidden from this connection's role. */
export async function jobFaults(client: ClientBase): Promise<string[]> {
  const found = await client.query<{ present: boolean }>(present);
  if (found.rows[0]?.present !== true) return [];
  // pg_cron's policy shows each role its own jobs: without row security, what it would hide is an error instead.
  await client.query("begin read only; set local row_security = off");
  const { rows } = await client.query<{ sentence: string }>(readings);
  await client.query("commit");
  return rows.map(({ sentence }) => sentence);
}
