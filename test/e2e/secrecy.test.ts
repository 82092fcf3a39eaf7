/** No secret anywhere but where it belongs: values in use are looked for in all that preview, updates and every verb leave and show. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { devFolders } from "../../deck/devStack.ts";
import { verbs } from "../../deck/verbs.ts";
import { findValuesInUse } from "../../model/redact.ts";
import { Secret } from "../../model/secret.ts";
import { startChannel } from "./gatewayFaults.ts";
import { docker } from "./gatewayStack.ts";
import { filesBelow, makeStandIns, ProcessWatch, type Seen } from "./processWatch.ts";
import { type Ended, makeProject, type TestProject } from "./project.ts";
import { setTelegramFault, type TelegramFault } from "./telegramFault.ts";

/** What is typed for each verb; `up` and `preview` are run by themselves. */
const lines: Readonly<Record<string, readonly (readonly string[])[]>> = {
  ps: [["ps"]],
  rollback: [["rollback", "--dry-run"]],
  drill: [["drill", "--dry-run"]],
  logs: [["logs", "--since", "1h"]],
  gate: [["gate"]],
  report: [["report"], ...["markdown", "junit", "sarif", "json"].map((format) => ["report", "--format", format])],
  chat: [["chat", "/whoami"]],
  smoke: ["telegram", "memory", "github"].map((what) => ["smoke", what]),
  "docs sync": [["docs", "sync", "--yes"]],
  "docs verify": [["docs", "verify"]],
  "docs check": [["docs", "check"]],
  "docs stamp": [["docs", "stamp", "1.0.0", "--dry-run"]],
  "secrets scan": [["secrets", "scan"]],
  "schema check": [["schema", "check", "HEAD"]],
  "schema status": [["schema", "status"]],
  "backup create": [["backup", "create"]],
  "backup list": [["backup", "list"]],
  "backup verify": [["backup", "verify"]],
  "backup adopt": [["backup", "adopt", "2026-01-01T00-00-00Z-00000000.tar.gz", "--sha256", "0".repeat(64)]],
  // The env file is written for it.
  "backup restore": ["--empty", "--previous"].map((which) => ["backup", "restore", which, "--yes"]),
  "release show": [["release", "show"]],
  "release diff": [["release", "diff", "HEAD~1"]],
  "release cut": [["release", "cut", "--dry-run"]],
  "release attest": [["release", "attest", "--dry-run"]],
  "release sign": [["release", "sign", "--dry-run"]],
  "release verify": [["release", "verify"]],
  "release list": [["release", "list"]],
  "release revoke": [["release", "revoke", "0.1.0", "--reason", "It loses messages.", "--dry-run"]],
  "roles check": [["roles", "check", "HEAD~1..HEAD"]],
  "roles generate": [["roles", "generate", "--dry-run"]],
  history: [["history"]],
  "history verify": [["history", "verify"]],
  "lease show": [["lease", "show"]],
  "lease break": [["lease", "break", "--why", "Nobody is at work.", "--dry-run"]],
  "trust show": [["trust", "show"]],
  "trust install": [["trust", "install", "--dry-run"]],
  "mode show": [["mode", "show"]],
  "mode set": [["mode", "set", "B", "--dry-run"]],
  "mode history": [["mode", "history"]],
  "mode withdraw": [["mode", "withdraw", "a".repeat(12), "--dry-run"]],
  practice: [["practice", "/nowhere/practice", "--dry-run"]],
  env: [["env"]],
};

describe("Secrets in use", function () {
  this.timeout(900_000);
  let project: TestProject;
  let secrets: ReadonlyMap<string, Secret>;
  let environment: Record<string, string>;
  let watch: ProcessWatch;
  let record: string;
  /** Where the commands put what they need for a moment. */
  let temporary: string;
  let github: Server;
  let since: string;
  const ended: { readonly line: string; readonly output: string; readonly code: number | undefined }[] = [];

  const settingsFile = () => join(project.root, `Pulumi.${project.stack}.yaml`);
  const config = () => parse(readFileSync(settingsFile(), "utf8")).config as Record<string, Record<string, unknown>>;
  const found = (text: string) => [...new Set(findValuesInUse(text, secrets).map(({ kind }) => kind))];
  const run = async (...line: readonly string[]): Promise<Ended> => {
    const end = await project.watch(line, { environment });
    ended.push({ line: line.join(" "), output: `${end.stdout}\n${end.stderr}`, code: end.code });
    return end;
  };
  /** Changes a file of the clone for as long as `work` takes. */
  const changed = async (file: string, change: (text: string) => string, work: () => Promise<void>) => {
    const path = join(project.root, file);
    const before = readFileSync(path, "utf8");
    writeFileSync(path, change(before));
    await work().finally(() => writeFileSync(path, before));
  };
  const telegramFault = async (fault: TelegramFault) => {
    const { apiRoot } = config()["phillbot:telegram"] as { apiRoot: string };
    await setTelegramFault(apiRoot, fault);
  };

  before(async () => {
    project = await makeProject();
    since = String(Math.floor(Date.now() / 1000));
    secrets = await plant();
    // One that says back what it was told, as a careless proxy would.
    github = createServer((request, response) => {
      response.writeHead(401, { "content-type": "application/json" });
      response.end(JSON.stringify({ message: `Bad credentials: ${request.headers.authorization}` }));
    });
    await new Promise<void>((resolve) => github.listen(0, "127.0.0.1", resolve));
    environment.GITHUB_API_URL = `http://127.0.0.1:${(github.address() as AddressInfo).port}`;
    watch = new ProcessWatch(secrets, temporary);
  });

  after(async () => {
    await watch?.[Symbol.asyncDispose]();
    github?.close();
    for (const folder of [temporary, record && dirname(record)]) if (folder) rmSync(folder, { recursive: true, force: true });
    await project?.[Symbol.asyncDispose]();
  });

  /** One secret from each kind of source, and the passphrase: all of them made for this run. */
  async function plant(): Promise<ReadonlyMap<string, Secret>> {
    const { secretsFile, passphraseFile } = devFolders(project.root, project.stack);
    const values = new Map(project.secrets);
    values.set("GITHUB_TOKEN", `ghp_${randomBytes(27).toString("base64url").replaceAll(/[-_]/g, "0")}`);
    const key = values.get("MEMORY_PUBLISHABLE_KEY") ?? "";
    const password = values.get("MEMORY_DATABASE_PASSWORD") ?? "";
    const inFile = [...values].filter(([name]) => name !== "MEMORY_PUBLISHABLE_KEY" && name !== "MEMORY_DATABASE_PASSWORD");
    writeFileSync(secretsFile, inFile.map(([name, value]) => `${name}=${value}\n`).join(""));
    const passwordFile = `${secretsFile}.password`;
    writeFileSync(passwordFile, password, { mode: 0o600 });
    const file = parse(readFileSync(settingsFile(), "utf8"));
    const sources = file.config["phillbot:secrets"];
    sources.MEMORY_PUBLISHABLE_KEY.from = { env: "PHILLBOT_TEST_KEY" };
    sources.MEMORY_DATABASE_PASSWORD.from = { command: ["cat", passwordFile] };
    sources.GITHUB_TOKEN = { from: sources.TELEGRAM_BOT_TOKEN.from, gateway: false };
    file.config["phillbot:github"] = { repository: "example/bot" };
    writeFileSync(settingsFile(), stringify(file));
    temporary = mkdtempSync(join(tmpdir(), "phillbot-secrecy-"));
    const standIns = mkdtempSync(join(tmpdir(), "phillbot-stand-ins-"));
    record = makeStandIns(standIns);
    environment = { PHILLBOT_TEST_KEY: key, PATH: `${standIns}:${process.env.PATH}`, TMPDIR: temporary };
    const passphrase = ["PASSPHRASE", readFileSync(passphraseFile, "utf8").trim()] as const;
    return new Map([...values, passphrase].map(([name, value]) => [name, new Secret(value)]));
  }

  it("go through a preview and an update that ends behind an open gate", async () => {
    await run("preview");
    const { code, stderr } = await run("up", "--yes");
    assert.equal(code, 0, stderr.slice(-4000));
  });

  it("go through updates that fail: refused, invalid, and blocked by a check", async () => {
    const item = { id: "P0-test", priority: "P0", title: "A fault", opened: "2026-01-01", owner: "test", state: "open" };
    await changed(
      "operations/items.yaml",
      () => stringify({ version: 1, items: [item] }),
      async () => assert.equal((await run("up", "--yes")).code, 1),
    );
    await changed(
      relative(project.root, settingsFile()),
      (text) => {
        const file = parse(text);
        file.config["phillbot:gateway"].configuration = { session: { noSuchKey: true } };
        return stringify(file);
      },
      async () => assert.notEqual((await run("up", "--yes")).code, 0),
    );
    await telegramFault("401");
    await changed(
      "operations/gate.yaml",
      // A fault that stays need not be waited out.
      (text) => stringify({ ...parse(text), deadlines: { telegram: 15 } }),
      async () => {
        const { code, stderr } = await run("up", "--yes", "--json");
        assert.equal(code, 1, stderr.slice(-4000));
      },
    );
    await telegramFault("none");
    // A refused token stops the channel for good; this is the remedy that the gate prints.
    await startChannel(project);
    assert.equal((await run("smoke", "telegram")).code, 0);
  });

  it("are found where they must not be, and not repeated by whoever says so", async () => {
    const token = secrets.get("TELEGRAM_BOT_TOKEN")?.reveal() ?? "";
    await changed(
      "Documentation/handoff.md",
      (text) => `${text}\nThe token is ${token}.\n`,
      async () => {
        for (const line of [
          ["secrets", "scan"],
          ["docs", "sync", "--yes"],
          ["up", "--yes"],
        ]) {
          for (const more of [[], ["--json"]]) assert.equal((await run(...line, ...more)).code, 1, line.join(" "));
        }
      },
    );
    const gateway = `${project.name}-openclaw-gateway-1`;
    await execa("docker", ["exec", "--interactive", gateway, "sh", "-c", "cat >/proc/1/fd/1"], { input: `using ${token}\n` });
    for (const more of [[], ["--json"]]) {
      const { code, stdout } = await run("logs", "--since", "1h", ...more);
      assert.equal(code, 0);
      assert.match(stdout, /using \[redacted/);
    }
  });

  it("go through every verb, in words and in `--json`", async () => {
    assert.deepEqual([...Object.keys(lines), "preview", "up"].sort(), verbs.map(({ name }) => name).sort());
    for (const line of Object.values(lines).flat()) for (const more of [[], ["--json"]]) await run(...line, ...more);
    await run("preview", "--json");
    assert.ok(ended.some(({ line, code }) => line === "smoke github" && code === 1));
    assert.ok(ended.some(({ line, code }) => line === "ps" && code === 0));
  });

  it("are looked for by a search that finds them where they do belong", () => {
    const { secretsFile } = devFolders(project.root, project.stack);
    assert.deepEqual(found(readFileSync(secretsFile, "utf8")).sort(), [
      "GITHUB_TOKEN",
      "MEMORY_BOT_KEY",
      "OPENCLAW_GATEWAY_TOKEN",
      "TELEGRAM_BOT_TOKEN",
    ]);
    const encoded = Buffer.from(`user:${secrets.get("TELEGRAM_BOT_TOKEN")?.reveal()}`).toString("base64");
    assert.deepEqual(found(encoded), ["TELEGRAM_BOT_TOKEN"]);
    assert.ok(ended.length > 40 && watch.processes > 100, `${ended.length} ends, ${watch.processes} processes`);
    const own = ({ secret, where, process }: Seen) =>
      secret === "MEMORY_PUBLISHABLE_KEY" && where === "environment" && /deck\/main\.ts up/.test(process);
    assert.ok([...watch.seen.values()].some(own), "The update's own environment was not looked at.");
  });

  it("stand in no output", () => {
    for (const { line, output } of ended) assert.deepEqual(found(output), [], `deck ${line}`);
  });

  it("stand in no argv, in no environment but the one that was given so, and in no temporary file but the CLI's of 0600", () => {
    for (const [index, text] of readFileSync(record, "latin1")
      .split(/^called: /m)
      .entries()) {
      if (index > 0) watch.note("environment", text, text.split("\n", 1)[0] ?? "");
    }
    const allowed = ({ secret, where, process, inContainer }: Seen) =>
      // What the gateway does with its own env file, within its own container, is OpenClaw's.
      (where === "environment" && inContainer) ||
      // The operator's own shell gave it to the command line; nothing that this starts has it.
      (where === "environment" && secret === "MEMORY_PUBLISHABLE_KEY" && /deck\/main\.ts/.test(process)) ||
      (where === "file" && secret === "MEMORY_DATABASE_PASSWORD" && /\/phillbot-supabase-[^/]+\/pgpass$/.test(process));
    assert.deepEqual(
      [...watch.seen.values()].filter((each) => !allowed(each)),
      [],
    );
    assert.match(readFileSync(record, "latin1"), /^called: docker/m);
  });

  it("stand in nothing that the engine shows: containers, network, volume, and what was run in them", async () => {
    const names = (await docker("ps", "--all", "--filter", `name=^/${project.name}-`, "--format", "{{.Names}}")).split("\n");
    assert.equal(names.length, 4);
    assert.deepEqual(found(await docker("inspect", ...names, project.name, `${project.name}-postgres`)), []);
    const events = await docker(
      "events",
      "--since",
      since,
      "--until",
      String(Math.ceil(Date.now() / 1000)),
      "--format",
      "{{json .}}",
    );
    assert.match(events, new RegExp(`${project.name}-openclaw-gateway-1`));
    assert.deepEqual(found(events), []);
  });

  it("stand in the state only encrypted, and in no other file but those that are theirs", () => {
    const state = join(project.root, ".phillbot/state/.pulumi");
    assert.ok(readFileSync(join(state, "stacks/phillbot", `${project.stack}.json`), "utf8").includes('"ciphertext"'));
    assert.ok(readdirSync(join(state, "history/phillbot", project.stack)).length > 2);
    const hits = filesBelow(project.root, [".git"]).flatMap((path) => {
      const names = found(readFileSync(path, "latin1"));
      return names.length > 0 ? [{ file: relative(project.root, path), names, mode: statSync(path).mode & 0o777 }] : [];
    });
    const host = relative(project.root, devFolders(project.root, project.stack).baseFolder);
    const own = new RegExp(`^(\\.phillbot/(passphrase|secrets/.*)|${host}/(state/\\.env|dev-services/[a-z]+/[a-z._]+))$`);
    assert.deepEqual(
      hits.filter(({ file, mode }) => !own.test(file) || mode !== 0o600),
      [],
    );
    assert.ok(hits.length >= 7, JSON.stringify(hits));
  });
});
