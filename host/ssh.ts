/** A machine reached by the system's ssh, over one shared connection, with a pinned host key. */

import { createServer } from "node:net";
import { diagnose } from "./diagnose.ts";
import { agentVariables, defaultTimeoutMs, execute } from "./execute.ts";
import type { Forward, Host, RunOptions, RunResult } from "./host.ts";
import {
  bounded,
  controlCommand,
  forwardSpec,
  type SshFiles,
  type SshSettings,
  sshCommand,
  sshLine,
  sshOptions,
} from "./ssh-options.ts";

/** What ssh exits with for every reason of its own; a command on the host may end with it as well. */
const sshFailed = 255;

export class SshHost implements Host {
  readonly kind = "ssh";
  readonly description: string;
  readonly docker: { readonly host: string; readonly sshOpts: readonly string[] };
  readonly ssh: { readonly options: readonly string[]; readonly destination: string };
  readonly #settings: SshSettings;
  readonly #files: SshFiles;

  constructor(settings: SshSettings, files: SshFiles) {
    const address = settings.address.includes(":") ? `[${settings.address}]` : settings.address;
    const options = sshOptions(settings, files);
    this.#settings = settings;
    this.#files = files;
    this.description = `${settings.user}@${settings.address}`;
    this.docker = { host: `ssh://${settings.user}@${address}:${settings.port}`, sshOpts: options };
    this.ssh = { options: [...options, "-p", String(settings.port)], destination: `${settings.user}@${address}` };
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const result = await execute(this.#command(argv, options.timeoutMs), options, agentVariables());
    // 127 is as well what a shell on the host says of a program that it lacks.
    if (result.code === 127 && (await execute(["ssh", "-V"])).code === 127) throw await this.#unreachable(result.stderr);
    if (result.code !== sshFailed || (await this.#connected())) return result;
    // The connection is gone. Where the host takes a new one, only this command was lost.
    const again = await execute(this.#command(["true"]), {}, agentVariables());
    if (again.code === 0) return { ...result, code: null };
    throw await this.#unreachable(again.stderr);
  }

  line(argv: readonly string[]): string {
    return sshLine(this.#settings, this.#files, argv);
  }

  async forward(port: number): Promise<Forward> {
    // A command first: it opens the shared connection where there is none, and says why where that fails.
    await this.run(["true"]);
    let refusal = "";
    for (let attempt = 0; attempt < 3; attempt++) {
      const local = await freePort();
      const spec = forwardSpec(local, port);
      const opened = await this.#control(["-O", "forward", "-L", spec]);
      if (opened.code === 0) {
        return {
          port: local,
          [Symbol.asyncDispose]: async () => {
            await this.#control(["-O", "cancel", "-L", spec]);
          },
        };
      }
      refusal = opened.stderr.trim();
    }
    throw new Error(`Port ${port} of ${this.description} could not be made reachable here: ${refusal}`);
  }

  /** Takes no new commands on the shared connection; those under way, also another process's, end in peace. */
  async close(): Promise<void> {
    await this.#control(["-O", "stop"]);
  }

  #command(argv: readonly string[], timeoutMs = defaultTimeoutMs): string[] {
    return sshCommand(this.#settings, this.#files, bounded(argv, timeoutMs));
  }

  async #connected(): Promise<boolean> {
    return (await this.#control(["-O", "check"])).code === 0;
  }

  #control(request: readonly string[]): Promise<RunResult> {
    return execute(controlCommand(this.#settings, this.#files, request), { timeoutMs: 10_000 });
  }

  #unreachable(words: string): Promise<Error> {
    return diagnose(this.#settings, ["ssh", ...this.ssh.options], words);
  }
}

/** A port of this machine's loopback that nothing listens on at this moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("No port.")),
      );
    });
  });
}
