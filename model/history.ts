/** The record of a stack: what was tried, by whom, and how it ended. Each entry names the digest of the one before it. */

import { z } from "zod";
import { backupSchema } from "./backup.ts";
import { canonicalJson } from "./canonical.ts";
import { jsonIn } from "./jsonIn.ts";
import { sha256 } from "./sha256.ts";

/**
 * - `began`: an update was about to touch the first thing. Without a later entry of the same update, it was killed.
 * - `judged`: its gate reached a verdict.
 * - `released`: a signed release, an open gate, and Pulumi's own success; nothing else is ever called that.
 * - `rolled-back`: an older release was brought back, what runs passed its checks, and Pulumi succeeded; never a release.
 * - `ended`: any other end of an update.
 * - `refused`: by the operating model, with nothing touched.
 * - `backup`: an archive of the gateway's state was made.
 * - `restoring`, `restored`: another state was about to take the place of the gateway's; it has.
 * - `lease-broken`: an operator took the lease away from whoever held it.
 */
export const historyEvents = [
  "began",
  "judged",
  "released",
  "rolled-back",
  "ended",
  "refused",
  "backup",
  "restoring",
  "restored",
  "lease-broken",
] as const;

const treeSchema = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);

/** What happened, before it has a place in the chain. */
export const draftSchema = z.strictObject({
  event: z.enum(historyEvents),
  at: z.iso.datetime(),
  stack: z.string().min(1),
  /** An e-mail, or the machine's own name of the user. */
  who: z.string().min(1),
  /** The tree's commit; absent where it is none. */
  commit: z.string().optional(),
  /** Git's id of the tree that was deployed, the stack's file in it; absent where it is none or was not looked at. */
  tree: treeSchema.optional(),
  /** The signed release that it was about; absent where nobody signed one. */
  release: z.strictObject({ id: z.string().min(1), digest: sha256 }).optional(),
  verdict: z.enum(["open", "blocked"]).optional(),
  /** Of a rollback, as it begins. */
  rollback: z.literal(true).optional(),
  /** Of a rollback that nobody asked for. */
  automatic: z.literal(true).optional(),
  /** Ids of the checks that blocked. */
  blockedBy: z.array(z.string()).optional(),
  /** Of the gate, or of the whole update. */
  durationMs: z.int().min(0).optional(),
  /** The archive that was made, or that the state came from. */
  backup: backupSchema.optional(),
  /** One sentence without a secret. */
  summary: z.string().min(1),
});

export type HistoryDraft = z.output<typeof draftSchema>;

/**
 * The same as it is read: an older program that comes back reads what a newer one wrote, and must not take a word that it does
 * not know for a change. What was changed, the digests tell.
 */
export const recordedSchema = z.looseObject({
  ...draftSchema.shape,
  event: z.string().min(1),
  verdict: draftSchema.shape.verdict.catch(undefined),
  tree: draftSchema.shape.tree.catch(undefined),
  release: z
    .looseObject({ id: z.string().min(1), digest: sha256 })
    .optional()
    .catch(undefined),
  backup: z.looseObject(backupSchema.shape).optional().catch(undefined),
  rollback: draftSchema.shape.rollback.catch(undefined),
  automatic: draftSchema.shape.automatic.catch(undefined),
  blockedBy: draftSchema.shape.blockedBy.catch(undefined),
  durationMs: z.number().optional().catch(undefined),
  commit: z.string().optional().catch(undefined),
});

export type Recorded = z.output<typeof recordedSchema>;

const entrySchema = recordedSchema.extend({
  /** Its own, given where it happened: what was sent twice, because the answer was lost, is on record once. */
  id: z.uuid(),
  /** From 1. */
  number: z.int().min(1),
  /** Of the line before, without its newline; of nothing for the first. */
  previous: sha256,
});

export type HistoryEntry = z.output<typeof entrySchema>;

/** Sha256 (hex) of a text. */
export type Digest = (text: string) => string;

const linesOf = (text: string): readonly string[] => text.split("\n").slice(0, -1);

/** The next line, with its newline. @param text the record until now. */
export function nextLine(text: string, { id, event, ...rest }: Recorded & { readonly id: string }, digest: Digest): string {
  const lines = linesOf(text);
  const unproven = event === "released" && (rest.release === undefined || rest.verdict !== "open");
  if (unproven) throw new Error("Only an open gate on a signed release is recorded as released.");
  if (event === "rolled-back" && rest.verdict !== "open") throw new Error("Only an open gate is recorded as rolled back.");
  return `${canonicalJson({ id, event, ...rest, number: lines.length + 1, previous: digest(lines.at(-1) ?? "") })}\n`;
}

export type HistoryRead =
  | { readonly ok: true; readonly entries: readonly HistoryEntry[] }
  /** The first entry that is not what it was; `problem` is a sentence. */
  | { readonly ok: false; readonly number: number; readonly problem: string };

/**
 * Follows the chain from its first entry.
 * @param copy what was verified before, which the record can only have grown from: a chain that was made anew holds together, too.
 */
export function verifyHistory(text: string, copy: string, digest: Digest): HistoryRead {
  const lines = linesOf(text);
  const known = linesOf(copy);
  const entries: HistoryEntry[] = [];
  for (let index = 0; index < Math.max(lines.length, known.length); index += 1) {
    const [line, before] = [lines[index], known[index]];
    const broken = (problem: string): HistoryRead => ({ ok: false, number: index + 1, problem });
    if (line === undefined) return broken("It was removed: it stands in the copy here, and not on the host.");
    const entry = entrySchema.safeParse(jsonIn(line));
    if (!entry.success || canonicalJson(jsonIn(line)) !== line) return broken("It was changed: it is no entry as it is written.");
    if (entry.data.previous !== digest(lines[index - 1] ?? "") || entry.data.number !== index + 1)
      return broken("It does not follow the entry before it: one was changed, removed, inserted or put elsewhere.");
    if (before !== undefined && before !== line) return broken("It is not what it was when it was copied here.");
    entries.push(entry.data);
  }
  if (text !== "" && !text.endsWith("\n"))
    return { ok: false, number: lines.length + 1, problem: "It is cut off: its line does not end." };
  return { ok: true, entries };
}
