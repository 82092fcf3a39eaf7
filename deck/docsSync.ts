/** `deck docs sync`: the documents of the tree onto the host; what the last update did not declare goes there behind the gate. */

import { posix } from "node:path";
import type { Target } from "../checks/check.ts";
import { routeTo } from "../checks/hostFiles.ts";
import type { SourceDocuments } from "../checks/sourceDocuments.ts";
import { ensureFile, ensureFolder, mustRun } from "../host/ensure.ts";
import { indexTimeoutMs, readIndexState, refreshIndex } from "../host/gateway.ts";
import type { Host } from "../host/host.ts";
import { refuseForeignFolder } from "../host/ownership.ts";
import { LinkInTheWay, readFolder, refuseLink } from "../host/sync.ts";
import type { Declared } from "../model/declared.ts";
import { layoutOf } from "../model/layout.ts";
import { compareManifests, differenceCounts, differenceWords, isSame, renderManifest } from "../model/manifest.ts";
import { forStack } from "../model/operatorCommand.ts";
import { waitForLease } from "./lease.ts";
import { openTarget } from "./session.ts";
import { upVerb } from "./up.ts";
import { type Call, DeckError, exitCodes, type Outcome, type Verb, type World } from "./verb.ts";

export const docsSyncVerb: Verb = {
  name: "docs sync",
  summary: "Make the documents on the host those of the tree; where the tree's are new, this is `up`, which asks",
  changes: true,
  async run(call, world) {
    const session = await openTarget(call, world);
    await using closing = session;
    const { target } = closing;
    const documents = await source(target);
    if (documents.digest !== target.declared.context.sha256) return update(call, world);
    await refuseForeign(target);
    return await (call.dryRun ? compare(target, documents) : mendAlone(target, documents, world)).catch((error: Error) => {
      throw error instanceof LinkInTheWay ? new DeckError("usage", error.message) : error;
    });
  },
};

async function source({ projectRoot, secrets }: Target): Promise<SourceDocuments> {
  const { readSourceDocuments, SecretInDocument } = await import("../checks/sourceDocuments.ts");
  try {
    return await readSourceDocuments(projectRoot, secrets);
  } catch (error) {
    if (error instanceof SecretInDocument) throw new DeckError("finding", error.message, "npx deck secrets scan");
    throw new DeckError("usage", (error as Error).message);
  }
}

/** New documents are part of what is released, so they take the way of every change. */
function update(call: Call, world: World): Promise<Outcome> {
  world.output.progress(
    "The documents of the tree are not those that the last update declared, so this is an update, behind its gate.",
  );
  return upVerb.run(call, world);
}

/** The list of documents lies in the base folder itself. */
const baseOf = ({ context }: Declared) => posix.dirname(context.manifest);

/** The folders as they were declared, whatever the settings say since then. */
async function refuseForeign({ host, declared, stack, settings }: Target): Promise<void> {
  const { folder } = declared.context;
  const baseFolder = baseOf(declared);
  const place = { baseFolder, contextFolder: posix.relative(baseFolder, folder), host: settings.host };
  const refusal = await refuseForeignFolder(host, stack, place);
  if (refusal !== undefined) throw new DeckError("usage", refusal);
}

async function compare({ host, declared }: Target, documents: SourceDocuments): Promise<Outcome> {
  const { folder } = declared.context;
  await refuseLink(host, { to: folder, below: baseOf(declared) });
  const via = await routeTo({ host, declared });
  const difference = compareManifests(documents.manifest, await readFolder(host, { folder, via, readable: true }));
  const text = isSame(difference)
    ? "Nothing to do."
    : `Would sync ${folder} on ${host.description}: ${differenceCounts(difference, differenceWords.undone)}.`;
  return { code: exitCodes.done, data: { folder, dryRun: true, ...difference }, text };
}

/** Not beside an update, which syncs them, too. */
async function mendAlone(target: Target, documents: SourceDocuments, world: World): Promise<Outcome> {
  const { host, declared, stack, projectRoot: root } = target;
  const path = layoutOf({ baseFolder: baseOf(declared), contextFolder: "" }).lease;
  const { lease } = await waitForLease({ place: { host, path }, root, stack }, world, { purpose: "npx deck docs sync" });
  await using held = lease;
  const outcome = await mend(target, documents, { ...world, signal: AbortSignal.any([world.signal, held.signal]) });
  const lost = await held.whyLost();
  if (lost !== undefined)
    throw new DeckError("unknown", `${lost} What lies there now is not known.`, forStack("npx deck docs verify", stack));
  return outcome;
}

/** What was changed on the host becomes again what was declared; the bot's index follows. */
async function mend({ host, declared }: Target, documents: SourceDocuments, world: World): Promise<Outcome> {
  const { context, envFile, gateway } = declared;
  const owner = { uid: envFile.uid, gid: envFile.gid, via: await routeTo({ host, declared }) };
  const list = { path: context.manifest, mode: 0o644, ...owner };
  world.output.progress(`Comparing the documents on ${host.description} with the tree's.`);
  const folderDrift = await ensureFolder(
    host,
    { from: documents.folder, to: context.folder, below: baseOf(declared), ...owner },
    documents.manifest,
  );
  const listDrift = await ensureFile(host, list, renderManifest(documents.manifest));
  const drift = [
    ...(folderDrift === undefined ? [] : [differenceCounts(folderDrift, differenceWords.undone)]),
    ...(listDrift === undefined ? [] : [`of their list: ${listDrift}`]),
  ];
  // Also where no document differs: an earlier sync may have been interrupted here, and an index can be lost.
  const stale = drift.length > 0 ? undefined : await staleIn(host, gateway.name, world);
  if (stale !== 0) {
    world.output.progress("Waiting for the gateway to bring the bot's index of them up to date, which may take a minute.");
    const refresh = refreshIndex(host, gateway.name, documents.title, { anew: drift.length === 0 });
    await mustRun(host, refresh, { timeoutMs: indexTimeoutMs, signal: world.signal });
    const left = await staleIn(host, gateway.name, world);
    if (left !== 0) {
      const found = typeof left === "string" ? `cannot be read (${left})` : `still differs in ${left} documents, wanted are 0`;
      throw new DeckError("finding", `The bot's index was made anew and ${found}.`, "npx deck logs --since 10m");
    }
  }
  const { size } = documents.manifest;
  const there = `All ${size} documents are there already${stale === 0 ? "" : "; the bot's index of them was made anew"}.`;
  const text = drift.length === 0 ? there : `Synced ${size} documents (${drift.join("; ")}).`;
  return { code: exitCodes.done, data: { folder: context.folder, documents: size, drift }, text };
}

async function staleIn(host: Host, container: string, { signal }: World): Promise<number | string> {
  const index = await readIndexState(host, container, signal);
  return "unread" in index ? index.unread : index.stale.length;
}
