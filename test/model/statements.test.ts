import assert from "node:assert/strict";
import {
  type Evidence,
  evidenceSchema,
  hostNameOf,
  refuseEvidence,
  refuseSignOff,
  resourceUriOf,
  type SignOff,
  signOffSchema,
} from "../../model/statements.ts";

const [release, other, record] = ["a".repeat(64), "b".repeat(64), "c".repeat(64)];
const about = (sha256 = release): Evidence["subject"] => [{ name: "release", digest: { sha256 } }];
const ranAt = "2026-11-22T12:00:00.000Z";

function evidence(change: (predicate: Evidence["predicate"]) => void = () => {}, sha256?: string): Evidence {
  const run = (name: "npm test" | "gate") => ({
    name,
    digest: { sha256: other },
    annotations: { finishedAt: ranAt, passed: 10, failed: 0 },
  });
  const predicate: Evidence["predicate"] = { result: "PASSED", configuration: [run("npm test"), run("gate")] };
  change(predicate);
  return evidenceSchema.parse({
    _type: "https://in-toto.io/Statement/v1",
    subject: about(sha256),
    predicateType: "https://in-toto.io/attestation/test-result/v0.1",
    predicate,
  });
}
const rules = { release, now: new Date("2026-11-22T13:00:00Z"), maximumAgeSeconds: 3600, clockSkewSeconds: 30 };
const first = ({ configuration: [one] }: Evidence["predicate"]) => one ?? assert.fail();

describe("evidence", () => {
  it("counts where tests and gate passed for this very release, and to the last second that it may be old", () => {
    assert.deepEqual(refuseEvidence(evidence(), rules), []);
  });

  const wrong: readonly (readonly [string, Evidence, readonly string[]])[] = [
    ["about another release", evidence(() => {}, other), [`It is about the release ${"b".repeat(12)}, not ${"a".repeat(12)}.`]],
    [
      "that failed",
      evidence((predicate) => Object.assign(predicate, { result: "FAILED" })),
      ["Its result is FAILED; PASSED is wanted."],
    ],
    [
      "that warns",
      evidence((predicate) => Object.assign(predicate, { result: "WARNED" })),
      ["Its result is WARNED; PASSED is wanted."],
    ],
    ["without the gate", evidence((predicate) => predicate.configuration.pop()), ["It names 0 runs of `gate`; one is wanted."]],
    [
      "with a failed test",
      evidence((predicate) => Object.assign(first(predicate).annotations, { failed: 1 })),
      ["`npm test` failed in 1; 0 are allowed."],
    ],
    [
      "a second too old",
      evidence((predicate) => Object.assign(first(predicate).annotations, { finishedAt: "2026-11-22T11:59:59.000Z" })),
      ["`npm test` ended 3601 s ago; 3600 s are allowed."],
    ],
    [
      "of the future",
      evidence((predicate) => Object.assign(first(predicate).annotations, { finishedAt: "2026-11-22T13:00:31.000Z" })),
      ["`npm test` ended 31 s in the future; 30 s are allowed."],
    ],
  ];
  for (const [what, statement, faults] of wrong)
    it(`does not count ${what}`, () => assert.deepEqual(refuseEvidence(statement, rules), faults));

  it("cannot say that nothing was run", () => {
    assert.equal(evidenceSchema.safeParse({ ...evidence(), predicate: { result: "PASSED", configuration: [] } }).success, false);
    const none = structuredClone(evidence());
    first(none.predicate).annotations.passed = 0;
    assert.deepEqual(refuseEvidence(none, rules), ["`npm test` passed nothing."]);
  });
});

describe("a sign-off", () => {
  const uri = resourceUriOf("prod", "claw@phill:22");
  const signOff = (over: Partial<SignOff["predicate"]> = {}, sha256?: string) =>
    signOffSchema.parse({
      _type: "https://in-toto.io/Statement/v1",
      subject: about(sha256),
      predicateType: "https://slsa.dev/verification_summary/v1",
      predicate: {
        verifier: { id: "https://phillbot.invalid/judge" },
        timeVerified: ranAt,
        resourceUri: uri,
        policy: { uri: "operations/gate.yaml", digest: { sha256: other } },
        inputAttestations: [{ digest: { sha256: record } }],
        verificationResult: "PASSED",
        verifiedLevels: ["SIGNED_OFF"],
        ...over,
      },
    });
  const wanted = {
    release,
    resourceUri: uri,
    evidence: new Set([record]),
    policyDigest: other,
    now: new Date("2026-11-22T13:00:00Z"),
    clockSkewSeconds: 30,
  };

  it("opens a deploy of its release to its stack and host, on evidence that counts", () => {
    assert.deepEqual(refuseSignOff(signOff(), wanted), []);
  });

  it("opens nothing else, each with the reason", () => {
    assert.deepEqual(refuseSignOff(signOff({}, other), wanted), [
      `It is for the release ${"b".repeat(12)}, not ${"a".repeat(12)}.`,
    ]);
    assert.deepEqual(refuseSignOff(signOff({ verificationResult: "FAILED" }), wanted), [
      "Its result is FAILED; PASSED is wanted.",
    ]);
    assert.deepEqual(refuseSignOff(signOff(), { ...wanted, evidence: new Set() }), [
      `The evidence ${"c".repeat(12)} that it names is not on record, or did not count when it was signed.`,
    ]);
    assert.deepEqual(refuseSignOff(signOff(), { ...wanted, policyDigest: release }), [
      "It names another `operations/gate.yaml` than the release holds.",
    ]);
    const early = { ...wanted, now: new Date("2026-11-22T11:59:29.000Z") };
    assert.deepEqual(refuseSignOff(signOff(), early), ["It was signed 31 s in the future; 30 s are allowed."]);
    for (const [stack, host] of [
      ["prod", "claw@other:22"],
      ["stage", "claw@phill:22"],
    ] as const) {
      assert.deepEqual(refuseSignOff(signOff(), { ...wanted, resourceUri: resourceUriOf(stack, host) }).length, 1);
    }
  });

  it("names this machine by its own name, and any other by user, address and port", () => {
    const ssh = { kind: "ssh", user: "claw", address: "phill", port: 22, hostKey: "" } as const;
    assert.equal(hostNameOf(ssh, "here"), "claw@phill:22");
    assert.equal(hostNameOf({ kind: "local" }, "here"), "local:here");
  });

  it("names a place that no other stack and host can be written as", () => {
    assert.notEqual(resourceUriOf("a@b", "c"), resourceUriOf("a", "b@c"));
    assert.notEqual(resourceUriOf("prod", "phill"), resourceUriOf("prod", "phill "));
  });
});
