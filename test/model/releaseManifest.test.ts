import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import {
  differingSubjects,
  liveFacts,
  type ManifestFile,
  manifestSchema,
  partListings,
  partOf,
  renderManifestOf,
} from "../../model/releaseManifest.ts";

const digest = (text: string) => createHash("sha256").update(text).digest("hex");
const file = (path: string, content = path, mode = "100644"): ManifestFile => ({ path, mode, digest: digest(content) });
const subjects = (files: readonly ManifestFile[]) =>
  new Map([...partListings(files)].map(([part, listing]) => [part as string, digest(listing)]));
const manifestOf = (files: readonly ManifestFile[]) =>
  manifestSchema.parse(JSON.parse(renderManifestOf({ releaseId: "1.0.0", commit: "a".repeat(40), subjects: subjects(files) })));

describe("the parts of a release", () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["Documentation/handoff.md", "documentation"],
    ["memory/supabase/migrations/1_a.sql", "migrations"],
    ["memory/supabase/config.toml", "program"],
    ["memory/plugin/index.js", "plugin"],
    ["policy/rules.ts", "policy"],
    ["operations/gate.yaml", "policy"],
    ["operations/roles.yaml", "operations"],
    ["operations/schemas/gate.schema.json", "operations"],
    ["operations/items.yaml", undefined],
    ["operations/exposures.yaml", undefined],
    ["Pulumi.prod.yaml", "settings/prod"],
    ["Pulumi.yaml", "program"],
    ["test/Pulumi.prod.yaml", "program"],
    ["package-lock.json", "program"],
    ["documentation/x", "program"],
    [".gitattributes", "program"],
  ];
  for (const [path, part] of rows)
    it(`count \`${path}\` for ${part ?? "nothing, since it lives on"}`, () => assert.equal(partOf(path), part));

  it("hold every file but the live facts, so that no byte of the tree decides anything unsigned", () => {
    const anyPath = fc.array(fc.constantFrom("Documentation", "operations", "memory", "supabase", "policy", "a", "b.ts"), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(fc.property(anyPath, (names) => (partOf(names.join("/")) === undefined) === liveFacts.includes(names.join("/"))));
  });
});

describe("the manifest", () => {
  const files = [
    file("host/a.ts"),
    file("Documentation/b.md"),
    file("Pulumi.prod.yaml"),
    file("operations/roles.yaml"),
    file("memory/supabase/migrations/1.sql"),
  ];

  it("has the same bytes whatever order its facts come in", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (shuffled) => {
        assert.deepEqual(manifestOf(shuffled), manifestOf(files));
      }),
    );
  });

  it("changes in exactly the subject whose file has another content, name or mode, or is there besides", () => {
    const changes: readonly (readonly [string, readonly ManifestFile[]])[] = [
      ["program", [file("host/a.ts", "other"), ...files.slice(1)]],
      ["program", [file("host/b.ts", "host/a.ts"), ...files.slice(1)]],
      ["program", [file("host/a.ts", "host/a.ts", "100755"), ...files.slice(1)]],
      ["documentation", [...files, file("Documentation/.hidden")]],
      ["settings/prod", [...files.filter(({ path }) => path !== "Pulumi.prod.yaml"), file("Pulumi.prod.yaml", "x")]],
      ["settings/other", [...files, file("Pulumi.other.yaml")]],
      ["migrations", files.filter(({ path }) => !path.startsWith("memory/"))],
      ["operations", [...files, file("operations/modes.yaml")]],
    ];
    for (const [subject, changed] of changes)
      assert.deepEqual(differingSubjects(manifestOf(files), manifestOf(changed)), [subject]);
  });

  it("stays the same when a live fact changes", () => {
    assert.deepEqual(differingSubjects(manifestOf(files), manifestOf([...files, file("operations/items.yaml")])), []);
  });

  it("does not let a name pose as two files", () => {
    const one = partListings([file("a\n100644 b c")]).get("program");
    const two = partListings([file("a"), file("c")]).get("program");
    assert.notEqual(one, two);
    assert.equal(two?.split("\0").length, 3);
  });
});
