/** `deck lease break`: takes the lease away from whoever holds it, on record with the reason. What was brought up under it is not released. */

import { askLease } from "../host/lease.ts";
import { layoutOf } from "../model/layout.ts";
import { type Lease, leaseSentence } from "../model/lease.ts";
import { forStack } from "../model/operatorCommand.ts";
import { headOf, historyPlaceOf, record, whoActs } from "../release/history.ts";
import { decide } from "./confirm.ts";
import { asDeckError, refuseForeign } from "./lease.ts";
import { dataOf } from "./leaseShow.ts";
import { openStack, type Stack, withHost } from "./session.ts";
import { refuseUnspeakable } from "./spoken.ts";
import { type Call, DeckError, exitCodes, type Outcome, type Verb, type World } from "./verb.ts";

const longestWhy = 500;

export const leaseBreakVerb: Verb = {
  name: "lease break",
  summary: "Take the lease away from a holder that is not at work; what it brings up is not called released",
  changes: true,
  options: [{ flags: "--why <text>", description: "why, in a sentence for the record; required" }],
  async run(call, world) {
    const why = typeof call.options.why === "string" ? call.options.why.trim() : "";
    if (why === "" || why.length > longestWhy) {
      const problem = `A reason of ${longestWhy} characters at most is wanted; ${why.length} are given.`;
      throw new DeckError("usage", problem, forStack("npx deck lease break --why '<why>'", call.stack));
    }
    await refuseUnspeakable({ why }, call, world);
    const stack = await openStack(call, world);
    return withHost(stack, async (host) => {
      const place = { host, path: layoutOf(stack.settings).lease };
      const { lease } = await askLease(place, { do: "show" }).catch(asDeckError);
      const sentence = leaseSentence(lease, call.stack);
      const data = { lease: dataOf(lease), dryRun: call.dryRun };
      if (lease.kind === "free" || lease.kind === "over") {
        return { code: exitCodes.done, data: { ...data, broken: false }, text: `${sentence} There is nothing to break.` };
      }
      await refuseForeign(host, stack);
      if (call.dryRun) return { code: exitCodes.done, data: { ...data, broken: false }, text: `${sentence} It would be broken.` };
      world.output.progress(sentence);
      if (!call.yes) await ask(call, world);
      const { isDone, lease: now } = await askLease(place, { do: "break", name: lease.name }).catch(asDeckError);
      if (!isDone) throw changed(now, call);
      const told = await putOnRecord(stack, world, { host, summary: `The lease was broken: ${why} ${sentence}` });
      return { code: exitCodes.done, data: { ...data, broken: true }, text: brokenText(call, told) };
    });
  },
};

function brokenText({ stack }: Call, told: string | undefined): Outcome["text"] {
  const unrecorded = told === undefined ? "" : ` It waits here for the record, which could not be written to. ${told}`;
  return `The lease of the stack \`${stack}\` is broken.${unrecorded}`;
}

const changed = (lease: Lease, { stack }: Call) =>
  new DeckError(
    "unknown",
    `It is no longer as it was shown, and nothing was broken. ${leaseSentence(lease, stack)}`,
    forStack("npx deck lease show", stack),
  );

function ask({ stack }: Call, { signal }: World): Promise<void> {
  const withoutQuestion = forStack("npx deck lease break --why '<why>' --yes", stack);
  const question = "Whoever is at work there all the same goes on for a moment, beside whoever comes next. Break it?";
  return decide({ question, withoutQuestion, refused: "Nothing was broken.", signal });
}

/** @returns why it waits here, where the host did not take it. */
async function putOnRecord(
  of: Stack,
  world: World,
  { host, summary }: { readonly host: Parameters<typeof record>[0]["host"]; readonly summary: string },
): Promise<string | undefined> {
  const { root, stack } = of;
  const [who, commit] = await Promise.all([whoActs(root), headOf(root)]);
  const about = { at: world.now().toISOString(), stack, who, ...(commit === undefined ? {} : { commit }) };
  return record(historyPlaceOf(host, of), { event: "lease-broken", ...about, summary }).then(
    () => undefined,
    (error: Error) => error.message,
  );
}
