/** A repository whose releases hold one migration more each, and what a record says of them, for tests of what may come back. */

import type { Stack } from "../../deck/session.ts";
import type { Deployment } from "../../model/deployments.ts";
import type { HistoryEntry } from "../../model/history.ts";
import { Repository } from "../release/gitFixture.ts";

export const migrations = "memory/supabase/migrations";
export const contractText = (lastNeededBy: string, sql = "drop table memory.notes") =>
  `-- contract: notes are elsewhere\n-- last needed by: ${lastNeededBy}\n${sql};\n`;

export class RanSample implements Disposable {
  readonly repository = new Repository();
  readonly all: Deployment[] = [];
  readonly entries: HistoryEntry[] = [];

  /** One that ran behind an open gate: of the work tree with these files. */
  ran(name: string, files: Readonly<Record<string, string>>): Deployment {
    const commit = this.repository.commit(files);
    const tree = this.began();
    const number = this.entries.length + 1;
    this.#put({ event: "ended", tree, verdict: "open" });
    const at = "2026-03-10T12:00:00.000Z";
    const own = { name, tree, release: undefined, commit, at, entry: number, first: number, base: commit, abandoned: false };
    this.all.unshift(own);
    return own;
  }

  /** That one was begun, of HEAD or of a tree that is not here. */
  began(tree: string | undefined = this.repository.git("rev-parse", "HEAD^{tree}")): string {
    this.#put({ event: "began", ...(tree !== "" && { tree }) });
    return tree;
  }

  #put(draft: Partial<HistoryEntry>): void {
    this.entries.push({ ...draft, number: this.entries.length + 1 } as HistoryEntry);
  }

  /** Without a source for its password where no database is given. */
  on(database?: { readonly settings: unknown; readonly environment: Stack["environment"] }) {
    const settings = (database?.settings ?? { secrets: {} }) as Stack["settings"];
    const root = this.repository.folder;
    const stack: Stack = { root, stack: "prod", settings, environment: database?.environment ?? {}, evidenceFolder: root };
    return { stack, all: this.all, entries: this.entries, current: this.all[0]?.tree, ended: "open", kept: [] } as const;
  }

  [Symbol.dispose](): void {
    this.repository[Symbol.dispose]();
  }
}
