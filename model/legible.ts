/** Text that others wrote, as a terminal may show it: by control characters it could erase and forge what stands around it. */

/** Control characters, and those that turn the direction of what follows. */
export const steering = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u;

/** Colours stay, as do ends of lines and tabs; of all other sequences nothing works any more. */
export function legible(text: string): string {
  if (text.search(steering) < 0) return text;
  return text.replaceAll(allSteering, (found) => (kept.test(found) ? found : "\ufffd"));
}

const colour = "\\u001b\\[[0-9;]{0,40}m";
const allSteering = new RegExp(`${colour}|\\r\\n|${steering.source}`, "gu");
const kept = new RegExp(`^(?:${colour}|\\r?\\n|\\t)$`, "u");

/** Words of somebody else within a line of ours: no colour of theirs, which could hide some, and no line of their own. */
export function inLine(text: string): string {
  return text.replaceAll(new RegExp(steering, "gu"), "\ufffd");
}
