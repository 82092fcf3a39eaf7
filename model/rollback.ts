/** An older release that is brought back: what of it is always today's, what blocks after it, and how it is named. */

import { z } from "zod";
import { jsonIn } from "./jsonIn.ts";
import { readAt } from "./settingsAdvice.ts";

type Raw = Readonly<Record<string, unknown>>;

/** What `deck rollback` hands to the program of the older tree, which runs in a folder of its own and may not know all of it. No secret is in it. */
const rollback = z.object({
  /** The release's tag; on a stack without sign-off, the first digits of what was deployed. */
  name: z.string().min(1),
  /** Git's id of the tree that was deployed, the stack's file in it. */
  tree: z.string().regex(/^[0-9a-f]{40,64}$/),
  today: z.object({
    /** Absolute path of the project's folder: sources of secrets are looked up from there. */
    root: z.string().startsWith("/"),
    /** The stack's settings as they stand there, unchecked. */
    settings: z.record(z.string(), z.unknown()),
  }),
});

export type Rollback = z.output<typeof rollback>;

/** The variable by which it is handed over. */
export const rollbackVariable = "PHILLBOT_ROLLBACK";

/** By this the program is told which tree it deploys, for the record; its own look would be at what lies there later. */
export const treeVariable = "PHILLBOT_TREE";

/** @returns undefined where none is handed over. @throws Error where it is none: nothing is guessed. */
export function rollbackIn(environment: Readonly<Record<string, string | undefined>>): Rollback | undefined {
  const text = environment[rollbackVariable];
  if (text === undefined || text === "") return undefined;
  const parsed = rollback.safeParse(jsonIn(text));
  if (parsed.success) return parsed.data;
  throw new Error(`\`${rollbackVariable}\` is set and is no rollback; \`npx deck rollback\` sets it by itself.`);
}

/** Checks that say something of the tree, or of what was practised, and nothing of what runs: that is no reason to stay down. */
export const shownOnly: ReadonlySet<string> = new Set(["open-items", "documents", "drill"]);

/**
 * The older settings with what is always today's: the host, by whose key it is known, and where each secret comes from. A
 * secret that today's settings do not name keeps its own source.
 */
export function withToday(older: Raw, today: Raw): Raw {
  const [own, now] = [older.secrets, today.secrets].map((secrets) => (isRecord(secrets) ? secrets : {}));
  const secrets = Object.entries(own ?? {}).map(([name, secret]) => {
    const from = readAt(now, [name, "from"]);
    return [name, from === undefined || !isRecord(secret) ? secret : { ...secret, from }];
  });
  // What else there is of the host is the same, or nothing comes back; a program of then may not know all that it holds today.
  const proven = Object.fromEntries(["hostKey", "identityFile"].map((key) => [key, readAt(today, ["host", key])]));
  const host = isRecord(older.host) ? { ...older.host, ...withoutAbsent(proven) } : older.host;
  return { ...older, host, secrets: Object.fromEntries(secrets) };
}

const withoutAbsent = (raw: Raw) => Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined));

const isRecord = (value: unknown): value is Raw => typeof value === "object" && value !== null && !Array.isArray(value);

/** What says which gateway a stack is, and what it is where a file does not say: with another, one would be made beside the one that runs. */
const identity: readonly (readonly [path: readonly string[], preset?: unknown])[] = [
  [["name"]],
  [["baseFolder"]],
  [["contextFolder"], "docs/phillbot-context"],
  [["host", "kind"]],
  [["host", "address"]],
  [["host", "port"], 22],
  [["host", "user"]],
  [["memory", "database", "host"]],
  [["memory", "database", "port"], 5432],
  [["memory", "database", "name"], "postgres"],
  [["requireSignOff"], true],
  [["rehearsal"], false],
];

/** The settings by which the older one is another stack than today's, as keys: then nothing can be brought back by it. */
export function movedSince(older: Raw, today: Raw): readonly string[] {
  const differs = ([path, preset]: (typeof identity)[number]) =>
    String(readAt(older, path) ?? preset) !== String(readAt(today, path) ?? preset);
  return identity.filter(differs).map(([path]) => path.join("."));
}

/** Of a tree, as people write it. */
export const shortTree = (tree: string): string => tree.slice(0, 12);
