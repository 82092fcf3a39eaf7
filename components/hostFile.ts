/** One file on the host that is ours: written atomically with its owner and mode, and mended in every update if somebody changed it. */

import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { ensureFile } from "../host/ensure.ts";
import { framed, type Route, writeFile } from "../host/files.ts";
import type { Host } from "../host/host.ts";

export interface HostFileArgs {
  readonly host: Host;
  /** Absolute path on the host; its folder exists. */
  readonly path: string;
  /** The file's content. A secret stays encrypted in state and reaches the host over standard input only. */
  readonly content: pulumi.Input<string>;
  /** Permission bits, for example `0o600`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** How the owner is set: directly, or through a one-shot container where the caller may not. */
  readonly via: Route;
}

/** Writes one file. `settled` resolves to its path once the host holds exactly what was declared. */
export class HostFile extends pulumi.ComponentResource {
  readonly settled: pulumi.Output<string>;

  constructor(name: string, args: HostFileArgs, opts?: pulumi.ComponentResourceOptions) {
    super("phillbot:host:HostFile", name, {}, opts);
    const { host, content, ...file } = args;
    const written = new command.local.Command(
      `${name}-write`,
      {
        create: host.line(writeFile(file)),
        stdin: pulumi.output(content).apply((bytes) => framed(bytes)),
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
      },
      { parent: this, additionalSecretOutputs: ["stdout", "stderr"] },
    );
    this.settled = pulumi.all([written.id, content]).apply(([, bytes]) => this.#mend(host, file, bytes));
    this.registerOutputs({ path: args.path });
  }

  /** The command runs on change only; what somebody did to the file since then is found and undone here. */
  async #mend(host: Host, file: Omit<HostFileArgs, "host" | "content">, bytes: string): Promise<string> {
    if (pulumi.runtime.isDryRun()) return file.path;
    const drift = await ensureFile(host, file, bytes);
    if (drift !== undefined)
      await pulumi.log.warn(`${file.path} on ${host.description} was changed outside the stack (${drift}); it is mended.`, this);
    return file.path;
  }
}
