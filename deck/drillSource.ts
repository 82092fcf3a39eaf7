/** What a drill practises with: the release that runs on a stack, the candidate that lies here, and that neither is played with production's token. */

import { randomBytes } from "node:crypto";
import { keyedDigests } from "../checks/scan/fingerprint.ts";
import { HostUnreachable } from "../host/host.ts";
import { availableSecrets, resolveSecrets } from "../host/secretSource.ts";
import type { Drill } from "../model/drill.ts";
import { shortTree } from "../model/rollback.ts";
import { Secret } from "../model/secret.ts";
import { fileAt } from "../release/objects.ts";
import type { Content } from "../release/ownTree.ts";
import { gitAnswer, gitText } from "../release/repository.ts";
import { snapshot } from "../release/snapshot.ts";
import { settingsIn } from "../release/stackFile.ts";
import { type Ran, readRan } from "./rollbackTarget.ts";
import type { Stack } from "./session.ts";
import { readRawSettings, readSettings } from "./stackSettings.ts";
import { type Call, DeckError, type World } from "./verb.ts";

type Named = NonNullable<Drill["candidate"]>;

/** One of both: how evidence names it, where git has it, and the gateway's settings in it. */
export interface Practised<T = Named> {
  readonly named: T;
  readonly content: Content;
  readonly gateway: Readonly<Record<string, unknown>>;
}

export interface Source {
  readonly running: Practised<NonNullable<Drill["running"]>>;
  readonly candidate: Practised;
}

/** @throws DeckError, GitFailed where the work tree can be kept in no commit. */
export async function readSource(call: Call, world: World): Promise<Source> {
  const { root, signal } = world;
  const today = await readRawSettings(root, call.stack);
  const gatewayAt = async (commit: string) => {
    const text = await fileAt(root, { commit, path: `Pulumi.${call.stack}.yaml` });
    const read = text === undefined ? undefined : settingsIn(text, call.stack);
    return gatewayIn(read?.ok === true ? read.raw : today);
  };
  const [head, taken] = await Promise.all([gitText(root, ["rev-parse", "HEAD"]), snapshot(root, call.stack, { signal })]);
  const name = taken.commit === head ? "HEAD" : "the work tree";
  const candidate = { named: { name, ...taken }, content: { base: head, commit: taken.commit } };
  const ran = await readRan(call, world).catch((error: unknown) => {
    if (error instanceof DeckError || error instanceof HostUnreachable) return error.message.split("\n", 1)[0] ?? "";
    throw error;
  });
  const running = await runningOf(ran, { root, head });
  return {
    running: { ...running, gateway: await gatewayAt(running.content.commit) },
    candidate: { ...candidate, gateway: await gatewayAt(taken.commit) },
  };
}

const gatewayIn = ({ gateway }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  typeof gateway === "object" && gateway !== null ? { ...gateway } : {};

interface Here {
  readonly root: string;
  readonly head: string;
}

/** @param ran what the stack's record says; a sentence where it cannot be read. */
async function runningOf(ran: Ran | string, { root, head }: Here): Promise<Omit<Source["running"], "gateway">> {
  const stand = async (standsIn: string) => {
    const tree = await gitText(root, ["rev-parse", `${head}^{tree}`]);
    return { named: { name: "HEAD", commit: head, tree, standsIn }, content: { base: head, commit: head } };
  };
  if (typeof ran === "string") return stand(`HEAD stands for what runs, because the stack's record cannot be read: ${ran}`);
  const [last] = ran.all;
  if (last === undefined) return stand("HEAD stands for what runs: nothing ran yet behind an open gate.");
  const { tree, name } = last;
  const commit = ran.kept.find((each) => each.tree === tree)?.commit ?? last.commit;
  const isHere =
    commit !== undefined && (await gitAnswer(root, ["rev-parse", "--verify", "--quiet", `${commit}^{tree}`])) === tree;
  if (commit === undefined || !isHere)
    return stand(`HEAD stands for what runs, because ${shortTree(tree)} is not kept here and no commit of this clone holds it.`);
  return { named: { name, commit, tree, standsIn: null }, content: { base: last.commit ?? commit, commit } };
}

/**
 * Refuses a drill whose bot is the source stack's: two pollers on one token deafen both, and what is told to the one would be
 * told to people. Compared by a digest under a key that nobody keeps.
 * @throws DeckError with code 4, before anything was started.
 */
export async function refuseSameToken(source: Stack, drill: { readonly root: string; readonly stack: string }): Promise<void> {
  const name = "TELEGRAM_BOT_TOKEN";
  const { secrets } = await readSettings(drill.root, drill.stack);
  const [theirs, own] = await Promise.all([
    // Where it has no value on this machine, nothing here can have been made of it.
    availableSecrets(source.settings.secrets, { env: source.environment, projectRoot: source.root, only: name }),
    resolveSecrets(secrets, { env: {}, projectRoot: drill.root, only: name }),
  ]);
  const key = new Secret(randomBytes(32).toString("hex"));
  const [one, other] = [theirs, own].map((secrets) => keyedDigests(secrets, key).get(name));
  if (one === undefined || one !== other) return;
  const problem = `The drill's bot token is that of stack \`${source.stack}\`: the drill would take its messages. Nothing was started.`;
  throw new DeckError("refused", problem, `ls -l ${drill.root}/.phillbot/secrets # whoever put it there`);
}
