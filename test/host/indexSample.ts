/** An index of documents as OpenClaw keeps it, for tests without a gateway. */

import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

export class IndexSample implements Disposable {
  readonly database: DatabaseSync;

  /** @param path absolute, of the database that is made. */
  constructor(path: string) {
    this.database = new DatabaseSync(path);
    this.database.exec(`
      create table memory_index_sources (id integer primary key, path text, source text, hash text);
      create table memory_index_chunks (chunk_rowid integer primary key, path text, source text);
      create virtual table memory_index_chunks_fts using fts5(text);`);
  }

  /** @param path relative to the bot's workspace. */
  add(path: string, text: string): void {
    const hash = createHash("sha256").update(text).digest("hex");
    this.database.prepare("insert into memory_index_sources (path, source, hash) values (?, 'memory', ?)").run(path, hash);
    if (text.trim() === "") return;
    const piece = this.database.prepare("insert into memory_index_chunks (path, source) values (?, 'memory')").run(path);
    this.database.prepare("insert into memory_index_chunks_fts (rowid, text) values (?, ?)").run(piece.lastInsertRowid, text);
  }

  [Symbol.dispose](): void {
    this.database.close();
  }
}
