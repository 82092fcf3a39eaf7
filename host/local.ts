/** This machine as a host. */

import { execute } from "./execute.ts";
import type { Forward, Host, RunOptions, RunResult } from "./host.ts";
import { emptyEnvironment, shellLine } from "./quote.ts";

/** A host that is this machine. `engine` is the Docker engine's address where it is not the default. */
export class LocalHost implements Host {
  readonly kind = "local";
  readonly description = "this machine";
  readonly docker: { readonly host?: string };

  constructor(engine?: string) {
    this.docker = engine === undefined ? {} : { host: engine };
  }

  run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return execute(argv, options);
  }

  line(argv: readonly string[]): string {
    return `${emptyEnvironment} ${shellLine(argv)}`;
  }

  async forward(port: number): Promise<Forward> {
    return { port, [Symbol.asyncDispose]: async () => {} };
  }

  async close(): Promise<void> {}
}
