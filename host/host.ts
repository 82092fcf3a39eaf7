/** A machine that the stack deploys to, seen from the operator's: what every room that touches a machine goes through. */

/** How a command ended. A non-zero code is data here, not an exception. */
export interface RunResult {
  /** Exit code; null when a signal or a lost connection ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Handed to the command's standard input: the only way for a secret to reach a host. */
  readonly stdin?: string | Uint8Array;
  /** Ends the command when aborted. */
  readonly signal?: AbortSignal;
  /** True for what must not end half-way where an operator types Ctrl-C, which reaches every process of a terminal. Default false. */
  readonly uninterrupted?: boolean;
  /** Milliseconds until the command is ended; default 60,000. */
  readonly timeoutMs?: number;
}

/** A port of the host's loopback, reachable from here. */
export interface Forward extends AsyncDisposable {
  /** Port on this machine's 127.0.0.1. */
  readonly port: number;
}

export interface Host {
  /** For messages: `this machine` or `claw@phill`. */
  readonly description: string;
  readonly kind: "local" | "ssh";
  /** Runs one command (argv, never a shell line) with an empty environment but PATH, HOME and LANG. Throws `HostUnreachable` where the host itself does not answer. */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** The shell line that runs `argv` on the host from here, for `@pulumi/command`'s local command. It hands on no environment of the caller's. */
  line(argv: readonly string[]): string;
  /** The engine's address for the docker provider and client: undefined for the local default, else `ssh://…`. */
  readonly docker: { readonly host?: string; readonly sshOpts?: readonly string[] };
  /** For what brings its own protocol over ssh, such as rsync: ssh's options and `user@address`. Absent on the local host. */
  readonly ssh?: { readonly options: readonly string[]; readonly destination: string };
  /** Makes a port of the host's loopback reachable here; on the local host it is that port itself. */
  forward(port: number): Promise<Forward>;
  /** Ends the shared connection, if any. */
  close(): Promise<void>;
}

/** The host did not answer, or is not the host it should be: nothing was run on it. */
export class HostUnreachable extends Error {
  override readonly name = "HostUnreachable";
  /** The command that shows or mends it. */
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}
