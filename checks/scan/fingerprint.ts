/** Names a secret value without telling it, so that a finding can be waived, and a rotation recorded, in any clone. */

import { createHash, createHmac, randomBytes } from "node:crypto";
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { localPrefix, placePrefix, publishedFingerprint } from "../../model/exposures.ts";
import { isGuessable } from "../../model/guessable.ts";
import { Secret } from "../../model/secret.ts";

/** Where the operator's key lies, unless told otherwise: ignored by git, one for each checkout. */
export function fingerprintKeyPath(projectRoot: string): string {
  return join(projectRoot, ".phillbot", "fingerprint.key");
}

/**
 * The key at `path`, made at its first use with mode 600.
 * @throws Error where others may read it, or it is not a key.
 */
export async function readFingerprintKey(path: string): Promise<Secret> {
  await makeKey(path);
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0)
    throw new Error(`\`${path}\` has mode ${(mode & 0o777).toString(8)}, allowed is 600: chmod 600 ${path}`);
  const key = (await readFile(path, "utf8")).trim();
  if (!/^[0-9a-f]{64}$/.test(key)) throw new Error(`\`${path}\` is not a key of 64 hex digits: rm ${path}`);
  return new Secret(key);
}

/** Complete before it has its name, and never replacing one that is there: two runs at once agree on one key. */
async function makeKey(path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined)) !== undefined) return;
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(fresh, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  await chmod(fresh, 0o600);
  try {
    await link(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(fresh);
  }
}

/** HMAC-SHA256 of a value under the operator's key, 32 hex digits: without the key nobody can try values against it. */
function keyedDigest(value: string, key: Secret): string {
  return digest(value, Buffer.from(key.reveal(), "hex"));
}

function digest(value: string, key: Buffer): string {
  return createHmac("sha256", key).update(value).digest("hex").slice(0, 32);
}

/** The keyed digests of all values in use, by name: they tell one set of values from another, in this clone. */
export function keyedDigests(secrets: ReadonlyMap<string, Secret>, key: Secret): ReadonlyMap<string, string> {
  return new Map([...secrets].map(([name, value]) => [name, keyedDigest(value.reveal(), key)]));
}

/** Where a value stands that everybody sees who has the repository: the content, and the offset in it. */
export interface CommittedPlace {
  readonly bytes: Buffer;
  readonly start: number;
}

/**
 * Names values. The name of one that nobody could guess is a salt and the digest under it, so that any clone can tell
 * whether a recorded one is this value's. One that could be guessed is named by its place where that is in the repository,
 * which a waiver of a false finding can name in any clone, and else by the operator's key, for this clone alone.
 */
export class Fingerprints {
  readonly #key: Secret;
  readonly #recorded: readonly string[];
  readonly #known = new Map<string, string>();

  /** @param recorded fingerprints that were published, by whichever clone; the first that fits a value is its name. */
  constructor(key: Secret, recorded: readonly string[]) {
    this.#key = key;
    this.#recorded = recorded.filter((each) => publishedFingerprint.test(each));
  }

  /** @param place only of a value that is not in use: what is in use has one name wherever it stands. */
  of(secret: Secret, place?: CommittedPlace): string {
    const value = secret.reveal();
    const known = this.#known.get(value) ?? this.#nameOf(value);
    this.#known.set(value, known);
    return place !== undefined && known.startsWith(localPrefix) ? placeName(place) : known;
  }

  #nameOf(value: string): string {
    const recorded = this.#recorded.find((each) => salted(value, each.slice(0, 32)) === each);
    if (recorded !== undefined) return recorded;
    if (isGuessable(value)) return `${localPrefix}${keyedDigest(value, this.#key)}`;
    // The same in each run of this clone, and nobody else's: random to whoever lacks the key.
    return salted(value, keyedDigest(`salt\0${value}`, this.#key));
  }
}

function placeName({ bytes, start }: CommittedPlace): string {
  return `${placePrefix}${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}-${start}`;
}

function salted(value: string, salt: string): string {
  return `${salt}-${digest(value, Buffer.from(salt, "hex"))}`;
}
