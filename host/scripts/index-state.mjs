// Runs in the gateway's container, by its own Node. Prints as one line of JSON how many documents there are, and which of them
// the bot's index does not hold as they are, or holds although they are gone.
// Arguments: the index's database, the bot's workspace, which the index's paths are relative to, the folder of documents.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { DatabaseSync } from "node:sqlite";

const [database, workspace, folder] = process.argv.slice(-3);

const tables = ["memory_index_sources", "memory_index_chunks", "memory_index_chunks_fts"];

/** By absolute path: the digest of the text that was indexed, its pieces, and those of them that a search can find. */
function readIndex() {
  if (!existsSync(database)) return new Map();
  // Another process may be writing: it is waited for, and then it is an error, not an empty index.
  const index = new DatabaseSync(database, { readOnly: true, timeout: 10_000 });
  // OpenClaw makes the tables of its search at the first indexing only.
  const has = new Set(
    index
      .prepare("select name from sqlite_master")
      .all()
      .map(({ name }) => name),
  );
  if (!tables.every((name) => has.has(name))) return new Map();
  const rows = index.prepare(
    `select s.path, s.hash, count(c.chunk_rowid) as pieces, count(f.rowid) as found
       from memory_index_sources s
       left join memory_index_chunks c on c.path = s.path and c.source = s.source
       left join memory_index_chunks_fts f on f.rowid = c.chunk_rowid
      where s.source = 'memory' group by s.id`,
  );
  return new Map(rows.all().map(({ path, ...row }) => [resolve(workspace, path), row]));
}

const index = readIndex();
// OpenClaw indexes these alone.
const documents = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
  .map((entry) => join(entry.parentPath, entry.name));
const stale = documents.filter((path) => {
  const row = index.get(path);
  // As text, as OpenClaw does: what is no UTF-8 has another digest otherwise.
  const text = readFileSync(path, "utf8");
  if (row === undefined || row.hash !== createHash("sha256").update(text).digest("hex")) return true;
  return row.found !== row.pieces || (row.pieces === 0 && text.trim() !== "");
});
const gone = [...index.keys()].filter((path) => path.startsWith(folder + sep) && !existsSync(path));
const paths = [...stale, ...gone].map((path) => relative(folder, path)).sort();
console.log(JSON.stringify({ documents: documents.length, stale: paths }));
