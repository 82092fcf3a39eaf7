import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCommandLine } from "../../deck/commandLine.ts";
import { verbs } from "../../deck/verbs.ts";

const read = (line: string) => parseCommandLine(line.split(" "), { verbs, version: "0", environment: {} });

describe("the operator's verbs", () => {
  for (const [line, verb, more] of [
    ["up --yes", "up", { yes: true }],
    ["up --dry-run", "up", { dryRun: true }],
    ["up --verbose", "up", { options: { verbose: true } }],
    ["preview", "preview", {}],
    ["ps", "ps", {}],
    ["logs -f", "logs", { options: { follow: true, since: "10m" } }],
    ["logs --since 2m", "logs", { options: { since: "2m" } }],
    ["gate --json", "gate", { json: true }],
    ["chat", "chat", {}],
    ["chat /whoami --as 7", "chat", { args: ["/whoami"], options: { as: "7" } }],
    ["smoke telegram", "smoke", { args: ["telegram"] }],
    ["smoke memory", "smoke", { args: ["memory"] }],
    ["smoke github", "smoke", { args: ["github"] }],
    ["docs sync --yes", "docs sync", { yes: true }],
    ["docs verify", "docs verify", {}],
    ["docs check", "docs check", {}],
    ["docs stamp 1.2.0 --no-milestone", "docs stamp", { args: ["1.2.0"], options: { milestone: false } }],
    ["docs stamp 1.2.0", "docs stamp", { args: ["1.2.0"], options: {} }],
    ["docs stamp 1.2.0 --milestone", "docs stamp", { args: ["1.2.0"], options: { milestone: true } }],
    ["secrets scan", "secrets scan", {}],
    ["schema status", "schema status", {}],
    ["schema check", "schema check", {}],
    ["schema check v1", "schema check", { args: ["v1"] }],
    ["backup create --dry-run", "backup create", { dryRun: true }],
    ["backup list", "backup list", {}],
    ["backup verify x", "backup verify", { args: ["x"] }],
    ["backup restore x --yes", "backup restore", { args: ["x"], yes: true }],
    ["backup adopt x --sha256 y", "backup adopt", { args: ["x"], options: { sha256: "y" } }],
    ["backup restore --previous", "backup restore", { options: { previous: true } }],
    ["release cut", "release cut", {}],
    ["release attest --key k --gate other", "release attest", { options: { key: "k", gate: "other" } }],
    ["release attest", "release attest", { options: { gate: "dev" } }],
    ["release sign --machine m", "release sign", { options: { machine: "m" } }],
    ["release verify HEAD~1", "release verify", { args: ["HEAD~1"] }],
    ["release list", "release list", {}],
    ["rollback", "rollback", {}],
    ["rollback 1.0.0 --with-state --yes", "rollback", { args: ["1.0.0"], yes: true, options: { withState: true } }],
    ["drill --keep", "drill", { options: { keep: true } }],
    ["drill --stack prod --dry-run", "drill", { stack: "prod", dryRun: true }],
    ["release revoke 1.0.0 --reason r", "release revoke", { args: ["1.0.0"], options: { reason: "r" } }],
    ["report --open", "report", { options: { open: true } }],
    ["report --format markdown", "report", { options: { format: "markdown" } }],
    [
      "mode set C --key k --evidence e --yes",
      "mode set",
      { args: ["C"], yes: true, options: { key: "k", commit: "HEAD", evidence: "e" } },
    ],
    ["up --wait 600", "up", { options: { wait: "600" } }],
    ["lease show --stack prod", "lease show", { stack: "prod" }],
    ["lease break --why w --yes", "lease break", { yes: true, options: { why: "w" } }],
    ["env --stack prod", "env", { stack: "prod" }],
  ] as const) {
    it(`hold \`${line}\``, () => {
      const asked = read(line);
      assert.ok("call" in asked);
      const plain = { verb, stack: "dev", json: false, yes: false, dryRun: false, args: [], options: {} };
      assert.deepEqual(asked.call, { ...plain, ...more });
    });
  }

  const project = join(import.meta.dirname, "../..");
  const pages = ["README.md", "ARCHITECTURE.md", ...readdirSync(join(project, "docs")).map((file) => join("docs", file))];
  const documents = pages.map((file) => readFileSync(join(project, file), "utf8"));
  const shown = new Set(
    documents.flatMap((text) => [...text.matchAll(/npx deck ([^`#"()\n]+)/g)].map(([, line = ""]) => line.trim())),
  );

  for (const line of shown) {
    it(`know \`npx deck ${line}\`, which the documents show`, () => assert.ok("call" in read(line)));
  }

  it("are shown by the documents", () => assert.ok(shown.size > 10));

  const nouns = new Set(verbs.map(({ name }) => name.split(" ")[0] ?? ""));
  for (const noun of nouns) {
    it(`tell in \`--help\` what \`${noun}\` is for`, () => {
      const asked = read("--help");
      assert.ok("text" in asked);
      assert.match(asked.text, new RegExp(`^ {2}${noun}\\b(?: [<[]\\S+)* {2,}\\w`, "m"));
    });
  }

  it("have one name each", () => {
    assert.equal(new Set(verbs.map(({ name }) => name)).size, verbs.length);
  });

  it("take `--dry-run` where they change something, and nowhere else", () => {
    const changing = verbs.filter(({ changes }) => changes === true).map(({ name }) => name);
    assert.deepEqual(changing.sort(), [
      "backup adopt",
      "backup create",
      "backup restore",
      "docs stamp",
      "docs sync",
      "drill",
      "lease break",
      "mode set",
      "mode withdraw",
      "practice",
      "release attest",
      "release cut",
      "release revoke",
      "release sign",
      "roles generate",
      "rollback",
      "trust install",
      "up",
    ]);
  });
});
