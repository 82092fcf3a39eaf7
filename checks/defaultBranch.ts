/** Why origin's default branch could not be read, as a finding: what is a live fact there cannot be told without it. */

import type { Finding } from "../model/check.ts";
import { setCommand } from "../model/settingsAdvice.ts";
import type { NoTip } from "../release/defaultBranch.ts";

/** @param allowedSeconds how old the last reading may be. */
export function unreadBranch(
  read: NoTip,
  { stack, allowedSeconds }: { readonly stack: string; readonly allowedSeconds: number },
): Finding {
  switch (read.kind) {
    case "distrusted": {
      const summary = `The default branch is not read: ${read.reason}.`;
      return { status: "inconclusive", summary, measured: {}, remedy: read.remedy };
    }
    case "otherDefault":
      return otherDefault(read, stack);
    case "unreachable":
      return unreachable(read, allowedSeconds);
    default:
      return read satisfies never;
  }
}

/** A branch that was the default one once may hold fewer items than that of today. */
function otherDefault({ named, actual }: { named: string; actual: string | undefined }, stack: string): Finding {
  const found = actual === undefined ? "names no branch" : `is \`${actual}\``;
  return {
    status: "inconclusive",
    summary: `The settings name \`${named}\` as the default branch, and the HEAD of \`origin\` ${found}: both must be the same.`,
    measured: { named, actual: actual ?? null },
    // A branch's name may hold what a shell would run.
    remedy: /^[\w./-]+$/.test(actual ?? "'")
      ? setCommand("github.defaultBranch", actual ?? "", stack)
      : "git ls-remote --symref origin HEAD # `phillbot:github.defaultBranch` and origin's default branch must be the same",
  };
}

function unreachable(
  { reason, ageSeconds }: { reason: string; ageSeconds: number | undefined },
  allowedSeconds: number,
): Finding {
  const last =
    ageSeconds === undefined
      ? "it was never read before"
      : `the last reading is ${ageSeconds} s old, allowed are ${allowedSeconds} s`;
  return {
    status: "inconclusive",
    summary: `The default branch cannot be read (${reason}), and ${last}.`,
    measured: { ageSeconds: ageSeconds ?? null, maximumAgeSeconds: allowedSeconds },
    remedy: "git fetch origin",
  };
}
