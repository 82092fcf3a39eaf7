/** What a remedy must be: a command that a shell takes as it is pasted, with all that is said beside it behind a `#`. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

const commands =
  /^(?:npx|npm|git|docker|pulumi|ssh|ssh-keyscan|ssh-keygen|ssh-copy-id|curl|eval|export|unset|read|chmod|ls|grep|install|ps|apt-get|\$\{EDITOR:-vi\}) /;

export function assertPasteable(remedy: string): void {
  // What is the operator's to fill in stands in angle brackets.
  const filled = remedy.replace(/<[^<>]+>/g, "filled-in");
  assert.match(`${filled} `, commands, `\`${remedy}\` begins with no command.`);
  const { status, stderr } = spawnSync("bash", ["-n", "-c", filled], { encoding: "utf8" });
  assert.equal(status, 0, `\`${remedy}\` cannot be pasted: ${stderr}`);
  const [typed = ""] = filled.split(" # ");
  assert.doesNotMatch(typed, /[,:] (?:then|and|or)\b|\bthen: |, (?:then|and|or) /, `\`${remedy}\` holds prose.`);
}
