/** What the branch `records` says of releases and of the mode, as events in the order in which they were put there. */

import type { Evidence, Revocation, SignOff } from "../model/statements.ts";
import { placesOf } from "../model/statements.ts";
import type { Heard, Known, KnownRelease, Said } from "./known.ts";
import type { ModesRead, MoveOnRecord, WithdrawnMove } from "./modes.ts";

/** One record that holds. */
export interface RecordedEvent {
  /** When it was put on the branch, by the commit that did; ISO 8601. */
  readonly at: string;
  readonly event: "cut" | "attested" | "signed" | "revoked" | "mode" | "withdrew";
  /** Id of the person whose key signed it; absent for a candidate, which nobody signs. */
  readonly who?: string;
  /** Sha256 (hex) of the record. */
  readonly record: string;
  readonly commit: string;
  readonly release?: { readonly id: string; readonly digest: string };
  /** One sentence. */
  readonly summary: string;
}

type Untimed = Omit<RecordedEvent, "at">;

/**
 * Every candidate, attestation, sign-off for the stack, revocation, withdrawal, and move that counts or would but for a fork.
 * @param modes as `readModes` has them.
 */
export async function eventsOnRecord(known: Known, modes: ModesRead): Promise<readonly RecordedEvent[]> {
  const moves = modes.ok ? modes.moves : [...modes.moves, ...modes.fork];
  const order = new Map(known.recorded.map(({ digest, at }, index) => [digest, { index, at }]));
  const releases = await Promise.all(known.releases.map((release) => eventsOf(known, release)));
  return [...releases.flat(), ...moves.map(moved), ...modes.withdrawn.map(withdrew)]
    .flatMap((event) => {
      const put = order.get(event.record);
      return put === undefined ? [] : [{ put, event: { at: put.at.toISOString(), ...event } }];
    })
    .toSorted((a, b) => a.put.index - b.put.index)
    .map(({ event }) => event);
}

async function eventsOf(known: Known, { digest, commit, manifest }: KnownRelease): Promise<readonly Untimed[]> {
  const release = { id: manifest.predicate.releaseId, digest };
  const [evidence, signOffs, revocations] = await Promise.all([
    known.evidenceAbout(digest),
    known.signOffsOf(digest),
    known.revocationsOf(digest),
  ]);
  const about = <T>(heard: readonly Heard<T>[], event: RecordedEvent["event"], words: (statement: T) => string): Untimed[] =>
    heard
      .filter((each): each is Said<T> => each.ok)
      .map(({ record, signer: who, statement }) => ({ event, who, record, commit, release, summary: words(statement) }));
  const forStack = signOffs.filter((each) => each.ok && each.statement.predicate.resourceUri.startsWith(placesOf(known.stack)));
  return [
    { event: "cut", record: digest, commit, release, summary: "A candidate." },
    ...about<Evidence>(evidence, "attested", ({ predicate }) => {
      const runs = predicate.configuration.map(({ name, annotations: { passed } }) => `${name}, ${passed} passed`);
      return `${predicate.result}: ${runs.join("; ")}.`;
    }),
    ...about<SignOff>(forStack, "signed", ({ predicate }) => `For ${decodeURIComponent(predicate.resourceUri)}.`),
    ...about<Revocation>(revocations, "revoked", ({ predicate }) => predicate.reason),
  ];
}

function moved({ digest, signer, move: { predicate, subject } }: MoveOnRecord): Untimed {
  const by = predicate.evidence.map(({ proof, value }) => `, by ${proof} ${value.slice(0, 40)}`).join("");
  return {
    event: "mode",
    who: signer,
    record: digest,
    commit: subject[0].digest.gitCommit,
    summary: `From ${predicate.from} to ${predicate.to}${by}.`,
  };
}

function withdrew({ digest, stands, signer: who, record, commit }: WithdrawnMove): Untimed {
  const summary = `The move ${digest.slice(0, 12)}; ${stands.slice(0, 12)} stands.`;
  return { event: "withdrew", who, record, commit, summary };
}
