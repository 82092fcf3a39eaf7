import assert from "node:assert/strict";
import fc from "fast-check";
import { refuseChanges } from "../../model/modeChanges.ts";
import {
  allowedChanges,
  changeKinds,
  checkModes,
  kindOf,
  type Mode,
  modes,
  moves,
  proofs,
  refuseMove,
} from "../../model/modes.ts";
import { roleNames } from "../../model/roles.ts";

const table = [
  { from: "A", to: "B", owner: "builder", needs: ["architecture-stamp"] },
  { from: "B", to: "C", owner: "examiner", needs: ["examiner-evidence"] },
  { from: "C", to: "D", owner: "judge", needs: ["signed-release"] },
  { from: "D", to: "C", owner: "operator", needs: ["incident"] },
  { from: "D", to: "A", owner: "builder", needs: ["milestone"] },
  { from: "B", to: "A", owner: "examiner", needs: ["failed-evidence"] },
  { from: "C", to: "B", owner: "examiner", needs: ["failed-evidence"] },
];
const file = (moves: readonly object[] = table) => ({ version: 1, architecture: ["model/"], moves });
const parsed = () => {
  const result = checkModes(file());
  return result.ok ? result.modes : assert.fail(JSON.stringify(result.faults));
};
const faultsOf = (raw: unknown) => {
  const result = checkModes(raw);
  return result.ok ? [] : result.faults.map(({ path, problem }) => `${path}: ${problem}`);
};

describe("the modes' table", () => {
  const wrong: readonly (readonly [string, unknown, readonly string[]])[] = [
    [
      "a move that is not legal",
      file([...table, { from: "A", to: "D", owner: "judge", needs: ["signed-release"] }]),
      [`moves[7]: A→D is no legal move; there are ${moves.join(", ")}.`],
    ],
    [
      "a move to the mode itself",
      file([...table, { from: "A", to: "A", owner: "judge", needs: ["incident"] }]),
      [`moves[7]: A→A is no legal move; there are ${moves.join(", ")}.`],
    ],
    ["a move that is missing", file(table.slice(1)), ["moves: A→B is missing."]],
    ["a move that is there twice", file([...table, { ...table[0] }]), ["moves[7]: A→B is there twice."]],
    [
      "a proof that was taken away",
      file([...table.slice(0, 2), { ...table[2], needs: ["milestone"] }, ...table.slice(3)]),
      ["moves[2].needs: C→D needs at least `signed-release`."],
    ],
    ["an empty file", null, ["modes: Invalid input: expected object, received null."]],
  ];
  for (const [what, raw, wanted] of wrong) it(`refuses ${what}`, () => assert.deepEqual(faultsOf(raw), wanted));

  it("gives the move to Operate to nobody but the judge", () => {
    for (const owner of roleNames) {
      const given = faultsOf(file([...table.slice(0, 2), { ...table[2], owner }, ...table.slice(3)]));
      assert.deepEqual(given, owner === "judge" ? [] : [`moves[2].owner: C→D is the judge's, not the ${owner}'s.`]);
    }
  });

  it("may ask for more", () => {
    assert.deepEqual(faultsOf(file([...table.slice(0, 6), { ...table[6], needs: ["failed-evidence", "incident"] }])), []);
  });
});

describe("a move", () => {
  it("is made by its owner with its proof", () => {
    for (const { from, to, owner, needs } of parsed().moves) {
      assert.deepEqual(refuseMove(parsed(), { from, to, roles: [owner], proven: needs }), []);
    }
  });

  it("is refused to everybody else, without its proof, and where it is not legal, each with the reason", () => {
    assert.deepEqual(refuseMove(parsed(), { from: "C", to: "D", roles: ["builder"], proven: ["signed-release"] }), [
      "The move C→D is the judge's; yours is builder.",
    ]);
    assert.deepEqual(refuseMove(parsed(), { from: "C", to: "D", roles: ["judge"], proven: ["incident"] }), [
      "The move C→D needs `signed-release`.",
    ]);
    assert.deepEqual(refuseMove(parsed(), { from: "A", to: "D", roles: ["judge"], proven: ["signed-release"] }), [
      "There is no move from A (Build) to D (Operate); from A one moves to B.",
    ]);
  });

  it("is never open but to its owner with all that it needs", () => {
    const subset = <T extends string>(of: readonly T[]) => fc.subarray([...of]);
    fc.assert(
      fc.property(
        fc.constantFrom(...modes),
        fc.constantFrom(...modes),
        subset(roleNames),
        subset(proofs),
        (from, to, roles, proven) => {
          const row = table.find((each) => each.from === from && each.to === to);
          const may =
            row !== undefined &&
            roles.some((role) => role === row.owner) &&
            row.needs.every((need) => (proven as string[]).includes(need));
          assert.equal(refuseMove(parsed(), { from, to, roles, proven }).length === 0, may);
        },
      ),
    );
  });
});

describe("what differs from the baseline, and no commit names", () => {
  it("is a feature in every mode, documents too", () => {
    for (const mode of ["B", "C", "D"] as const) {
      const asked = { mode, changes: [], holdsTest: () => true };
      assert.deepEqual(refuseChanges({ ...asked, unnamed: [] }), []);
      const [fault, ...others] = refuseChanges({ ...asked, unnamed: ["README.md", "host/a.ts"] });
      assert.deepEqual(others, []);
      assert.match(fault ?? "", /what is changed of `README.md` and 1 more: that is of kind `feature`; [BCD] \(\w+\) allows/);
    }
  });
});

describe("the kind of a change", () => {
  const change = (subject: string, paths: readonly string[]) => ({ subject, message: `${subject}\n`, paths, isUntold: false });
  const rows: readonly (readonly [string, readonly string[], string])[] = [
    ["docs: say it better", ["Documentation/handoff.md", "README.md"], "documents"],
    ["docs: say it better", ["docs/judge.md"], "documents"],
    ["docs: say it better", ["docs/build.ts"], "feature"],
    ["Say it better", ["Documentation/handoff.md"], "documents"],
    ["Raise the memory limit", ["Pulumi.prod.yaml"], "configuration"],
    ["fix: answer again", ["host/ssh.ts", "test/host/ssh.test.ts"], "fix"],
    ["fix(host): answer again", ["host/ssh.ts"], "fix"],
    ["fix!: answer otherwise", ["host/ssh.ts"], "feature"],
    ["feat: new verb", ["Documentation/handoff.md"], "feature"],
    ["Answer again", ["host/ssh.ts"], "feature"],
    ["refactor: tidy", ["host/ssh.ts"], "feature"],
    ["docs: tidy", ["host/ssh.ts"], "feature"],
    ["fix:no space", ["host/ssh.ts"], "feature"],
    ["test: another case", ["test/host/ssh.test.ts"], "tests"],
    ["Change a test and a setting", ["test/a.ts", "operations/gate.yaml"], "configuration"],
    ["Upgrade", ["package-lock.json"], "feature"],
    ["fix: note an incident", ["operations/items.yaml"], "documents"],
    ["Wait longer", ["operations/items.yaml", "operations/gate.yaml"], "configuration"],
    ["Nothing", [], "documents"],
  ];
  for (const [subject, paths, kind] of rows) {
    it(`is ${kind} for "${subject}" on ${paths.join(", ") || "nothing"}`, () =>
      assert.equal(kindOf(change(subject, paths)), kind));
  }

  it("is a feature where a footer says that it breaks what was, whatever it touches", () => {
    for (const footer of ["BREAKING CHANGE: settings are read otherwise", "BREAKING-CHANGE: so", "BREAKING CHANGE #so"])
      for (const path of ["host/ssh.ts", "operations/gate.yaml", "README.md"]) {
        const told = { ...change("fix: answer", [path]), message: `fix: answer\n\nWhy.\n\nRefs: 1\n${footer}\n` };
        assert.equal(kindOf(told), "feature", `${footer} on ${path}`);
      }
    const none = { ...change("fix: answer", ["host/ssh.ts"]), message: "fix: answer\n\nThis is no BREAKING CHANGE: it mends.\n" };
    assert.equal(kindOf(none), "fix");
  });

  it("is a feature where it changes the tree, and git names no path of that", () => {
    assert.equal(kindOf({ ...change("docs: tidy", []), isUntold: true }), "feature");
  });

  it("never gets less grave by touching more", () => {
    const rank = (kind: (typeof changeKinds)[number]) => changeKinds.indexOf(kind);
    const paths = fc.subarray(["Documentation/a.md", "test/a.ts", "Pulumi.prod.yaml", "host/a.ts"]);
    const subjects = fc.constantFrom("fix: a", "feat: a", "docs: a", "A");
    fc.assert(
      fc.property(subjects, paths, paths, (subject, some, more) => {
        const less = kindOf(change(subject, some));
        const all = kindOf(change(subject, [...some, ...more]));
        // A fix of documents or tests is none until it touches what runs.
        assert.ok(rank(all) >= rank(less), `${less} became ${all}`);
      }),
    );
  });

  it("lets documents change in every mode but Build, from which nothing reaches production, and no mode a feature", () => {
    for (const each of modes as readonly Mode[]) {
      assert.equal(allowedChanges[each].includes("documents"), each !== "A");
      assert.ok(!allowedChanges[each].includes("feature"));
    }
  });
});
