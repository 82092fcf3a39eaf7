/** Looks on a host whether a base folder is this stack's, before anything is touched there. */

import { type Layout, layoutOf } from "../model/layout.ts";
import { type Manifest, parseManifest } from "../model/manifest.ts";
import { onHost } from "../model/operatorCommand.ts";
import { type Ground, refuseGround, renderOwner } from "../model/ownership.ts";
import type { Settings } from "../model/settings.ts";
import { mustRun } from "./ensure.ts";
import type { Host } from "./host.ts";
import { quote } from "./quote.ts";
import { scriptCommand } from "./script.ts";
import { readFolder } from "./sync.ts";

const seen = ["empty", "filled", "closed"] as const;
const timeoutMs = 30_000;

/**
 * Why this stack must not write to the base folder or sync to the context folder, as sentences with the remedy; undefined
 * where it may.
 *
 * @throws Error where the host could not tell.
 */
export async function refuseForeignFolder(
  host: Host,
  stack: string,
  settings: Pick<Settings, "baseFolder" | "contextFolder" | "host">,
): Promise<string | undefined> {
  const layout = layoutOf(settings);
  const { baseFolder, contextFolder } = settings;
  const byHand = `echo ${quote(renderOwner({ stack }).trimEnd())} >${quote(layout.ownerFile)}`;
  return refuseGround({ stack, contextFolder }, await look(host, baseFolder, layout), {
    ...{ baseFolder, context: layout.context, ownerFile: layout.ownerFile, host: host.description },
    takeOver: onHost(settings.host, byHand),
  });
}

async function look(host: Host, baseFolder: string, layout: Layout): Promise<Ground> {
  const kept = [
    layout.state,
    layout.config,
    layout.backups,
    layout.restore,
    layout.stateAside,
    layout.stateNext,
    layout.devServices,
  ];
  const paths = [baseFolder, layout.context, ...kept];
  const text = await mustRun(host, scriptCommand("look-around", [layout.ownerFile, ...paths]), { timeoutMs });
  const lines = text.split("\n");
  const found = new Map(
    paths.map((path, index) => {
      const how = seen.find((word) => word === lines[index]);
      if (how === undefined) throw new Error(`${path} on ${host.description} could not be looked at.`);
      return [path, how] as const;
    }),
  );
  // What is there and empty is an owner file, too, of nobody that could be told.
  const owner = lines[paths.length] === "owner" ? lines.slice(paths.length + 1).join("\n") : undefined;
  const taken = new Map<string, "filled" | "closed">();
  // In production the base folder itself is the operator's own checkout, so that only what cannot be seen counts.
  if (found.get(baseFolder) === "closed") taken.set(baseFolder, "closed");
  for (const path of kept) {
    const how = found.get(path);
    if (how === "filled" || how === "closed") taken.set(path, how);
  }
  return { owner, taken, context: await documents(host, layout, found.get(layout.context)) };
}

async function documents(host: Host, layout: Layout, how: (typeof seen)[number] | undefined): Promise<Ground["context"]> {
  const none: Manifest = new Map();
  if (how === "empty") return { files: none, listed: none };
  if (how === "closed") return undefined;
  const direct = { kind: "direct" } as const;
  const [files, list] = await Promise.all([
    readFolder(host, { folder: layout.context, via: direct }).catch(() => undefined),
    host.run(["cat", "--", layout.contextManifest], { timeoutMs }),
  ]);
  return files && { files, listed: list.code === 0 ? listedIn(list.stdout) : none };
}

/** A list that was tampered with need not be one; then it names nothing. */
function listedIn(text: string): Manifest {
  try {
    return parseManifest(text);
  } catch {
    return new Map();
  }
}
