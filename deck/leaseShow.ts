/** `deck lease show`: who is at work on the stack, for what, and until when. */

import { askLease } from "../host/lease.ts";
import { layoutOf } from "../model/layout.ts";
import { type Lease, leaseSentence } from "../model/lease.ts";
import { forStack } from "../model/operatorCommand.ts";
import { asDeckError } from "./lease.ts";
import { openStack, withHost } from "./session.ts";
import { exitCodes, type Verb } from "./verb.ts";

export const leaseShowVerb: Verb = {
  name: "lease show",
  summary: "Show who is at work on the stack, from where, for what and until when",
  async run(call, world) {
    const stack = await openStack(call, world);
    const path = layoutOf(stack.settings).lease;
    const { lease } = await withHost(stack, (host) => askLease({ host, path }, { do: "show" })).catch(asDeckError);
    const text = [leaseSentence(lease, call.stack), ...adviceOn(lease).map((line) => `  ${forStack(line, call.stack)}`)];
    const code = lease.kind === "torn" ? exitCodes.unknown : exitCodes.done;
    return { code, data: { path, lease: dataOf(lease) }, text: text.join("\n") };
  },
};

const breakIt = "npx deck lease break --why '<why>'";

function adviceOn({ kind }: Lease): string[] {
  if (kind === "held")
    return [
      "npx deck up --wait 600 # waits for its end; whoever was killed renews it no more, so that it ends by itself",
      `${breakIt} # once you have looked, and the holder is known not to be at work`,
    ];
  return kind === "torn" ? [`${breakIt} # once nobody is known to be at work`] : [];
}

/** As it is printed with `--json`. */
export function dataOf(lease: Lease): Readonly<Record<string, unknown>> {
  if (lease.kind === "free" || lease.kind === "torn") return { ...lease };
  const { kind, name, left, since, claim } = lease;
  const { process, ...who } = claim ?? {};
  return { kind, name, ...who, pid: process?.pid, since: since.toISOString(), secondsLeft: left };
}
