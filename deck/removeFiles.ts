/** Removes the files that `npm start` generated, and keeps what belongs to other stacks or cannot be made again. */

import { existsSync } from "node:fs";
import { readdir, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { readLedger } from "../checks/ledger.ts";
import { openHost } from "../host/open.ts";
import { inFolder } from "../host/route.ts";
import { exposuresSchema } from "../model/exposures.ts";
import { keepOnly } from "../release/kept.ts";
import { listImages } from "../toolchain/images.ts";
import { layoutOf } from "../toolchain/layout.ts";
import { devFolders } from "./devStack.ts";
import { keptStacks } from "./ownState.ts";
import { saltedStacks } from "./passphrase.ts";

/**
 * Removes what the stack's containers kept on this machine. Their files belong to the gateway's uid: where this user may not
 * remove them, a container of one of set-up's images does.
 *
 * @returns a sentence where something stays.
 */
export async function removeHostFolder(root: string, stack: string): Promise<readonly string[]> {
  const folder = devFolders(root, stack).baseFolder;
  const removed = await rm(folder, { recursive: true, force: true }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EACCES" || error.code === "EPERM") return false;
      throw error;
    },
  );
  if (removed) return [];
  const [image] = [...(await listImages())].sort();
  if (image !== undefined) {
    const host = await openHost({ kind: "local" }, { controlFolder: "" });
    const remove = (at: string) => ["rm", "-r", "-f", "--", join(at, basename(folder))];
    const engine = host.docker.host === undefined ? {} : { engine: host.docker.host };
    const { code } = await host.run(inFolder({ kind: "container", image, ...engine }, dirname(folder), remove));
    if (code === 0) return [];
  }
  return [`The bot's files stay, because they are another user's: sudo rm -r ${folder}`];
}

/**
 * Removes the generated settings and the ignored folder, but for what another stack may need, wherever its state lies.
 *
 * @param keep `run` where the engine that set-up started goes on: its record must not be lost; `state` where the stack that
 * went down has its state elsewhere: one of its name in this folder's own state is another.
 * @returns a sentence for each thing that stays.
 */
export async function removeFiles(
  root: string,
  stack: string,
  keep: { readonly run: boolean; readonly state: boolean },
): Promise<readonly string[]> {
  const folders = devFolders(root, stack);
  const salted = await saltedStacks(root);
  await rm(folders.settingsFile, { force: true });
  const ignored = layoutOf(root).root;
  if (!existsSync(ignored)) return [];
  await keepOnly({ root, stack }, new Set());
  for (const own of [folders.secretsFile, join(ignored, "evidence", stack)]) await rm(own, { recursive: true, force: true });
  const others = (await keptStacks(folders.state)).map(({ name }) => name).filter((name) => keep.state || name !== stack);
  const isThere = async (name: string) => (await readdir(join(ignored, name)).catch(() => [])).length > 0;
  const secrets = (await readdir(dirname(folders.secretsFile)).catch(() => [])).map((name) => name.replace(/\.env$/, ""));
  const evidence = await readdir(join(ignored, "evidence")).catch(() => []);
  const older = await readdir(join(ignored, "kept")).catch(() => []);
  const readers = [...new Set([...others, ...secrets, ...salted])].filter((name) => others.includes(name) || name !== stack);
  const kept = new Map<string, string>([
    ...(others.length > 0 ? ["state", "pulumi", "bin"].map((name) => [name, `of ${named(others)}`] as const) : []),
    ...(secrets.length > 0 ? [["secrets", `of ${named(secrets)}`] as const] : []),
    ...(readers.length > 0 ? [["passphrase", `what is encrypted of ${named(readers)} may need it`] as const] : []),
    ...(evidence.length > 0 ? [["evidence", `of ${named(evidence)}`] as const] : []),
    ...(older.length > 0 ? [["kept", `what ran of ${named(older)} can come back by it`] as const] : []),
    ...((await isThere("host")) ? [["host", "of stacks on this machine"] as const] : []),
    ...(keep.run ? [["run", "of the engine that goes on"] as const] : []),
    ...((await hasDrills(ignored, evidence)) ? [["fingerprint.key", "which drills are sealed with"] as const] : []),
    ...((await hasRecordedExposures(root)) ? [["fingerprint.key", "which recorded exposures are matched by"] as const] : []),
  ]);
  for (const name of await readdir(ignored)) {
    if (!kept.has(name)) await rm(join(ignored, name), { recursive: true, force: true });
  }
  const left = await readdir(ignored);
  if (left.length === 0) await rmdir(ignored);
  return left.map((name) => `${join(ignored, name)} stays: ${kept.get(name) ?? "made since"}.`);
}

function named(stacks: readonly string[]): string {
  return `${stacks.length === 1 ? "the stack" : "the stacks"} ${stacks.join(", ")}`;
}

/** Whether evidence of a drill stays. */
async function hasDrills(ignored: string, stacks: readonly string[]): Promise<boolean> {
  const runs = await Promise.all(stacks.map((stack) => readdir(join(ignored, "evidence", stack)).catch(() => [])));
  return runs.flat().some((name) => name.startsWith("drill-"));
}

/** A broken ledger may hold some. */
async function hasRecordedExposures(root: string): Promise<boolean> {
  const ledger = await readLedger(root, "operations/exposures.yaml", exposuresSchema);
  return !ledger.ok || ledger.value.exposures.length > 0;
}
