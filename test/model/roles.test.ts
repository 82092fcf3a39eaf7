import assert from "node:assert/strict";
import fc from "fast-check";
import { checkRoles, covers, formatRolesFaults, productionCode } from "../../model/roles.ts";
import { allowedSigners, codeOwners, namespaces, namespacesOf, revokedKeys } from "../../model/signers.ts";

/** A public key; nothing is signed with it. */
const keyOf = (name: string) =>
  `ssh-ed25519 ${Buffer.from(`\0\0\0\x0bssh-ed25519\0\0\0 ${name.padEnd(32, ".")}`).toString("base64")}`;

const member = (id: string, roles: readonly string[], more: object = {}) => ({
  id,
  name: id,
  emails: [`${id}@example.org`],
  keys: [{ public: keyOf(id), from: "2026-01-01" }],
  roles,
  ...more,
});
const file = (people: readonly object[], paths: object = {}) => ({
  version: 1,
  roles: { builder: { paths: ["/"] }, examiner: { paths: ["test/"] }, judge: { paths: [] }, operator: { paths: [] }, ...paths },
  people,
});
const faultsOf = (raw: unknown) => {
  const parsed = checkRoles(raw);
  return parsed.ok ? [] : parsed.faults.map(({ path, problem }) => `${path}: ${problem}`);
};

describe("roles", () => {
  it("may be held apart, and an Operator may be a Builder or a Judge too", () => {
    const people = [
      member("ada", ["builder", "operator"]),
      member("bo", ["judge", "operator"]),
      member("ci", ["examiner"], { kind: "machine" }),
    ];
    assert.deepEqual(faultsOf(file(people)), []);
  });

  const contradictions: readonly (readonly [string, unknown, readonly string[]])[] = [
    ["a Judge who builds", file([member("ada", ["judge", "builder"])]), ["people[0].roles: A Judge may be no Builder."]],
    ["a Judge who examines", file([member("ada", ["examiner", "judge"])]), ["people[0].roles: A Judge may be no Examiner."]],
    [
      "an Examiner who builds",
      file([member("ada", ["examiner", "builder"])]),
      ["people[0].roles: An Examiner may not change production code, and `/` is some."],
    ],
    [
      "an Examiner whose role reaches production code",
      file([member("cy", ["examiner"])], { examiner: { paths: ["test/", "model/roles.ts"] } }),
      ["people[0].roles: An Examiner may not change production code, and `model/roles.ts` is some."],
    ],
    [
      "one key for two people",
      file([member("ada", ["builder"]), { ...member("bo", ["judge"]), keys: [{ public: keyOf("ada"), from: "2026-01-01" }] }]),
      ["people[1].keys[0].public: `ada` has this key already."],
    ],
    [
      "one e-mail for two people, however it is written",
      file([member("ada", ["builder"]), { ...member("bo", ["judge"]), emails: ["bo@example.org", "ADA@Example.org"] }]),
      ["people[1].emails[1]: `ada` has this e-mail already."],
    ],
    [
      "one id for two people",
      file([member("ada", ["builder"]), { ...member("bo", ["judge"]), id: "ada" }]),
      ["people[1].id: `ada` has this id already."],
    ],
    [
      "one GitHub name for two people",
      file([member("ada", ["builder"], { github: "Ada" }), member("bo", ["judge"], { github: "ada" })]),
      ["people[1].github: `ada` has this GitHub name already."],
    ],
    [
      "a machine that builds",
      file([member("ci", ["builder"], { kind: "machine" })]),
      ["people[0].roles: A machine may hold the Examiner's role only."],
    ],
    [
      "a key that ends before it begins",
      file([member("ada", ["builder"], { keys: [{ public: keyOf("ada"), from: "2026-02-01", until: "2026-01-01" }] })]),
      ["people[0].keys[0].until: It ends on 2026-01-01, before it begins on 2026-02-01."],
    ],
  ];
  for (const [what, raw, wanted] of contradictions) {
    it(`refuse ${what}`, () => assert.deepEqual(faultsOf(raw), wanted));
  }

  it("refuse unknown keys, patterns, ways out of the tree, and keys with a comment, all at once", () => {
    const people = [
      { ...member("ada", ["builder"]), keys: [{ public: `${keyOf("ada")} ada@laptop`, from: "2026-01-01" }], admin: true },
    ];
    const faults = faultsOf(file(people, { operator: { paths: ["*.ts", "../x", "/etc", "a b"] } }));
    assert.deepEqual(
      faults.map((fault) => fault.split(":", 1)[0]),
      [
        "roles.operator.paths[0]",
        "roles.operator.paths[1]",
        "roles.operator.paths[2]",
        "roles.operator.paths[3]",
        "people[0].keys[0].public",
        "people[0]",
      ],
    );
    assert.match(formatRolesFaults([{ path: "people", problem: "x" }]), /has 1 fault:\n {2}`people`: x/);
  });

  it("are refused as an empty file", () => assert.equal(faultsOf(null).length, 1));

  it("cover a folder's files and nothing beside it", () => {
    assert.ok(covers("host/", "host/a/b.ts") && covers("/", "a") && covers("a.ts", "a.ts"));
    assert.ok(!covers("host/", "hosts/a") && !covers("host/", "host") && !covers("a.ts", "a.ts/b"));
  });

  it("never let an Examiner hold any part in which production code lies", () => {
    const parts = fc.oneof(
      fc.constantFrom(...productionCode),
      fc.constantFrom(...productionCode).map((code) => (code.endsWith("/") ? `${code}x.ts` : code)),
      fc.constant("/"),
    );
    fc.assert(
      fc.property(parts, (part) => faultsOf(file([member("cy", ["examiner"])], { examiner: { paths: [part] } })).length === 1),
    );
  });
});

describe("what is generated from the roles", () => {
  const roles = () => {
    const parsed = checkRoles(
      file(
        [
          member("ada", ["builder", "operator"], { github: "ada-l" }),
          member("bo", ["judge"], {
            keys: [{ public: keyOf("bo"), from: "2026-01-01", until: "2026-12-31", revoked: "2026-06-01" }],
          }),
          member("cy", ["examiner"], { github: "cy" }),
        ],
        { judge: { paths: ["Documentation/"] } },
      ),
    );
    return parsed.ok ? parsed.roles : assert.fail(JSON.stringify(parsed.faults));
  };
  const lines = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

  it("names for each key the statements of its owner's roles and its days, both included", () => {
    assert.deepEqual(lines(allowedSigners(roles())), [
      `ada namespaces="git,phillbot-mode",valid-after="20260101000000Z" ${keyOf("ada")}`,
      `bo namespaces="git,phillbot-release,phillbot-revocation,phillbot-mode",valid-after="20260101000000Z",valid-before="20261231235959Z" ${keyOf("bo")}`,
      `cy namespaces="git,phillbot-attestation,phillbot-mode",valid-after="20260101000000Z" ${keyOf("cy")}`,
    ]);
    assert.deepEqual(lines(revokedKeys(roles())), [keyOf("bo")]);
  });

  it("lets the sign-off be the Judge's alone, and evidence the Examiner's", () => {
    for (const [role, own] of [
      ["builder", []],
      ["operator", []],
      ["judge", ["release", "revocation"]],
      ["examiner", ["attestation"]],
    ] as const) {
      const may = namespacesOf({ roles: [role] });
      for (const statement of ["release", "revocation", "attestation"] as const) {
        assert.equal(
          may.includes(namespaces[statement]),
          (own as readonly string[]).includes(statement),
          `${role}, ${statement}`,
        );
      }
    }
  });

  it("gives each part to all who may change it, the wider part first, since GitHub takes the last that fits", () => {
    assert.deepEqual(lines(codeOwners(roles())), ["* @ada-l", "/test/ @ada-l @cy", "/Documentation/ @ada-l"]);
  });
});
