/** Faults of a stack's database, made by its owner inside its container. */

import type { Fault } from "./faultTable.ts";
import { docker, until } from "./gatewayStack.ts";
import type { TestProject } from "./project.ts";

/** One statement as the database's owner; its own session may write whatever the server's default is. */
export function psql(project: TestProject, statement: string): Promise<string> {
  const client = ["psql", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--command", statement];
  const session = ["--env", "PGOPTIONS=-c default_transaction_read_only=off", "--user", "postgres"];
  return docker("exec", ...session, `${project.name}-postgres-1`, ...client);
}

export function sqlFault(project: TestProject, make: string, mend: string): Fault {
  return { make: async () => void (await psql(project, make)), mend: async () => void (await psql(project, mend)) };
}

/** A default counts from the next connection on, so the REST server's are ended. */
export function readOnly(project: TestProject): Fault {
  const end =
    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'";
  const set = (statement: string) => async () => {
    for (const text of [statement, "select pg_reload_conf()", end]) await psql(project, text);
  };
  return {
    make: set("alter system set default_transaction_read_only = on"),
    mend: set("alter system reset default_transaction_read_only"),
  };
}

/** Keeps every writer of the memory waiting until `unlock`. */
export async function lock(project: TestProject): Promise<void> {
  const locked = "begin; lock table memory.items in exclusive mode; select pg_sleep(600)";
  await docker("exec", "--detach", "--user", "postgres", `${project.name}-postgres-1`, "psql", "--command", locked);
  await until("the lock", async () => ((await locks(project)) > 0 ? true : undefined));
}

/** Ends what `lock` began; may be called again. */
export async function unlock(project: TestProject): Promise<void> {
  const ended =
    "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; lock table%' and pid <> pg_backend_pid()";
  await psql(project, ended);
  await until("the lock's end", async () => ((await locks(project)) === 0 ? true : undefined));
}

async function locks(project: TestProject): Promise<number> {
  const question =
    "select count(*) from pg_locks where relation = 'memory.items'::regclass and mode = 'ExclusiveLock' and granted";
  return Number(await psql(project, question));
}
