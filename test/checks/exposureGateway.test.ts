import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Target } from "../../checks/check.ts";
import { exposureCheck } from "../../checks/exposure.ts";
import type { Host, RunOptions, RunResult } from "../../host/host.ts";
import { HostUnreachable } from "../../host/host.ts";
import { LocalHost } from "../../host/local.ts";
import type { Finding } from "../../model/check.ts";
import { Secret } from "../../model/secret.ts";
import { contextOn, Repository, treeTarget } from "../release/gitFixture.ts";
import { emptyLedger, inUse, locations } from "./exposureSample.ts";
import { jwt, random, supabaseSecretKey, telegramToken, tokenCorpus } from "./exposureTokens.ts";

describe("exposure at the gateway", () => {
  const name = "phillbot-gateway";
  const startedAt = "2026-06-15T10:00:00.123456789Z";
  const createdAt = "2026-06-15T09:59:59.100000000Z";
  const neverFinished = "0001-01-01T00:00:00Z";
  let finishedAt: string;
  let repository: Repository;
  let calls: (readonly string[])[];
  let state: string;
  let answers: { config: RunResult; logs: () => RunResult };
  const ok = (stdout: string, stderr = ""): RunResult => ({ code: 0, stdout, stderr });
  const stampedLine = (time: string, text: string) => `2026-06-15T${time}.000000000Z ${text}\n`;

  beforeEach(() => {
    repository = new Repository();
    repository.commit(emptyLedger);
    state = mkdtempSync(join(tmpdir(), "phillbot-state-"));
    calls = [];
    finishedAt = neverFinished;
    answers = { config: ok("{}\n"), logs: () => ok(stampedLine("10:00:01", "ready"), stampedLine("11:00:00", "warn")) };
  });
  afterEach(() => {
    repository[Symbol.dispose]();
    rmSync(state, { recursive: true });
  });

  const host = {
    description: "this machine",
    kind: "local",
    docker: {},
    run: async (argv: readonly string[], options?: RunOptions) => {
      calls.push(argv);
      if (argv[0] === "cat") return answers.config;
      if (argv[0] !== "docker") return new LocalHost().run(argv, options);
      if (argv.includes("inspect")) return ok(`abc123 ${startedAt} ${finishedAt} ${createdAt}\n`);
      const { code, stdout, stderr } = answers.logs();
      // As the engine has it: by each line's own time.
      const since = argv.includes("--since") ? Date.parse(argv[argv.indexOf("--since") + 1] ?? "") : 0;
      const shown = (text: string) => text.replace(/^(\S+) .*\n/gm, (line, time) => (Date.parse(time) < since ? "" : line));
      return { code, stdout: shown(stdout), stderr: shown(stderr) };
    },
  } as unknown as Host;

  function targetOn(secrets: ReadonlyMap<string, Secret>, on: Host): Target {
    const envFile = { path: join(state, ".env"), uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const declared = {
      gateway: { name, imageId: "image" },
      config: { path: "/srv/openclaw.json" },
      envFile,
    } as Target["declared"];
    return { ...treeTarget(repository, { secrets }), host: on, declared };
  }

  function gate(secrets: ReadonlyMap<string, Secret> = new Map(), on: Host = host): Promise<Finding> {
    return exposureCheck.probe(targetOn(secrets, on), contextOn());
  }

  it("passes where configuration and log are clean, twice", async () => {
    for (const _ of [1, 2]) {
      const finding = await gate(inUse());
      assert.equal(finding.status, "pass", finding.summary);
    }
  });

  for (const [title, finished, from] of [
    ["the container's creation, before the start that the engine notes", neverFinished, "09:59:59.100"],
    ["the end of the run before, after a restart", "2026-06-15T09:59:59.900000000Z", "09:59:59.900"],
    ["the container's creation, where its last run has ended", "2026-06-15T10:30:00.000000000Z", "09:59:59.100"],
  ] as const) {
    it(`reads the log from ${title}, and none of a run before`, async () => {
      finishedAt = finished;
      const [before, after] = [telegramToken(), telegramToken()];
      const line = (time: string, text: string) => `2026-06-15T${time}000000Z ${text}\n`;
      answers.logs = () => ok(line("09:59:59.099", before) + line(from, after));
      assert.deepEqual(locations(await gate(), before, after), [`docker logs ${name}:1`]);
    });
  }

  it("finds what was logged after the host's clock was set back, whatever had been found clean before", async () => {
    const clean = stampedLine("11:00:00", "ready");
    answers.logs = () => ok(clean);
    assert.equal((await gate()).status, "pass");
    const token = telegramToken();
    for (const time of ["10:20:00", "08:00:00"]) {
      answers.logs = () => ok(`${clean}${stampedLine(time, token)}${stampedLine("12:00:00", "x".repeat(70_000))}`);
      assert.deepEqual(locations(await gate(), token), [`docker logs ${name}:2`]);
    }
  });

  it("finds a value that the engine's own cut of a long line tears, with a time put in the middle", async () => {
    const secrets = inUse();
    const value = secrets.get("MEMORY_DATABASE_PASSWORD")?.reveal() ?? "";
    const time = "2026-06-15T10:00:01.000000001Z ";
    answers.logs = () => ok(`${time}${"x".repeat(16_374)} ${value.slice(0, 9)}${time}${value.slice(9)} end\n`);
    assert.deepEqual(locations(await gate(secrets), value), [`docker logs ${name}:1`]);
  });

  it("finds a token that stands behind such a time of the gateway's own", async () => {
    const token = telegramToken();
    answers.logs = () => ok(stampedLine("10:00:01", `x2026-06-15T10:00:01.000000001Z ${token}`));
    assert.equal(locations(await gate(), token).length, 1);
  });

  it("finds a Supabase key in a log line, on either stream", async () => {
    const [key, role] = [supabaseSecretKey(), jwt("service_role")];
    answers.logs = () =>
      ok(stampedLine("10:00:01", "ready") + stampedLine("10:00:02", `key=${key}`), stampedLine("10:00:03", role));
    const finding = await gate();
    assert.deepEqual(locations(finding, key, role), [`docker logs ${name}:2`, `docker logs ${name}:1`]);
    assert.match(finding.summary, /A Supabase secret key stands in the gateway's logs/);
  });

  it("finds a key that goes over many lines of the log", async () => {
    const lines = (tokenCorpus()["RSA private key"] ?? "").split("\n");
    answers.logs = () => ok(lines.map((line) => stampedLine("10:00:01", line)).join(""));
    assert.equal(locations(await gate()).length, 1);
  });

  it("finds a value in use in the generated configuration", async () => {
    const secrets = inUse();
    const value = secrets.get("TELEGRAM_BOT_TOKEN")?.reveal() ?? "";
    answers.config = ok(JSON.stringify({ botToken: value }));
    assert.deepEqual(locations(await gate(secrets), value), ["/srv/openclaw.json:1"]);
  });

  it("scans only what is new once the rest was clean, and all of it again with other values", async () => {
    const value = random(24);
    const filler = stampedLine("10:00:02", "x".repeat(1000)).repeat(200);
    let log = stampedLine("10:00:01", `a ${value}`) + filler;
    answers.logs = () => ok(log);
    assert.equal((await gate()).status, "pass");
    log += stampedLine("10:00:03", telegramToken());
    assert.deepEqual(locations(await gate()).length, 1);
    assert.equal(locations(await gate(new Map([["X", new Secret(value)]])), value).length, 2);
  });

  describe("in the files that it logs to", () => {
    const write = (file: string, text: string) => {
      mkdirSync(join(state, "logs"), { recursive: true });
      writeFileSync(join(state, "logs", file), text);
    };

    it("finds a value in use in any of them, with its line, and says that a file stays", async () => {
      const secrets = inUse();
      const value = secrets.get("MEMORY_DATABASE_PASSWORD")?.reveal() ?? "";
      for (const file of ["openclaw.log", "openclaw.1.log"]) write(file, `{}\n{"message":${JSON.stringify(`is ${value}`)}}\n`);
      const finding = await gate(secrets);
      const paths = ["openclaw.1.log", "openclaw.log"].map((file) => `${join(state, "logs", file)}:2`);
      assert.deepEqual(locations(finding, value), paths);
      assert.match(finding.remedy ?? "", /the log file on the gateway's host is deleted$/);
    });

    it("reads none again that has not changed, and finds what was added or put in the place of what was clean", async () => {
      const heads = () => calls.filter(([word]) => word === "head").length;
      write("openclaw.log", "{}\n".repeat(30_000));
      for (const _ of [1, 2]) assert.equal((await gate()).status, "pass");
      assert.equal(heads(), 1);
      const token = telegramToken();
      write("openclaw.log", `${"{}\n".repeat(30_000)}${token}\n`);
      locations(await gate(), token);
      write("openclaw.log", `${token}${"{}\n".repeat(40_000)}`);
      locations(await gate(), token);
    });

    it("is an error where one of them is no file", async () => {
      write("openclaw.log", "{}\n");
      symlinkSync("/dev/zero", join(state, "logs", "other.log"));
      const finding = await gate();
      assert.equal(finding.status, "error");
      assert.match(finding.summary, /other\.log on this machine is no file/);
    });
  });

  describe("once the other checks have ended", () => {
    const confirmed = (first: Finding, secrets: ReadonlyMap<string, Secret>) =>
      exposureCheck.confirm?.(targetOn(secrets, host), contextOn(), first) ?? assert.fail("there is no second reading");

    it("finds what was logged meanwhile", async () => {
      const secrets = inUse();
      const first = await gate(secrets);
      const { stdout } = answers.logs();
      const value = secrets.get("TELEGRAM_BOT_TOKEN")?.reveal() ?? "";
      answers.logs = () => ok(`${stdout}${stampedLine("11:30:00", value)}`);
      assert.deepEqual(locations(await confirmed(first, secrets), value), [`docker logs ${name}:2`]);
    });

    it("leaves the first reading as it was where nothing was found, and is an error where the log is gone", async () => {
      const first = await gate();
      assert.equal(await confirmed(first, new Map()), first);
      answers.logs = () => ({ code: 1, stdout: "", stderr: "" });
      assert.equal((await confirmed(first, new Map())).status, "error");
    });
  });

  for (const [title, broken] of [
    ["configuration", { config: { code: 1, stdout: "", stderr: "denied" } }],
    ["log", { logs: () => ({ code: null, stdout: "", stderr: "" }) }],
  ] as const) {
    it(`is an error where the ${title} cannot be read`, async () => {
      answers = { ...answers, ...broken };
      const finding = await gate();
      assert.equal(finding.status, "error");
      assert.match(finding.summary, new RegExp(`The gateway's ${title} cannot be read on this machine`));
    });

    it(`cannot be opened by a waiver of a false finding where the ${title} was not read`, async () => {
      answers = { ...answers, ...broken };
      repository.write({ "a.txt": telegramToken() });
      const finding = await gate();
      assert.equal(finding.status, "fail");
      assert.deepEqual(
        finding.items?.map(({ waivable }) => waivable),
        [true, false],
      );
    });
  }

  it("lets a lost host through to the runner, which makes it an error", async () => {
    const lost = { ...host, run: () => Promise.reject(new HostUnreachable("gone", "ssh")) };
    await assert.rejects(gate(new Map(), lost), HostUnreachable);
  });
});
