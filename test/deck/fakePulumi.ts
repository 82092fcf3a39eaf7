/** A `pulumi` of the tests' own: it writes down how it was called, writes what the test wants, and ends as the test wants. */

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UpdateCall } from "../../deck/update.ts";

/** Files in its folder steer it: each is optional. `wait` makes it run until a signal comes. */
const script = `#!/bin/sh
here=$(dirname -- "$0")
[ "$1" = version ] && { echo v999.0.0; exit 0; }
[ "$1 $2" = "stack export" ] && { cat "$here/state" || echo '{}'; exit 0; } 2>/dev/null
printf '%s\\n' "$@" >"$here/argv"
echo "$*" >>"$here/calls"
env >"$here/env"
while [ $# -gt 0 ]; do [ "$1" = --event-log ] && events=$2; shift; done
[ -e "$here/prints" ] && cat "$here/prints"
[ -e "$here/does" ] && sh "$here/does"
[ -e "$here/outcome" ] && cp "$here/outcome" "$PHILLBOT_OUTCOME_FILE"
[ -e "$here/ask" ] && "$NODE" -e 'require("net").connect(process.env.PHILLBOT_SECRETS_SOCKET).pipe(process.stdout)' >"$here/handed"
[ -e "$here/events" ] && cp "$here/events" "$events"
[ -e "$here/eventsFolder" ] && mkdir "$events"
if [ -e "$here/wait" ]; then
  trap 'echo INT >>"$here/signals"' INT
  trap 'echo TERM >>"$here/signals"' TERM
  : >"$here/started"
  while [ ! -e "$here/signals" ]; do sleep 0.02; done
fi
[ -e "$here/kill" ] && kill -KILL $$
exit "$(cat "$here/exit" 2>/dev/null || echo 0)"
`;

export interface FakePulumi {
  readonly folder: string;
  /** Absolute path of the executable. */
  readonly path: string;
  /** Writes one of the files that steer it. */
  set(
    name: "prints" | "outcome" | "state" | "events" | "eventsFolder" | "exit" | "wait" | "kill" | "ask" | "does",
    content?: string,
  ): void;
  /** Reads one of the files that it writes; undefined where it wrote none. */
  said(name: "argv" | "calls" | "env" | "started" | "signals" | "handed"): string | undefined;
  /** A call of it, with nothing else in its environment. */
  call(more?: Partial<UpdateCall>): UpdateCall;
  remove(): void;
}

export function fakePulumi(): FakePulumi {
  const folder = mkdtempSync(join(tmpdir(), "phillbot-pulumi-"));
  const path = join(folder, "pulumi");
  for (const name of ["pulumi", "pulumi-language-nodejs"]) {
    writeFileSync(join(folder, name), script);
    chmodSync(join(folder, name), 0o755);
  }
  const root = join(folder, "project");
  mkdirSync(root);
  return {
    folder,
    path,
    set: (name, content = "") => writeFileSync(join(folder, name), content),
    said: (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : undefined),
    call: (more = {}) => ({
      command: "up",
      root,
      stack: "dev",
      pulumi: path,
      environment: { PATH: process.env.PATH, NODE: process.execPath },
      secretVariables: {},
      verbose: false,
      output: { progress: () => {} },
      signal: new AbortController().signal,
      ...more,
    }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The engine's last events: what it did, by operation. */
export function summary(resourceChanges: Readonly<Record<string, number>>, more: Readonly<Record<string, unknown>> = {}): string {
  return `${JSON.stringify({ sequence: 7, summaryEvent: { maybeCorrupt: false, resourceChanges, isPreview: false, ...more } })}\n`;
}

/** A rule of the policy pack that a resource breaks, as the engine says it. */
export function violation(policyName: string, message: string, enforcementLevel = "mandatory"): string {
  return `${JSON.stringify({ sequence: 6, policyEvent: { policyName, message: `What it is about.\n${message}\n`, enforcementLevel } })}\n`;
}
