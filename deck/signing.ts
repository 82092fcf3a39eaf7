/** Signs a statement with the operator's own key, and puts it on record only where the installed roles let them say it. */

import type { z } from "zod";
import { type Opening, open, seal } from "../release/envelope.ts";
import { addRecord, digestOf, type RecordKind, RecordsAltered, RecordsNotWritten } from "../release/records.ts";
import { GitFailed, gitAnswer } from "../release/repository.ts";
import { NotSigned, type Trust } from "../release/sshSignature.ts";
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
    if (error instanceof NotSigned) throw new DeckError("usage", error.message, `ssh-keygen -l -f ${keyFile}`);
    throw error;
  });
  const opened = await open(content, { kind, schema, trust, at: world.now() });
  if (!opened.ok) throw new DeckError("refused", `The key ${keyFile} cannot say this. ${opened.reason}`, "npx deck trust show");
  return { content, digest: digestOf(content), signer: opened.signer };
}

/** Whose `--key` names, or git's own setting. @throws DeckError with code 2 where neither names a file. */
export async function keyOf({ options }: Pick<Call, "options">, { root, signal }: World): Promise<string> {
  if (typeof options.key === "string") return options.key;
  const key = await gitAnswer(root, ["config", "--type=path", "--get", "user.signingKey"], { signal });
  const file = key !== undefined && key !== "" && !/^(?:key::|ssh-|sk-|ecdsa-)/.test(key);
  if (file) return key;
  throw new DeckError(
    "usage",
    "No key is named: git's `user.signingKey` is no file.",
    "git config user.signingKey ~/.ssh/id_ed25519",
  );
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
