/**
 * A signed statement as it stands on record: a DSSE envelope (https://github.com/secure-systems-lab/dsse) whose signature is an
 * SSHSIG over DSSE's own encoding, so that neither the type nor the bytes can be exchanged for others.
 */

import { z } from "zod";
import { canonicalJson } from "../model/canonical.ts";
import { jsonIn } from "../model/jsonIn.ts";
import { namespaces, type Statement } from "../model/signers.ts";
import type { ObjectReader } from "./repository.ts";
import { sign, type Trust, type Verified, verify } from "./sshSignature.ts";

const payloadType = "application/vnd.in-toto+json";

const envelopeSchema = z.strictObject({
  payloadType: z.literal(payloadType),
  /** Base64. */
  payload: z.base64(),
  signatures: z.tuple([z.strictObject({ sig: z.base64() })]),
});

/** DSSE's pre-authentication encoding: lengths, so that nothing can move between type and content. */
function encoded(payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `), payload]);
}

export interface Signing {
  readonly keyFile: string;
  /** What kind of statement it is: its signature counts as no other. */
  readonly kind: Exclude<Statement, "commit">;
}

/** The record's bytes. @throws NotSigned */
export async function seal(statement: unknown, { keyFile, kind }: Signing): Promise<string> {
  const payload = Buffer.from(canonicalJson(statement));
  const signature = await sign({ keyFile, namespace: namespaces[kind], payload: encoded(payload) });
  return `${canonicalJson({
    payloadType,
    payload: payload.toString("base64"),
    signatures: [{ sig: Buffer.from(signature).toString("base64") }],
  })}\n`;
}

export type Opened<T> =
  | { readonly ok: true; readonly statement: T; readonly signer: string }
  | { readonly ok: false; readonly reason: string };

export interface Opening<T> {
  readonly kind: Signing["kind"];
  readonly schema: z.ZodType<T>;
  readonly trust: Trust;
  /** When the key must have been valid. */
  readonly at: Date;
  /** Keeps what ssh-keygen said, so that it is asked once for the same bytes, lists and time. */
  readonly objects?: Pick<ObjectReader, "once"> | undefined;
}

/** The statement and who signed it, where both hold. What is not signed is not read. */
export async function open<T>(record: string, { kind, schema, trust, at, objects }: Opening<T>): Promise<Opened<T>> {
  const envelope = envelopeSchema.safeParse(jsonIn(record));
  if (!envelope.success) return { ok: false, reason: "It is no signed statement." };
  const payload = Buffer.from(envelope.data.payload, "base64");
  const signature = Buffer.from(envelope.data.signatures[0].sig, "base64").toString("utf8");
  const ask = () => verify({ payload: encoded(payload), signature, namespace: namespaces[kind] }, trust, at);
  const question = [kind, at.toISOString(), trust.allowedSigners, trust.revoked, record].join("\0");
  const verified: Verified = await (objects === undefined ? ask() : objects.once(`signature ${question}`, ask));
  if (!verified.ok) return verified;
  const statement = schema.safeParse(jsonIn(payload.toString("utf8")));
  if (!statement.success) return { ok: false, reason: `\`${verified.signer}\` signed it, but it is no statement of this kind.` };
  return { ok: true, statement: statement.data, signer: verified.signer };
}

const claim = z.looseObject({ subject: z.tuple([z.looseObject({ digest: z.looseObject({ sha256: z.string() }) })]) });

/** The release that a record claims to speak of, unproven: good for leaving out what speaks of others, and for nothing else. */
export function claimedRelease(record: string): string | undefined {
  const envelope = envelopeSchema.safeParse(jsonIn(record));
  if (!envelope.success) return undefined;
  const read = claim.safeParse(jsonIn(Buffer.from(envelope.data.payload, "base64").toString("utf8")));
  return read.success ? read.data.subject[0].digest.sha256 : undefined;
}
