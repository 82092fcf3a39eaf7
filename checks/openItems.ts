/** The check `open-items`: no open P0, and each open P1 deferred by somebody until a day that has not passed. */

import type { CheckItem, Finding } from "../model/check.ts";
import { type ItemsJudged, itemsSchema, judgeItems } from "../model/items.ts";
import { edit } from "../model/operatorCommand.ts";
import { wantedOrigin } from "../model/origin.ts";
import { readFromDefaultBranch } from "../release/defaultBranch.ts";
import type { Check, CheckContext, TreeTarget } from "./check.ts";
import { unreadBranch } from "./defaultBranch.ts";
import { brokenLedger, type Ledger, parseLedger, readLedger } from "./ledger.ts";

/** The ledger's path from the project's folder. */
export const itemsPath = "operations/items.yaml";

export const openItemsCheck: Check<TreeTarget> = {
  id: "open-items",
  title: "No P0 is open, and each open P1 is deferred with an owner and a date that has not passed.",
  deadlineMs: 45_000,
  probe: async (target, context) => {
    const read = target.settings.requireSignOff ? await fromDefaultBranch(target, context) : await fromWorkTree(target);
    if ("finding" in read) return read.finding;
    if (!read.ledger.ok) return brokenLedger(read.source.path, read.ledger.faults);
    return judged(judgeItems(read.ledger.value, context.now().toISOString().slice(0, 10)), read.source);
  },
};

/** Where the ledger was read: its path, and the commit and age where it is not the work tree's. */
interface Source {
  readonly path: string;
  readonly from: string;
  readonly commit?: string;
  readonly ageSeconds?: number;
}

type Read =
  | { readonly ledger: Ledger<Parameters<typeof judgeItems>[0]>; readonly source: Source }
  | { readonly finding: Finding };

async function fromWorkTree({ projectRoot }: TreeTarget): Promise<Read> {
  return { ledger: await readLedger(projectRoot, itemsPath, itemsSchema), source: { path: itemsPath, from: "the work tree" } };
}

/** Items are a live fact: what counts is what the default branch says now, not what this checkout once held. */
async function fromDefaultBranch({ projectRoot, settings, stack }: TreeTarget, context: CheckContext): Promise<Read> {
  const allowed = context.policy.freshness.items;
  const read = await readFromDefaultBranch(projectRoot, itemsPath, {
    reader: "items",
    wanted: wantedOrigin(settings),
    branch: settings.github?.defaultBranch,
    now: context.now(),
    maximumAgeSeconds: allowed,
    signal: context.signal,
  });
  switch (read.kind) {
    case "read": {
      const { commit, ageSeconds, branch } = read;
      const source = {
        path: itemsPath,
        from: branch === "HEAD" ? "the tip of the default branch" : `the tip of \`${branch}\``,
        commit,
        ageSeconds,
      };
      return { ledger: parseLedger(read.text, itemsSchema), source };
    }
    case "absent":
      return {
        ledger: { ok: false, faults: [{ path: "file", problem: `It is not in commit ${read.commit}.` }] },
        source: { path: itemsPath, from: "origin" },
      };
    default:
      return { finding: unreadBranch(read, { stack, allowedSeconds: allowed }) };
  }
}

function judged({ blocking, open, deferred }: ItemsJudged, source: Source): Finding {
  const measured = { open, deferred, ...source };
  if (blocking.length === 0) {
    const waiting = deferred.length === 0 ? "" : ` (all deferred: ${deferred.join(", ")})`;
    return { status: "pass", summary: `${open.P0} P0 and ${open.P1} P1 are open in ${source.from}${waiting}.`, measured };
  }
  return {
    status: "fail",
    summary: `${blocking.length} open ${blocking.length === 1 ? "item stands" : "items stand"} in the way, allowed are 0. ${blocking.map(({ summary }) => summary).join(" ")}`,
    measured,
    items: blocking,
    remedy: `${edit(source.path)} # ${howToClose(blocking)}${source.commit === undefined ? "" : ", on the default branch: there it counts"}`,
  };
}

/** Only what a waiver could name may wait: a P0 never does. */
function howToClose(blocking: readonly CheckItem[]): string {
  const closed = "set `state: closed` once it is done";
  return blocking.some(({ waivable }) => waivable)
    ? `${closed}, or give a P1 a \`deferral\` with owner, until and reason`
    : closed;
}
