/** The check `secrets`: the gateway's env file on the host is private and as declared, and the gateway has read it. */

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { hmacFile, parseHmac } from "../host/files.ts";
import { clockSkewMs } from "../host/open.ts";
import type { Route } from "../host/route.ts";
import { envFileEntries, renderEnvFile } from "../model/envFile.ts";
import { type EnvFileReading, judgeEnvFile } from "../model/envFileState.ts";
import type { Secret } from "../model/secret.ts";
import type { Check, CheckContext, Target } from "./check.ts";
import { findGateway } from "./engine.ts";
import { mustRun, routeTo, stateOf } from "./hostFiles.ts";

/** How the engine writes the start of a container that has not started. */
const never = "0001-";

export const secretsCheck: Check = {
  id: "secrets",
  title: "The env file on the host has mode 600, the gateway's uid and the declared content, and the gateway started after it.",
  deadlineMs: 60_000,
  async probe(target, context) {
    const { clockSkew } = context.policy.freshness;
    const entries = envFileEntries(target.settings, target.secrets);
    const reading = await read(target, renderEnvFile(entries), context);
    return judgeEnvFile(target.declared, reading, { names: [...entries.keys()].sort(), clockSkew });
  },
};

async function read({ host, declared }: Target, expected: Secret, { signal, now }: CheckContext): Promise<EnvFileReading> {
  const { path } = declared.envFile;
  const via = await routeTo({ host, declared });
  const [{ named }, state, skewMs] = await Promise.all([
    findGateway(host, declared.gateway, signal),
    // No plain digest of a file of secrets: short values could be guessed from it.
    stateOf({ path, via, digest: false }, { host, signal }),
    clockSkewMs(host, now),
  ]);
  const startedAt = named?.startedAt.startsWith(never) ? undefined : named?.startedAt;
  const hostNowMs = now().getTime() + skewMs;
  if (state.kind !== "file") return { file: undefined, startedAt, hostNowMs };
  const isAsDeclared = await holds(expected, { path, via }, { host, signal });
  return { file: { ...state, isAsDeclared }, startedAt, hostNowMs };
}

/** Compares under a fresh nonce on both sides, so that neither value nor anything lasting about it travels. */
async function holds(
  expected: Secret,
  file: { readonly path: string; readonly via: Route },
  asking: Pick<Target, "host"> & Pick<CheckContext, "signal">,
): Promise<boolean> {
  const nonce = randomBytes(32);
  const stdin = `${nonce.toString("hex")}\n`;
  const found = parseHmac(await mustRun(hmacFile(file), file.path, { ...asking, stdin }));
  const wanted = createHmac("sha256", nonce).update(expected.reveal()).digest();
  return timingSafeEqual(Buffer.from(found, "hex"), wanted);
}
