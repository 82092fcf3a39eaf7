import assert from "node:assert/strict";
import { parseCommandLine } from "../../deck/commandLine.ts";
import { DeckError, type Verb } from "../../deck/verb.ts";

const run: Verb["run"] = () => Promise.reject(new Error("not called here"));
const verbs: readonly Verb[] = [
  { name: "ps", summary: "Shows.", run },
  { name: "ps all", summary: "Shows more.", run },
  { name: "docs sync", summary: "Syncs.", changes: true, run },
  { name: "docs verify", summary: "Verifies.", run },
  {
    name: "logs",
    summary: "Tails.",
    options: [
      { flags: "-f, --follow", description: "follow" },
      { flags: "--since <duration>", description: "how far back", default: "10m" },
      { flags: "--format <format>", description: "format", choices: ["json", "text"] },
    ],
    run,
  },
  {
    name: "smoke",
    summary: "Probes.",
    arguments: [{ name: "<what>", description: "what", choices: ["telegram", "memory"] }],
    run,
  },
];

const read = (argv: readonly string[], environment: Record<string, string> = {}) =>
  parseCommandLine(argv, { verbs, version: "1.2.3", environment });

describe("parseCommandLine", () => {
  const base = { stack: "dev", json: false, yes: false, dryRun: false, args: [], options: {} };
  const logs = { ...base, verb: "logs", options: { since: "10m" } };
  for (const [argv, expected, environment] of [
    [["ps"], { ...base, verb: "ps" }],
    [["ps", "--json"], { ...base, verb: "ps", json: true }],
    [["ps", "--stack", "prod"], { ...base, verb: "ps", stack: "prod" }],
    [["ps", "all", "--stack", "prod", "--json"], { ...base, verb: "ps all", stack: "prod", json: true }],
    [["ps", "--stack", "prod", "all"], { ...base, verb: "ps all", stack: "prod" }],
    [["docs", "--stack", "prod", "verify"], { ...base, verb: "docs verify", stack: "prod" }],
    [["--stack=prod", "--json", "docs", "verify"], { ...base, verb: "docs verify", stack: "prod", json: true }],
    [["smoke", "--stack", "telegram", "memory"], { ...base, verb: "smoke", stack: "telegram", args: ["memory"] }],
    [["ps"], { ...base, verb: "ps", stack: "prod" }, { PHILLBOT_STACK: "prod" }],
    [["ps", "--stack=dev"], { ...base, verb: "ps" }, { PHILLBOT_STACK: "prod" }],
    [["ps"], { ...base, verb: "ps" }, { PHILLBOT_STACK: "" }],
    [["docs", "sync", "--yes"], { ...base, verb: "docs sync", yes: true }],
    [["docs", "sync", "--dry-run", "--json"], { ...base, verb: "docs sync", json: true, dryRun: true }],
    [["docs", "verify"], { ...base, verb: "docs verify" }],
    [["logs"], logs],
    [["logs", "-f"], { ...logs, options: { since: "10m", follow: true } }],
    [["logs", "--follow", "--since", "2m"], { ...logs, options: { since: "2m", follow: true } }],
    [["logs", "--format", "json"], { ...logs, options: { since: "10m", format: "json" } }],
    [["smoke", "telegram"], { ...base, verb: "smoke", args: ["telegram"] }],
    [["smoke", "--json", "memory"], { ...base, verb: "smoke", json: true, args: ["memory"] }],
  ] as const) {
    it(`reads \`${argv.join(" ")}\`${environment ? ` with ${JSON.stringify(environment)}` : ""}`, () => {
      const asked = read(argv, environment);
      assert.ok("call" in asked);
      assert.deepEqual(asked.call, expected);
      assert.equal(asked.verb.name, expected.verb);
    });
  }

  for (const [argv, message] of [
    [[], /A verb is missing/],
    [["docs"], /A verb is missing/],
    [["nothing"], /Unknown command 'nothing'/],
    [["docs", "nothing"], /Unknown command 'nothing'/],
    [["ps", "--nothing"], /Unknown option '--nothing'/],
    [["ps", "--yes"], /Unknown option '--yes'/],
    [["ps", "more"], /Too many arguments/],
    [["smoke"], /Missing required argument 'what'/],
    [["smoke", "world"], /Allowed choices are telegram, memory/],
    [["logs", "--since"], /Option '--since <duration>' argument missing/],
    [["logs", "--format", "xml"], /Allowed choices are json, text/],
    [["help", "nothing"], /Unknown command 'nothing'/],
    [["docs", "help", "nothing"], /Unknown command 'nothing'/],
    [["docs", "nothing", "--help"], /Unknown command 'nothing'/],
    [["ps", "nothing", "-h"], /Unknown command 'nothing'/],
    [["--stack", "prod"], /A verb is missing/],
    [["--stack", "prod", "nothing"], /Unknown command 'nothing'/],
    [["ps", "--stack"], /Option '--stack <name>' argument missing/],
    [["ps", "--stack", "../prod"], /The stack's name is "\.\.\/prod"/],
    [["ps", "--stack", "a..b"], /The stack's name is/],
    [["ps", "--stack", ""], /The stack's name is ""/],
  ] as const) {
    it(`refuses \`${argv.join(" ")}\` as wrong usage, in one sentence`, () => {
      assert.throws(
        () => read(argv),
        (error) => error instanceof DeckError && error.code === 2 && message.test(error.message) && !error.message.includes("\n"),
      );
    });
  }

  for (const [argv, help] of [
    [[], "npx deck --help"],
    [["nothing"], "npx deck --help"],
    [["smoke"], "npx deck smoke --help"],
    [["smoke", "world"], "npx deck smoke --help"],
    [["ps", "--nothing"], "npx deck ps --help"],
    [["docs"], "npx deck docs --help"],
    [["docs", "nothing"], "npx deck docs --help"],
    [["docs", "sync", "more"], "npx deck docs sync --help"],
  ] as const) {
    it(`points from \`${argv.join(" ")}\` to \`${help}\``, () => {
      assert.throws(
        () => read(argv),
        (error) => error instanceof DeckError && error.remedy === help,
      );
    });
  }

  for (const argv of [["--help"], ["docs", "--help"], ["docs", "sync", "-h"]]) {
    it(`prints help with the exit codes for \`${argv.join(" ")}\``, () => {
      const asked = read(argv);
      assert.ok("text" in asked);
      assert.match(asked.text, /^Usage: deck/);
      for (const code of [0, 1, 2, 3, 4]) assert.match(asked.text, new RegExp(`^ {2}${code} {2}\\w`, "m"));
    });
  }

  for (const [asked, same] of [
    [["help"], ["--help"]],
    [
      ["help", "ps"],
      ["ps", "--help"],
    ],
    [
      ["help", "docs", "sync"],
      ["docs", "sync", "--help"],
    ],
    [
      ["docs", "help", "sync"],
      ["docs", "sync", "--help"],
    ],
    [
      ["docs", "help"],
      ["docs", "--help"],
    ],
    [
      ["smoke", "memory", "--help"],
      ["smoke", "--help"],
    ],
  ] as const) {
    it(`helps for \`${asked.join(" ")}\` as for \`${same.join(" ")}\``, () => {
      const text = read(asked);
      assert.ok("text" in text);
      assert.deepEqual(text, read(same));
    });
  }

  it("prints the version", () => {
    assert.deepEqual(read(["--version"]), { text: "1.2.3\n" });
  });
});
