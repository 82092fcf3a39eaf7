/** The documents, from `Documentation/` in the project to the folder on the host that the gateway reads as memory. */

import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { ensureFolder } from "../host/ensure.ts";
import type { Route } from "../host/files.ts";
import type { Host } from "../host/host.ts";
import { type SyncSpec, syncLine } from "../host/sync.ts";
import { differenceCounts, differenceWords, type Manifest, renderManifest } from "../model/manifest.ts";
import { HostFile } from "./hostFile.ts";

export interface DocSyncArgs {
  readonly host: Host;
  /** Absolute path of the source folder on this machine. */
  readonly from: string;
  /** Absolute path of the context folder on the host. */
  readonly to: string;
  /** The base folder on the host. */
  readonly below: string;
  /** The source's files: what the host must hold, no more and no fewer. */
  readonly manifest: Manifest;
  /** Sha256 (hex) of the manifest as text. */
  readonly digest: string;
  /** Where on the host the list is kept, outside `to`. */
  readonly manifestPath: string;
  readonly uid: number;
  readonly gid: number;
  readonly via: Route;
  /** Resolves once the context folder has the mode that was declared: it is not mended by two at once. */
  readonly folders: pulumi.Output<unknown>;
}

/** Syncs the documents and compares them file by file. The caller has refused an empty source, stray links and secrets before. */
export class DocSync extends pulumi.ComponentResource {
  /** The digest, once the host holds exactly these documents. */
  readonly settled: pulumi.Output<string>;

  constructor(name: string, args: DocSyncArgs, opts?: pulumi.ComponentResourceOptions) {
    super("phillbot:host:DocSync", name, {}, opts);
    const { host, from, to, below, uid, gid, via, digest } = args;
    const spec: SyncSpec = { from, to, below, uid, gid, via };
    // First: by it, what an interrupted sync left is known to be ours (see `refuseGround`).
    const list = new HostFile(
      `${name}-manifest`,
      { host, path: args.manifestPath, content: renderManifest(args.manifest), mode: 0o644, uid, gid, via },
      { parent: this },
    );
    const synced = new command.local.Command(
      `${name}-sync`,
      // The digest is part of the line, so that a changed document runs it again.
      { create: `: ${digest}; ${syncLine(host, spec)}`, addPreviousOutputInEnv: false },
      { parent: this, dependsOn: list },
    );
    this.settled = pulumi.all([synced.id, list.settled, args.folders]).apply(async () => {
      if (!pulumi.runtime.isDryRun()) await this.#mend(host, spec, args.manifest);
      return digest;
    });
    this.registerOutputs({ folder: to, digest });
  }

  async #mend(host: Host, spec: SyncSpec, manifest: Manifest): Promise<void> {
    const drift = await ensureFolder(host, spec, manifest);
    if (drift !== undefined) {
      await pulumi.log.warn(
        `The documents in ${spec.to} on ${host.description} were changed outside the stack (${differenceCounts(drift, differenceWords.found)}); they are synced again.`,
        this,
      );
    }
  }
}
