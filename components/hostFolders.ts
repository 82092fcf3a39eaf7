/** The folders on the host that everything else is written below: made with owner and mode, and mended in every update. */

import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { ensureMade } from "../host/ensure.ts";
import { makeFolder, type Route } from "../host/files.ts";
import type { Host } from "../host/host.ts";

export interface Folder {
  /** Absolute path on the host. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** True for a folder that is not the stack's alone: one that is there keeps its owner and mode. */
  readonly keepExisting?: boolean;
  /** True for a folder that a sync fills: by a container's route it gives the folder to the caller, so that its owner says nothing. */
  readonly synced?: boolean;
}

export interface HostFoldersArgs {
  readonly host: Host;
  /** Parents before their children. */
  readonly folders: readonly Folder[];
  readonly uid: number;
  readonly gid: number;
  readonly via: Route;
}

/** Makes folders with owner and mode. Removing the resource removes none: they may hold the bot's state. */
export class HostFolders extends pulumi.ComponentResource {
  readonly made: command.local.Command;
  /** Resolves once each has the owner and mode that was declared. */
  readonly settled: pulumi.Output<void>;

  constructor(name: string, args: HostFoldersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("phillbot:host:HostFolders", name, {}, opts);
    const { host, uid, gid, via } = args;
    const lines = args.folders.map((folder) => host.line(makeFolder({ ...folder, uid, gid, via })));
    this.made = new command.local.Command(
      `${name}-make`,
      { create: lines.join(" && "), addPreviousOutputInEnv: false },
      { parent: this },
    );
    this.settled = this.made.id.apply(() => this.#mend(args));
    this.registerOutputs({});
  }

  /** The command runs on change only; what somebody did to a folder since then is found and undone here. */
  async #mend({ host, folders, uid, gid, via }: HostFoldersArgs): Promise<void> {
    if (pulumi.runtime.isDryRun()) return;
    for (const { keepExisting, synced, ...folder } of folders) {
      if (keepExisting === true) continue;
      const anyOwner = synced === true && via.kind !== "direct";
      const drift = await ensureMade(host, { ...folder, uid, gid, via, anyOwner });
      if (drift === undefined) continue;
      const text = `${folder.path} on ${host.description} was changed outside the stack (${drift}); it is mended.`;
      await pulumi.log.warn(text, this);
    }
  }
}
