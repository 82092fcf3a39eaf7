/** Signs a statement with the operator's own key, and puts it on record only where the installed roles let them say it. */

import { existsSync } from "node:fs";
import type { z } from "zod";
import { forStack } from "../model/operatorCommand.ts";
import type { Roles } from "../model/roles.ts";
import { namespaces, namespacesOf } from "../model/signers.ts";
import { type Opening, open, seal } from "../release/envelope.ts";
import { addRecord, digestOf, type RecordKind, RecordsAltered, RecordsNotWritten } from "../release/records.ts";
import { GitFailed, gitAnswer } from "../release/repository.ts";
import { fingerprintIn, fingerprintOfKey, NotSigned, type Trust } from "../release/sshSignature.ts";
import { type Call, DeckError, type World } from "./verb.ts";

export const keyOption = {
  flags: "--key <file>",
  description: "your private key, or the public half of one that your agent or token holds (default: git's user.signingKey)",
};

interface Saying<T> {
  readonly kind: Opening<T>["kind"];
  readonly schema: z.ZodType<T>;
  readonly statement: T;
  readonly trust: Trust;
}

export interface SealedRecord {
  readonly content: string;
  readonly digest: string;
  readonly signer: string;
}

/** @throws DeckError with code 2 where it cannot be signed, with code 4 where its signer may not say it. */
export async function sealed<T>(saying: Saying<T>, call: Call, world: World): Promise<SealedRecord> {
  const { kind, schema, statement, trust } = saying;
  const keyFile = await keyOf(call, world);
  const content = await seal(statement, { keyFile, kind }).catch((error: unknown) => {
    throw notSigned(error, keyFile);
  });
  const opened = await open(content, { kind, schema, trust, at: world.now() });
  if (!opened.ok) throw new DeckError("refused", `The key ${keyFile} cannot say this. ${opened.reason}`, "npx deck trust show");
  return { content, digest: digestOf(content), signer: opened.signer };
}

/**
 * Whoever may not say it with their key is told so before all that it rests on is asked for; where nobody can tell whose key it is,
 * it is told when it signs.
 * @throws DeckError with code 2 where there is no key, with code 4 where its owner's roles do not say this.
 */
export async function refuseOtherKey(kind: Opening<unknown>["kind"], roles: Roles, call: Call, world: World): Promise<void> {
  // What is only shown needs no key, but one that is named is meant.
  if (call.dryRun && call.options.key === undefined) return;
  const keyFile = await keyOf(call, world);
  const fingerprint = await fingerprintIn(keyFile);
  if (fingerprint === undefined) return;
  const owner = roles.people.find(({ keys }) => keys.some((key) => fingerprintOfKey(key.public) === fingerprint));
  if (owner !== undefined && namespacesOf(owner).includes(namespaces[kind])) return;
  const reason =
    owner === undefined
      ? "Its key is on nobody's record."
      : `\`${owner.id}\` may not sign as \`${namespaces[kind]}\`: no role that they hold does.`;
  throw new DeckError("refused", `The key ${keyFile} cannot say this. ${reason}`, forStack("npx deck trust show", call.stack));
}

const nameYours = "ls ~/.ssh/*.pub # then name yours by --key <file>, or once for all: git config user.signingkey <file>";

/** Whose `--key` names, or git's own setting. @throws DeckError with code 2 where neither names a file that is there. */
export async function keyOf({ options }: Pick<Call, "options">, { root, signal }: World): Promise<string> {
  const named = typeof options.key === "string" ? options.key : undefined;
  const key = named ?? (await gitAnswer(root, ["config", "--type=path", "--get", "user.signingKey"], { signal }));
  if (key !== undefined && key !== "" && (named !== undefined || !/^(?:key::|ssh-|sk-|ecdsa-)/.test(key))) {
    if (existsSync(key)) return key;
    const whose = named === undefined ? ", which git's `user.signingKey` names" : "";
    throw new DeckError("usage", `There is no key file ${key}${whose}.`, nameYours);
  }
  throw new DeckError(
    "usage",
    "No key is named: git's `user.signingKey` is no file.",
    "git config user.signingKey ~/.ssh/id_ed25519",
  );
}

/** What to throw where ssh-keygen did not sign. */
export function notSigned(error: unknown, keyFile: string): unknown {
  return error instanceof NotSigned ? new DeckError("usage", error.message, `ssh-keygen -l -f ${keyFile}`) : error;
}

/** @throws DeckError with code 3 where it did not reach origin, with code 4 where what is there was altered. */
export async function putOnRecord(kind: RecordKind, content: string, { root, signal }: World): Promise<string> {
  return addRecord(root, { kind, content, signal }).catch((error: unknown) => {
    if (error instanceof RecordsAltered)
      throw new DeckError("refused", `Nothing was put on record: ${error.message}`, error.remedy);
    if (error instanceof RecordsNotWritten)
      throw new DeckError("unknown", `The record was not taken: ${error.message}`, error.remedy);
    if (error instanceof GitFailed)
      throw new DeckError("unknown", `The record was not taken: ${error.message}`, "git push origin records");
    throw error;
  });
}
