/** The rule of the check `secrets`: the env file on the host is private, owned, as declared, and older than the gateway's start. */

import type { Finding } from "./check.ts";
import type { Declared } from "./declared.ts";

/** What was found on the host. */
export interface EnvFileReading {
  /** Undefined where there is no such file. */
  readonly file:
    | {
        /** Permission bits. */
        readonly mode: number;
        readonly uid: number;
        readonly gid: number;
        /** Last change, be it by a move or of its mode, by the host's clock, in epoch milliseconds. */
        readonly changedMs: number;
        /** True where the content is, byte by byte, the declared one. */
        readonly isAsDeclared: boolean;
      }
    | undefined;
  /** The gateway's start as the engine writes it, by the host's clock; undefined where it never started. */
  readonly startedAt: string | undefined;
  /** The host's clock when it was asked, in epoch milliseconds. */
  readonly hostNowMs: number;
}

const wantedMode = 0o600;
const octal = (mode: number) => mode.toString(8).padStart(3, "0");

/**
 * @param names the entries of the declared content, for the page; never values.
 * @param clockSkew seconds by which the engine's clock may be ahead of the host's.
 */
export function judgeEnvFile(
  { envFile, gateway }: Declared,
  reading: EnvFileReading,
  { names, clockSkew }: { readonly names: readonly string[]; readonly clockSkew: number },
): Finding {
  const { file, startedAt } = reading;
  const remedy = "npx deck up";
  if (file === undefined) {
    const summary = `There is no env file \`${envFile.path}\` on the host; the stack declares one.`;
    return { status: "fail", summary, measured: { path: envFile.path, exists: false }, remedy };
  }
  const startedMs = startedAt === undefined ? undefined : Date.parse(startedAt);
  const written = new Date(file.changedMs).toISOString();
  const faults: string[] = [];
  if (file.mode !== wantedMode) faults.push(`has mode ${octal(file.mode)}; ${octal(wantedMode)} is wanted`);
  if (file.uid !== envFile.uid || file.gid !== envFile.gid) {
    faults.push(`belongs to ${file.uid}:${file.gid}; ${envFile.uid}:${envFile.gid} is wanted`);
  }
  if (!file.isAsDeclared) faults.push("has other content than declared");
  if (startedMs === undefined) faults.push(`was read by nobody: there is no container \`${gateway.name}\` that has started`);
  // Written so that a time that cannot be read (NaN) is a fault too.
  else if (!(startedMs > file.changedMs)) {
    // The time is of the last change of whatever kind: a new mode alone moves it as new values do.
    const change = `was changed (its content, mode or place) at ${written}, after the gateway's start at ${startedAt}`;
    faults.push(`${change}, so that the gateway holds the declared values is not proven`);
  }
  const measured = {
    path: envFile.path,
    mode: octal(file.mode),
    owner: `${file.uid}:${file.gid}`,
    isAsDeclared: file.isAsDeclared,
    written,
    gatewayStarted: startedAt ?? null,
    names,
  };
  if (faults.length > 0)
    return { status: "fail", summary: `The env file \`${envFile.path}\` ${faults.join(", and ")}.`, measured, remedy };
  const ahead = ((startedMs ?? Number.NaN) - reading.hostNowMs) / 1000;
  // The clock was set back since that start, so a file that was written after it may well look older.
  if (!(ahead <= clockSkew)) {
    const summary = `The gateway's start at ${startedAt} is ${ahead.toFixed(1)} s in the future by the host's clock; ${clockSkew} s are allowed, so whether it has read the env file cannot be told. An update restarts it.`;
    return { status: "inconclusive", summary, measured, remedy };
  }
  const summary = `The env file has mode 600, belongs to ${envFile.uid}:${envFile.gid}, holds the ${names.length} declared entries, and is older than the gateway's start.`;
  return { status: "pass", summary, measured };
}
