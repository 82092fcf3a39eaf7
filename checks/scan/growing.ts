/** Scans a text that only grows, such as a log, from where it was last found clean; its own content proves where that is, no clock. */

import { createHash } from "node:crypto";
import type { Origin, Scanner } from "./scanner.ts";

/** More than any secret that goes over many lines, so that one which was half there is read whole. */
const overlap = 65_536;

/**
 * @param text the whole of it, as it is now.
 * @param mark tells this text from all others.
 * @param readings what to make of a stretch of it before it is scanned; each is scanned.
 * @returns true where no secret stands in it.
 */
export async function scanGrowing(
  scanner: Scanner,
  text: string,
  { mark, origin, readings = (part) => [part] }: { mark: string; origin: Origin; readings?: (part: string) => string[] },
): Promise<boolean> {
  const [order = "0", length = "0", digest = ""] =
    scanner
      .latestClean(`${mark} `)
      ?.slice(mark.length + 1)
      .split(" ") ?? [];
  const isKnown = Number(length) <= text.length && digestOf(text.slice(0, Number(length))) === digest;
  const clean = isKnown ? Number(length) : 0;
  if (isKnown && clean === text.length) return true;
  // From a line's beginning: what stands before each line must be recognised.
  const from = clean <= overlap ? 0 : text.lastIndexOf("\n", clean - overlap) + 1;
  const found = await Promise.all(readings(text.slice(from)).map((part) => scanner.text(part, origin)));
  if (found.some((count) => count > 0)) return false;
  // The greatest name is the latest one: they are numbered, because of two lengths the greater may be of what is gone.
  const next = String(Number(order) + 1).padStart(12, "0");
  scanner.markClean(`${mark} ${next} ${text.length} ${digestOf(text)}`);
  return true;
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
