/** What to type where the memory's database could not be asked. */

/** SQLSTATEs of a database that refuses who asks. */
const refused = new Set<unknown>(["28000", "28P01"]);

/** @param code node-postgres' code: an SQLSTATE, or the system's error; undefined where a time limit ended it. */
export function databaseRemedy(code: unknown): string {
  return refused.has(code)
    ? "npx deck up # once the source of `MEMORY_DATABASE_PASSWORD` gives what the database accepts"
    : "npx deck up # it starts what is stopped; else look at the database's own log";
}
