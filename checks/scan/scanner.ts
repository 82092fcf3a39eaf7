/** One scan: the values in use, the key and the cache that every place is scanned with. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { compressionOf } from "../../model/compression.ts";
import type { ExposureFinding, ExposurePlace } from "../../model/exposures.ts";
import { redact } from "../../model/redact.ts";
import type { Secret } from "../../model/secret.ts";
import { CleanCache } from "./cleanCache.ts";
import { Fingerprints, fingerprintKeyPath, keyedDigests, readFingerprintKey } from "./fingerprint.ts";
import { scanText, textOf } from "./text.ts";

/** A larger content is not read; the check says so and is inconclusive. */
export const largestBytes = 67_108_864;

/** Where a content was found. `path` may be anything: it is redacted before it is shown. */
export interface Origin {
  readonly place: ExposurePlace;
  readonly path: string;
  /** Digest of the content where its caller knows one, else sha256 of its bytes. */
  readonly digest?: string;
}

export interface ScannerOptions {
  readonly projectRoot: string;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Fingerprints on record, in the order in which they count. */
  readonly recorded: readonly string[];
  /** Default: `.phillbot/fingerprint.key` below the project. */
  readonly keyPath?: string;
  readonly signal?: AbortSignal;
}

export class Scanner {
  readonly findings: ExposureFinding[] = [];
  /** Contents that were not read because of their size. */
  readonly tooLarge: string[] = [];
  /** Contents of the tree that are compressed, by path, and with what: a scan of them proves nothing. */
  readonly compressed = new Map<string, string>();
  /** Contents looked at, those known to be clean included. */
  contents = 0;
  /** Fingerprints of the values in use, by name. */
  readonly inUse: ReadonlyMap<string, string>;
  readonly signal: AbortSignal | undefined;
  readonly #secrets: ReadonlyMap<string, Secret>;
  readonly #fingerprints: Fingerprints;
  readonly #cache: CleanCache;

  private constructor(options: ScannerOptions, key: Secret, cache: CleanCache) {
    this.#secrets = options.secrets;
    this.signal = options.signal;
    this.#fingerprints = new Fingerprints(key, options.recorded);
    this.#cache = cache;
    this.inUse = new Map([...options.secrets].map(([name, value]) => [name, this.#fingerprints.of(value)]));
  }

  static async open(options: ScannerOptions): Promise<Scanner> {
    const key = await readFingerprintKey(options.keyPath ?? fingerprintKeyPath(options.projectRoot));
    const folder = join(options.projectRoot, ".phillbot", "exposure-clean");
    return new Scanner(options, key, await CleanCache.open(folder, keyedDigests(options.secrets, key)));
  }

  /** True where a content of this digest need not be read at all. */
  isClean(digest: string): boolean {
    const clean = this.#cache.has(digest);
    if (clean) this.contents += 1;
    return clean;
  }

  /** Scans one content and keeps what it finds. */
  async bytes(bytes: Buffer, origin: Origin): Promise<void> {
    const digest = origin.digest ?? createHash("sha256").update(bytes).digest("hex");
    if (this.isClean(digest)) return;
    const found = await this.#scan(textOf(bytes), origin, bytes);
    const kind = compressionOf(bytes);
    // Clean nowhere: what history holds can come back into the tree.
    if (kind === undefined && found === 0) this.#cache.add(digest);
    if (kind !== undefined && origin.place === "tree") this.compressed.set(redact(origin.path, this.#secrets), kind);
  }

  /** Scans a text that is new each time, such as a log; gives the number of findings. */
  text(text: string, origin: Origin): Promise<number> {
    return this.#scan(text, origin);
  }

  async #scan(text: string, { place, path }: Origin, bytes?: Buffer): Promise<number> {
    this.signal?.throwIfAborted();
    this.contents += 1;
    const found = await scanText(text, this.#secrets);
    const committed = place === "tree" || place === "history" ? bytes : undefined;
    for (const { kind, title, line, start, value, inUse } of found) {
      const spot = committed !== undefined && !inUse ? { bytes: committed, start } : undefined;
      const location = `${redact(path, this.#secrets)}:${line}`;
      this.findings.push({ place, kind, title, location, fingerprint: this.#fingerprints.of(value, spot), inUse });
    }
    return found.length;
  }

  refuseLarge(path: string): void {
    this.tooLarge.push(redact(path, this.#secrets));
  }

  /** Remembers a name as clean: a digest, or a place and the moment to which it was read. */
  markClean(name: string): void {
    this.#cache.add(name);
  }

  /** The greatest name marked clean that starts so, in this run or an earlier one under the same rules and values. */
  latestClean(prefix: string): string | undefined {
    return this.#cache.latest(prefix);
  }

  /** Keeps what was found clean; call it however the scan ended. */
  close(): Promise<void> {
    return this.#cache.save();
  }
}
