/** `deck docs stamp`: writes the release and the tree's digest into the living documents. */

import { DocumentsNotStamped, type Stamped, stampDocuments } from "../release/documentStamp.ts";
import { type Call, DeckError, exitCodes, type Verb } from "./verb.ts";

export const docsStampVerb: Verb = {
  name: "docs stamp",
  summary: "Stamp the living documents for a release",
  changes: true,
  arguments: [{ name: "<release>", description: "the release's id; its tag will be `release/<id>`" }],
  options: [
    { flags: "--milestone", description: "this release is a milestone: `handoff.md` is stamped too" },
    { flags: "--no-milestone", description: "it is none, although the documents say so of it" },
  ],
  async run(call, world) {
    const stamped = await stamp(call, world.root);
    return { code: exitCodes.done, data: { ...stamped, dryRun: call.dryRun }, text: wordsOf(stamped, call.dryRun) };
  },
};

async function stamp({ args, options, dryRun }: Call, projectRoot: string): Promise<Stamped> {
  try {
    const milestone = typeof options.milestone === "boolean" ? options.milestone : undefined;
    return await stampDocuments({ projectRoot, release: args[0] ?? "", milestone, dryRun });
  } catch (error) {
    if (error instanceof DocumentsNotStamped) throw new DeckError("usage", error.message);
    throw error;
  }
}

function wordsOf({ stamp, before, written, unchanged, uncommitted }: Stamped, dryRun: boolean): string {
  const what = dryRun ? "Would stamp" : "Stamped";
  const lines = [
    ...written.map((path) => `${what} ${path}.`),
    ...unchanged.map((path) => `${path} carries this stamp already.`),
    `Release ${stamp.release}${stamp.milestone ? ", a milestone" : ""}, tree ${stamp.tree.slice(0, 12)}.`,
  ];
  if (!stamp.milestone) lines.push("handoff.md is as it was: it is written and stamped at a milestone only (`--milestone`).");
  if (before?.milestone === true && !stamp.milestone) {
    lines.push(
      `Release ${before.release} was a milestone, this one is none; if it is: npx deck docs stamp ${stamp.release} --milestone`,
    );
  }
  if (uncommitted.length > 0) {
    lines.push(
      `The stamp covers what is committed; ${uncommitted.length} changed paths are not: ${uncommitted.slice(0, 5).join(", ")}.`,
    );
  }
  return lines.join("\n");
}
