/** `deck logs`: the gateway's output, redacted; the last minutes of it, or as it comes. */

import { execa } from "execa";
import { docker } from "../host/engine.ts";
import { agentVariables, environment } from "../host/execute.ts";
import type { Host } from "../host/host.ts";
import { gatewayName } from "../model/layout.ts";
import { FollowedLines, redactLines } from "../model/redactLines.ts";
import type { Secret } from "../model/secret.ts";
import { openSecrets, openStack, withHost } from "./session.ts";
import { secondsOf } from "./time.ts";
import { type Call, DeckError, exitCodes, type Verb, type World } from "./verb.ts";

/** The part of the log that was asked for. */
interface Asked {
  readonly sinceSeconds: number;
  readonly follow: boolean;
}

export const logsVerb: Verb = {
  name: "logs",
  summary: "Show the gateway's log, secrets redacted",
  options: [
    { flags: "-f, --follow", description: "go on as new lines come" },
    { flags: "--since <duration>", description: "how far back, such as 2m or 1h30m", default: "10m" },
  ],
  async run(call, world) {
    const asked = askedOf(call);
    const stack = await openStack(call, world);
    const secrets = await openSecrets(stack, world);
    const name = gatewayName(stack.settings);
    const { code, lines } = await withHost(stack, (host) => readLog(logLine(host, name, asked), { asked, secrets }, world));
    // Whoever follows ends it by hand: that is how it is done.
    const isDone = code === 0 || (asked.follow && world.signal.aborted);
    if (!isDone) {
      throw new DeckError(
        "unknown",
        `The log of \`${name}\` could not be read (exit ${code ?? "none"}). ${lines.at(-1) ?? ""}`.trim(),
        "npx deck ps",
      );
    }
    return { code: exitCodes.done, data: { container: name, since: call.options.since, lines }, text: lines.join("\n") };
  },
};

/** @throws DeckError with code 2 */
function askedOf({ options, json }: Call): Asked {
  const follow = options.follow === true;
  if (follow && json) throw new DeckError("usage", "`--follow` has no end and `--json` is one object; use one of them.");
  const sinceSeconds = secondsOf(String(options.since));
  if (sinceSeconds === undefined) {
    throw new DeckError(
      "usage",
      `\`--since\` is ${JSON.stringify(options.since)}; a duration such as 90s, 2m, 1h30m or 1d is wanted.`,
    );
  }
  return { sinceSeconds, follow };
}

/** The line that reads the log from here. The engine knows no days, so it is asked in seconds. */
export function logLine(host: Host, container: string, { sinceSeconds, follow }: Asked): string {
  return host.line(docker(host, "logs", "--since", `${sinceSeconds}s`, ...(follow ? ["--follow"] : []), container));
}

/** The lines, redacted; none where they are followed, which shows each as it comes. */
export async function readLog(
  line: string,
  { asked, secrets }: { readonly asked: Pick<Asked, "follow">; readonly secrets: ReadonlyMap<string, Secret> },
  { output, signal }: Pick<World, "output" | "signal">,
): Promise<{ readonly code: number | null; readonly lines: readonly string[] }> {
  if (!asked.follow) {
    const lines: string[] = [];
    const code = await stream(line, (each) => void lines.push(each), { signal });
    return { code, lines: redactLines(lines, secrets) };
  }
  const followed = new FollowedLines(secrets);
  const show = (lines: readonly string[]) => {
    for (const each of lines) output.data(`${each}\n`);
  };
  const code = await stream(line, (each) => show(followed.push(each)), { signal }).finally(() => show(followed.end()));
  return { code, lines: [] };
}

/** The exit code; null where a signal ended it. Both of the gateway's streams, in the order they come. */
async function stream(line: string, onLine: (line: string) => void, { signal }: Pick<World, "signal">): Promise<number | null> {
  const child = execa("sh", ["-c", `${line} 2>&1`], {
    env: { ...environment(), ...agentVariables() },
    extendEnv: false,
    stdin: "ignore",
    stderr: "ignore",
    buffer: false,
    reject: false,
    cancelSignal: signal,
  });
  for await (const each of child) onLine(each);
  return (await child).exitCode ?? null;
}
