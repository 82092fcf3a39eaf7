/** `deck report`: where the evidence of the last gate lies; prints or opens it. */

import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { outcomeWords } from "../model/rehearsal.ts";
import { judgedContainer, lastEvidence } from "./evidence.ts";
import { evidenceFolderOf } from "./session.ts";
import { ago } from "./time.ts";
import { DeckError, exitCodes, type Verb } from "./verb.ts";

const formats = ["html", "json", "junit", "sarif", "markdown"] as const;
type Format = (typeof formats)[number];

export const reportVerb: Verb = {
  name: "report",
  summary: "Show the evidence of the last gate",
  options: [
    { flags: "--open", description: "open the page in the browser" },
    { flags: "--format <format>", description: "print the evidence itself", choices: formats },
  ],
  async run(call, world) {
    const evidence = await lastEvidence(evidenceFolderOf(world.root, call.stack));
    if (evidence === undefined) {
      throw new DeckError("unknown", `No gate has left evidence for stack \`${call.stack}\` yet.`, "npx deck gate");
    }
    const { paths, report } = evidence;
    const { verdict, startedAt, trigger } = report;
    if (call.options.open === true) await openPage(paths.html);
    const format = call.options.format as Format | undefined;
    const judged = judgedContainer(report.checks);
    const of = judged === undefined ? "" : `, of the container \`${judged.id.slice(0, 12)}\` as started at ${judged.startedAt}`;
    const blocked = verdict.outcome === "open" ? "" : `, blocked by ${blockers(verdict)}`;
    const age = `${ago(startedAt, world.now())} ago, at ${startedAt}`;
    const sentence = `${outcomeWords(report)} ${age}${blocked}${of}. \`npx deck ps\` tells whether that still runs.`;
    // The evidence itself is for a file or a program, which must not find a sentence before it.
    if (format !== undefined) world.output.progress(sentence);
    const text = format === undefined ? `${sentence}\n${paths.html}` : await readFile(paths[format], "utf8");
    return {
      code: exitCodes.done,
      data: { verdict, signOff: report.signOff ?? null, startedAt, trigger, container: judged ?? null, paths },
      text,
    };
  },
};

function blockers({ blockedBy }: { readonly blockedBy: readonly { readonly check: string }[] }): string {
  return [...new Set(blockedBy.map(({ check }) => check))].join(", ");
}

/** Hands the page to the desktop and does not wait for the browser. */
function openPage(path: string): Promise<void> {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  return new Promise((resolve, reject) => {
    const child = spawn(opener, [path], { stdio: "ignore", detached: true });
    child.once("error", () =>
      reject(new DeckError("unknown", `\`${opener}\` is not there to open the page with.`, `file://${path}`)),
    );
    child.once("spawn", () => {
      child.unref();
      resolve();
    });
  });
}
