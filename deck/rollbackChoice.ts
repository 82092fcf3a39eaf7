/** Which of what ran is meant: by its name, by the operator's choice, or the one before. */

import { createInterface } from "node:readline/promises";
import type { Deployment } from "../model/deployments.ts";
import { type CutOff, cutOffs } from "./cutOff.ts";
import { deploymentBefore, deploymentNamed, type Ran } from "./rollbackTarget.ts";
import { ago } from "./time.ts";
import { type Call, DeckError, type World } from "./verb.ts";

/** @throws DeckError with code 4 where there is none, or the operator chose none. */
export async function chooseDeployment(ran: Ran, { args, yes, dryRun }: Call, world: World): Promise<Deployment> {
  const [word] = args;
  if (word !== undefined) return deploymentNamed(ran, word);
  const preset = deploymentBefore(ran);
  if (yes || dryRun || !process.stdin.isTTY) return preset;
  const others = ran.all.filter(({ tree }) => tree !== ran.current);
  const cut = await cutOffs(others, ran, world);
  for (const [index, each] of others.entries())
    world.output.progress(`${String(index + 1).padStart(3)}  ${deploymentLine(each, { ...ran, cut }, world.now())}`);
  const asked = `Which one, 1 to ${others.length} (Enter for \`${preset.name}\`)? `;
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const answer = (await lines.question(asked, { signal: world.signal })).trim();
    const chosen = answer === "" ? preset : others[Number(answer) - 1];
    if (chosen !== undefined) return chosen;
    throw new DeckError("refused", "None of these was chosen; nothing was changed.");
  } finally {
    lines.close();
  }
}

interface Standing extends Pick<Ran, "all" | "current" | "kept"> {
  /** Those that are cut off, or may be, by their trees. */
  readonly cut: ReadonlyMap<string, CutOff>;
}

/** Whether one can come back, in a few words: what is cut off, or may be, cannot, though it is kept. */
export function comesBack(tree: string, { kept, cut }: Pick<Standing, "kept" | "cut">): string {
  const found = cut.get(tree);
  if (found?.kind === "refused") return `cannot come back: ${found.why}`;
  if (found !== undefined) return `whether it can come back cannot be told: ${found.why}`;
  return kept.some((each) => each.tree === tree) ? atOnce : "not kept here";
}

export const atOnce = "can come back at once";

/** One that ran, in a line: when its gate was open, and whether it can come back at once. */
export function deploymentLine({ name, tree, at, entry, abandoned }: Deployment, standing: Standing, now: Date): string {
  const { all, current } = standing;
  const isLastOpen = all.every((each) => each.entry <= entry);
  const notes = [
    `gate open ${ago(at, now)} ago`,
    tree === current ? (isLastOpen ? "runs now" : "was tried again last") : comesBack(tree, standing),
    ...(abandoned ? ["left by a rollback"] : []),
  ];
  return `${name}  ${notes.join(", ")}`;
}
