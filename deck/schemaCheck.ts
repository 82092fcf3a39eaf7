/** `deck schema check`: what the migrations since a commit would take from whoever runs that commit, found without a database. */

import { basename } from "node:path";
import { migrationPathsAt } from "../checks/schemaAhead.ts";
import { readMigrations } from "../memory/files.ts";
import type { Blocker } from "../model/gate.ts";
import {
  compareMigrations,
  inState,
  migrationLabel,
  parseMigrationFile,
  type RecordedMigration,
  stepOf,
} from "../model/migrations.ts";
import { fileAt } from "../release/objects.ts";
import { digestOf } from "../release/records.ts";
import { GitFailed } from "../release/repository.ts";
import { DeckError, exitCodes, type Verb } from "./verb.ts";

export const schemaCheckVerb: Verb = {
  name: "schema check",
  summary: "Check that the migrations since a commit take nothing from the release that it is, as an update would",
  arguments: [
    { name: "[commit]", description: "what runs before; default: `origin/HEAD`, the default branch as it was last fetched" },
  ],
  async run({ args }, { root, signal }) {
    const commit = args[0] ?? "origin/HEAD";
    const tree = readMigrations(root);
    const statuses = compareMigrations(tree, await migrationsAt(root, commit, signal));
    const [edited, missing] = [inState(statuses, "edited"), inState(statuses, "ahead")];
    if (edited.length + missing.length > 0) {
      const text = `Migrations of \`${commit}\` were edited or are gone: ${[...edited, ...missing].join(", ")}. A change is a new migration.`;
      return { code: exitCodes.finding, data: { commit, pending: [], blockedBy: [{ check: "schema", reason: text }] }, text };
    }
    const step = stepOf(tree, statuses);
    const pending = step?.pending.map(migrationLabel) ?? [];
    if (step === undefined)
      return { code: exitCodes.done, data: { commit, pending, blockedBy: [] }, text: `No migration is new since \`${commit}\`.` };
    const blockedBy = await judge(step, root, signal);
    if (blockedBy.length === 0)
      return {
        code: exitCodes.done,
        data: { commit, pending, blockedBy },
        text: `Nothing is taken from \`${commit}\` by ${pending.join(", ")}.`,
      };
    const text = blockedBy.map(({ reason, remedy }) => `${reason}\n  ${remedy ?? ""}`.trimEnd()).join("\n");
    return { code: exitCodes.refused, data: { commit, pending, blockedBy }, text };
  },
};

async function judge(
  step: NonNullable<ReturnType<typeof stepOf>>,
  projectRoot: string,
  signal: AbortSignal,
): Promise<readonly Blocker[]> {
  const [{ judgeStep }, { uncompared }] = await Promise.all([
    import("../checks/pendingMigrations.ts"),
    import("../checks/schema.ts"),
  ]);
  // Which releases may come back is asked where one is brought up.
  const needing = async (name: string) => ({
    doubt: `which releases may come back cannot be told without a stack, ${name} perhaps among them; an update tells it`,
  });
  return judgeStep(step, { projectRoot, needing, signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    const { summary, remedy } = uncompared(error);
    throw new DeckError("unknown", summary, remedy);
  });
}

async function migrationsAt(root: string, commit: string, signal: AbortSignal): Promise<RecordedMigration[]> {
  const paths = await migrationPathsAt(root, { commit, signal }).catch((error: unknown) => {
    if (error instanceof GitFailed && error.code === 128)
      throw new DeckError("usage", `\`${commit}\` is no commit of this repository.`, "git log --oneline --decorate");
    throw error;
  });
  const all: RecordedMigration[] = [];
  for (const path of paths) {
    const parsed = parseMigrationFile(basename(path));
    const text = parsed === undefined ? undefined : await fileAt(root, { commit, path, signal });
    if (parsed !== undefined && text !== undefined) all.push({ ...parsed, sha256: digestOf(text) });
  }
  return all;
}
