/**
 * When this machine first saw each record with a signature that held. A key is judged at that time: the time that a statement
 * or a commit says of itself can be any. It lies beside the root of trust, outside every tree, and is only ever added to.
 */

import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { jsonIn } from "../model/jsonIn.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const line = z.union([
  z.strictObject({ record: digest, at: z.iso.datetime() }),
  /** A sign-off whose whole release was judged and held, by the rules, roles and revocations that this digest stands for. */
  z.strictObject({ held: digest, by: digest }),
  /** A release that was revoked: it stays so, though the record of that may be kept from this machine later. */
  z.strictObject({ revoked: digest }),
]);

export const seenFile = "seen.jsonl";

export class Seen {
  readonly #path: string;
  readonly #records = new Map<string, Date>();
  readonly #held = new Set<string>();
  readonly #revoked = new Set<string>();
  /** A line that was cut off must not spoil the next one. */
  #unended: boolean;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#unended = text !== "" && !text.endsWith("\n");
    for (const each of text.split("\n")) this.#take(each);
  }

  /** @param folder the root of trust's; whose it is was checked when that was read. */
  static async in(folder: string): Promise<Seen> {
    const path = join(folder, seenFile);
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    return new Seen(path, text);
  }

  /** A line that cannot be read counts as never written: what it spoke of is judged as of now. */
  #take(text: string): void {
    const read = line.safeParse(jsonIn(text));
    if (!read.success) return;
    if ("revoked" in read.data) this.#revoked.add(read.data.revoked);
    else if ("held" in read.data) this.#held.add(`${read.data.held} ${read.data.by}`);
    else if (!this.#records.has(read.data.record)) this.#records.set(read.data.record, new Date(read.data.at));
  }

  /** Undefined where it was never seen with a signature that held. */
  firstSeen(record: string): Date | undefined {
    return this.#records.get(record);
  }

  /** When its key must have counted: when it was first seen, or now where it was not yet; never later than now. */
  heardAt(record: string, now: Date): Date {
    const first = this.firstSeen(record);
    return first === undefined || first > now ? now : first;
  }

  async enter(record: string, at: Date): Promise<void> {
    if (!this.#records.has(record)) await this.#append({ record, at: at.toISOString() });
  }

  held(signOff: string, by: string): boolean {
    return this.#held.has(`${signOff} ${by}`);
  }

  async keep(signOff: string, by: string): Promise<void> {
    if (!this.held(signOff, by)) await this.#append({ held: signOff, by });
  }

  /** Releases that this machine has seen revoked. */
  get revoked(): ReadonlySet<string> {
    return this.#revoked;
  }

  async revoke(release: string): Promise<void> {
    if (!this.#revoked.has(release)) await this.#append({ revoked: release });
  }

  async #append(entry: z.input<typeof line>): Promise<void> {
    const text = JSON.stringify(entry);
    await appendFile(this.#path, `${this.#unended ? "\n" : ""}${text}\n`, { mode: 0o600 });
    this.#unended = false;
    this.#take(text);
  }
}
