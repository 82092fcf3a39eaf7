/** The check `context`: the documents on the host are those that were synced, and those are this tree's. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { readIndexState } from "../host/gateway.ts";
import type { Host } from "../host/host.ts";
import type { Route } from "../host/route.ts";
import { readSource } from "../host/source.ts";
import { type ContextReading, judgeContext } from "../model/contextState.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Check } from "./check.ts";
import { findGateway } from "./engine.ts";
import { filesBelow, manifestSha256, mustRun, routeTo, stateOf } from "./hostFiles.ts";

export const contextCheck: Check = {
  id: "context",
  title: "The documents on the host are those of this tree, no more and no fewer, and the bot's index holds them.",
  deadlineMs: 120_000,
  async probe({ host, declared, projectRoot }, { signal }) {
    const { folder, manifest } = declared.context;
    const asking = { host, signal };
    const via = await routeTo({ host, declared });
    const [list, files, { named }, tree, index] = await Promise.all([
      readList({ path: manifest, via }, asking),
      readFiles({ folder, via }, asking),
      findGateway(host, declared.gateway, signal),
      readSource(join(projectRoot, "Documentation")),
      readIndexState(host, declared.gateway.name, signal),
    ]);
    return judgeContext(declared, { list, files, container: named, index, tree: manifestSha256(tree) });
  },
};

interface Asking {
  readonly host: Host;
  readonly signal: AbortSignal;
}

/** The list has mode 644, so that no route is needed to read it; the digest is of what was read, not of what lies there a moment later. */
async function readList(file: { readonly path: string; readonly via: Route }, asking: Asking): Promise<ContextReading["list"]> {
  const { kind } = await stateOf({ ...file, digest: false }, asking);
  if (kind !== "file") return undefined;
  const text = await mustRun(["cat", "--", file.path], file.path, asking);
  return { text, sha256: createHash("sha256").update(text).digest("hex") };
}

/**
 * A folder that is gone holds no document, which is a finding; one that cannot be read is an error. We may read more than the
 * gateway may, which is another user: what it cannot read counts as another document.
 */
async function readFiles(place: { readonly folder: string; readonly via: Route }, asking: Asking): Promise<Manifest> {
  const { kind } = await stateOf({ path: place.folder, via: place.via, digest: false }, asking);
  return kind === "absent" ? new Map() : filesBelow({ ...place, readable: true }, asking);
}
