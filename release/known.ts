/** What a release is judged by, read once: the trust, the records, and what each record says where its signature holds. */

import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { canonicalJson } from "../model/canonical.ts";
import { jsonIn } from "../model/jsonIn.ts";
import { manifestSchema, type ReleaseManifest } from "../model/releaseManifest.ts";
import { signersAt, signersEver } from "../model/signers.ts";
import {
  type Evidence,
  evidenceSchema,
  placesOf,
  type Revocation,
  revocationSchema,
  type SignOff,
  signOffSchema,
} from "../model/statements.ts";
import { claimedRelease, open, type Signing } from "./envelope.ts";
import { type Recorded, type RecordKind, readRecords } from "./records.ts";
import type { GitOptions } from "./repository.ts";
import { Seen } from "./seen.ts";
import type { Trust } from "./sshSignature.ts";
import { type InstalledTrust, readTrust, trustFolder } from "./trust.ts";

/** A record whose signature holds, by whom, and when its key had to count. */
export interface Said<T> {
  readonly ok: true;
  readonly record: string;
  readonly statement: T;
  readonly signer: string;
  readonly at: Date;
}

export type Heard<T> = Said<T> | { readonly ok: false; readonly record: string; readonly reason: string };

/** A manifest on record. It is not signed itself: the sign-offs name its digest. */
export interface KnownRelease {
  readonly digest: string;
  readonly commit: string;
  readonly manifest: ReleaseManifest;
}

export interface KnownOptions extends GitOptions {
  readonly stack: string;
  readonly now: Date;
  /** Records that are not written yet, to be judged as if they were. */
  readonly unwritten?: readonly Pick<Recorded, "kind" | "digest" | "content">[];
  /** Only a test has another place for the root of trust than the one that the code fixes. */
  readonly trustFolder?: string;
}

/** By the rules of this version; another number voids what was judged by an older one. */
const rulesVersion = 3;

export class Known implements AsyncDisposable {
  readonly folder: string;
  readonly stack: string;
  readonly now: Date;
  readonly git: GitOptions;
  readonly trust: InstalledTrust;
  readonly seen: Seen;
  /** What is on the branch, oldest first. */
  readonly recorded: readonly Recorded[];
  readonly #records: readonly Pick<Recorded, "kind" | "digest" | "content">[];
  readonly #lists: string;
  readonly #heard = new Map<string, Promise<Heard<unknown>>>();
  readonly #written = new Map<string, Promise<string>>();

  private constructor(
    folder: string,
    { stack, now, unwritten = [], trustFolder: _, ...git }: KnownOptions,
    read: { readonly trust: InstalledTrust; readonly seen: Seen; readonly records: readonly Recorded[]; readonly lists: string },
  ) {
    this.folder = folder;
    this.stack = stack;
    this.now = now;
    this.git = git;
    this.trust = read.trust;
    this.seen = read.seen;
    this.recorded = read.records;
    this.#records = [...read.records, ...unwritten];
    this.#lists = read.lists;
  }

  /** @throws TrustMissing, RecordsAltered */
  static async read(folder: string, options: KnownOptions): Promise<Known> {
    const { stack, now: _now, unwritten: _unwritten, trustFolder: place = trustFolder(stack), ...git } = options;
    const reading = readRecords(folder, git);
    reading.catch(() => undefined);
    const trust = await readTrust(stack, place);
    const [seen, records] = await Promise.all([Seen.in(place), reading]);
    const lists = await mkdtemp(join(tmpdir(), "phillbot-trust-"));
    return new Known(folder, options, { trust, seen, records, lists });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#lists, { recursive: true, force: true });
  }

  /** Oldest first, as they were put on record. */
  get releases(): readonly KnownRelease[] {
    return this.#of("releases").flatMap(({ digest, content }) => {
      const manifest = manifestSchema.safeParse(jsonIn(content));
      return manifest.success ? [{ digest, commit: manifest.data.predicate.commit, manifest: manifest.data }] : [];
    });
  }

  evidenceAbout(release: string): Promise<readonly Heard<Evidence>[]> {
    return this.#about(release, "attestations", { kind: "attestation", schema: evidenceSchema });
  }

  signOffsOf(release: string): Promise<readonly Heard<SignOff>[]> {
    return this.#about(release, "signatures", { kind: "release", schema: signOffSchema });
  }

  /** True where a sign-off claims to be of the release; whether one counts is another question. */
  claimsSignOff(release: string): boolean {
    return this.#of("signatures").some(({ content }) => claimedRelease(content) === release);
  }

  /** What takes the release back stands though its key has expired or was revoked since: it can open nothing. */
  async revocationsOf(release: string): Promise<readonly Heard<Revocation>[]> {
    const trust = await this.#trustEver();
    const heard = await this.#about(release, "revocations", { kind: "revocation", schema: revocationSchema, trust });
    if (heard.some((each) => each.ok)) await this.seen.revoke(release);
    return heard;
  }

  /**
   * Where no key of the roles, whatever became of key and release since, ever signed the release off for the stack: why no sign-off
   * on record is one, as sentences. What a stack's record calls released must have been signed once.
   */
  async neverSignedOff(release: string): Promise<readonly string[] | undefined> {
    const trust = await this.#trustEver();
    const reasons: string[] = [];
    for (const { digest, content } of this.#of("signatures")) {
      if (claimedRelease(content) !== release) continue;
      const opened = await open(content, { kind: "release", schema: signOffSchema, trust, at: this.now });
      const place = opened.ok ? opened.statement.predicate.resourceUri : "";
      if (place.startsWith(placesOf(this.stack))) return undefined;
      const reason = opened.ok ? `It is for \`${place}\`.` : opened.reason;
      reasons.push(`The sign-off ${digest.slice(0, 12)} does not count. ${reason}`);
    }
    return reasons;
  }

  /** For the commits of a release that was first seen at that time. */
  async trustAt(at: Date): Promise<Trust> {
    const allowedSigners = await this.#list(at.toISOString().slice(0, 10), signersAt(this.trust.roles, at));
    return { allowedSigners, revoked: this.trust.revoked };
  }

  /** Stands for all that can change what was once judged: the rules, the roles, and what was revoked. */
  get judgedBy(): string {
    const revocations = this.#of("revocations").map(({ digest }) => digest);
    const all = {
      rulesVersion,
      trust: this.trust.fingerprint,
      revocations: revocations.toSorted(),
      seen: [...this.seen.revoked].toSorted(),
    };
    return createHash("sha256").update(canonicalJson(all)).digest("hex");
  }

  #of(kind: RecordKind) {
    return this.#records.filter((record) => record.kind === kind);
  }

  /** Everything that speaks of the release, and what cannot be read at all. */
  async #about<T>(release: string, kind: RecordKind, how: Hearing<T>): Promise<readonly Heard<T>[]> {
    const records = this.#of(kind).filter(({ content }) => (claimedRelease(content) ?? release) === release);
    const heard = await Promise.all(
      records.map(async ({ digest, content }) => {
        const known = (this.#heard.get(digest) as Promise<Heard<T>> | undefined) ?? this.#hear(digest, content, how);
        this.#heard.set(digest, known);
        const one = await known;
        return !one.ok || claimedRelease(content) === release ? [one] : [];
      }),
    );
    return heard.flat();
  }

  async #hear<T>(record: string, content: string, { trust = this.trust, ...how }: Hearing<T>): Promise<Heard<T>> {
    const at = this.seen.heardAt(record, this.now);
    const opened = await open(content, { ...how, trust, at, objects: this.git.objects });
    if (!opened.ok) return { ok: false, record, reason: opened.reason };
    await this.seen.enter(record, this.now);
    return { ...opened, record, at };
  }

  /** Every key that was on record at any time, whatever became of it. */
  async #trustEver(): Promise<Trust> {
    const allowedSigners = await this.#list("ever", signersEver(this.trust.roles));
    return { allowedSigners, revoked: await this.#list("none", "") };
  }

  /** Written once: whoever asks beside another must not empty the file that is being read. */
  #list(name: string, text: string): Promise<string> {
    const path = join(this.#lists, name);
    const written = this.#written.get(name) ?? writeFile(path, text, { mode: 0o600 }).then(() => path);
    this.#written.set(name, written);
    return written;
  }
}

interface Hearing<T> {
  readonly kind: Signing["kind"];
  readonly schema: z.ZodType<T>;
  /** Default: the installed one. */
  readonly trust?: Trust;
}
