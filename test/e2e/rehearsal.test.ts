/** Stack `prod` from its first command to a host that is lost, against a container that plays phill. The cases build on each other. */

import assert from "node:assert/strict";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { readSource } from "../../host/source.ts";
import type { HistoryEntry } from "../../model/history.ts";
import { renderOwner } from "../../model/ownership.ts";
import { findValuesInUse } from "../../model/redact.ts";
import { parseEnvLines } from "../../model/secretSources.ts";
import { type Expected, exitOf, faultTable, namedBy } from "./faultTable.ts";
import { docker } from "./gatewayStack.ts";
import { installJudges } from "./judges.ts";
import type { Ended } from "./project.ts";
import { type Rehearsal, startRehearsal } from "./rehearsal.ts";

const tail = ({ stdout, stderr }: Ended) => `${stdout.slice(-3000)}\n${stderr.slice(-5000)}`;

describe("Stack `prod`, rehearsed against a host that is reached by ssh", function () {
  this.timeout(900_000);
  let rehearsal: Rehearsal;
  const table = faultTable("prod");
  const tried = new Set<string>();
  /** What the table expects; each of its rows is to be asked for. */
  const expected = (fault: string): Expected => {
    tried.add(fault);
    return table.find((row) => row.fault === fault) ?? assert.fail(`\`faults.yaml\` does not have: ${fault}`);
  };
  const leftBehind = "LEFT_BY=an earlier deployment\n";
  const envFile = () => join(rehearsal.baseFolder, "state/.env");
  const pinnedImage = () => `${rehearsal.registry.image}@${rehearsal.registry.digest}`;
  const gateway = () => `${rehearsal.name}-openclaw-gateway-1`;
  /** The stack's containers, running or not. Telegram's and the provider's stand for hosted services and are none of them. */
  const containers = async () => {
    const names = await docker("ps", "--all", "--filter", `name=^/${rehearsal.name}-`, "--format", "{{.Names}}");
    return names.split("\n").filter((name) => name !== "" && !/-(?:telegram|provider)-1$/.test(name));
  };
  const networks = () => docker("network", "ls", "--quiet", "--filter", `name=^${rehearsal.name}$`);
  const everythingBelow = () => rehearsal.onPhill(["find", rehearsal.baseFolder, "-printf", "%P %m %u %T@\\n"]);

  /** The older one, where neither the registry nor origin answers; and never what nobody signed, though it ran. */
  const comesBack = async (digest: string, id: string) => {
    const { operator, registry } = rehearsal;
    await docker("stop", "--time", "0", registry.container);
    await rename(operator.origin, `${operator.origin}.away`);
    const { stdout } = await operator.deck("release", "list", "--json");
    const { ran } = JSON.parse(stdout) as { ran: { name: string; release?: string; atOnce: boolean }[] };
    assert.deepEqual(
      ran.map(({ release, atOnce }) => [release === undefined, atOnce]),
      [
        [false, true],
        [false, true],
        [true, true],
      ],
    );
    const unsigned = await operator.deck("rollback", ran[2]?.name ?? "", "--yes");
    assert.equal(unsigned.code, 4, tail(unsigned));
    assert.match(unsigned.stderr, /Nobody signed this for this stack; nothing was touched/);
    const ended = await operator.deck("rollback", "--yes");
    assert.equal(ended.code, 0, tail(ended));
    assert.match(ended.stdout, new RegExp(`Rolled back to ${id}, not released: .*Stand-ins answered`));
    await rename(`${operator.origin}.away`, operator.origin);
    const { entries } = JSON.parse((await operator.deck("history", "--json")).stdout) as { entries: HistoryEntry[] };
    assert.deepEqual([entries.at(-1)?.event, entries.at(-1)?.release?.digest], ["rolled-back", digest]);
    assert.ok(!entries.some(({ event }) => event === "released"));
  };

  before(async () => {
    rehearsal = await startRehearsal();
    const { operator, onPhill, baseFolder } = rehearsal;
    const { code, stderr } = await operator.pulumi("stack", "init", operator.stack);
    assert.equal(code, 0, stderr);
    await operator.release("2026.11.22");
    // What an earlier deployment left, on a disk that is full.
    const script = `printf '%s' "$2" >.env && chmod 600 .env && chown 1000:1000 .env && ! head -c 1G /dev/zero 2>/dev/null >full`;
    await onPhill(["sh", "-c", `cd "$1"/state && ${script}`, "fill", baseFolder, leftBehind]);
  });

  after(async () => {
    await rehearsal?.[Symbol.asyncDispose]();
  });

  it("stops before anything is written where the host shows another key than the pinned one: exit 3", async () => {
    const { operator, phill, baseFolder } = rehearsal;
    const { identityFile } = phill.settings;
    const settings = operator.settingsFile;
    const released = await readFile(settings, "utf8");
    const before = await everythingBelow();
    const [type, key] = (await readFile(`${identityFile}.pub`, "utf8")).split(" ");
    await operator.configure({ "host.hostKey": `${type} ${key}` });
    const ended = await operator.deck("up", "--yes");
    // To the byte: what is not as it was committed does not deploy.
    await writeFile(settings, released);
    assert.equal(ended.code, 3, tail(ended));
    assert.match(ended.stderr, /is not the host that is pinned/);
    assert.equal(await everythingBelow(), before, baseFolder);
    assert.deepEqual([await containers(), await networks()], [[], ""]);
    await assert.rejects(docker("image", "inspect", pinnedImage()), /No such image/);
    assert.doesNotMatch(await docker("logs", phill.container), /Accepted/);
  });

  it("refuses a base folder with a state that nobody says is this stack's, before anything is written: exit 2", async () => {
    const { operator, onPhill, baseFolder } = rehearsal;
    const before = await everythingBelow();
    for (const verb of [["preview"], ["up", "--yes"]]) {
      const ended = await operator.deck(...verb);
      assert.equal(ended.code, 2, tail(ended));
      assert.ok(ended.stderr.includes(`${join(baseFolder, "state")} (not empty)`), tail(ended));
    }
    assert.equal(await everythingBelow(), before);
    assert.deepEqual([await containers(), await networks()], [[], ""]);
    // As the earlier deployment would have written it, or the operator by the command that was printed.
    const owner = ["sh", "-c", `echo "$2" >"$1"/phillbot.owner.json`, "own", baseFolder];
    await onPhill([...owner, renderOwner({ stack: "another" }).trimEnd()]);
    const ended = await operator.deck("up", "--yes");
    assert.equal(ended.code, 2, tail(ended));
    assert.match(ended.stderr, /names the stack `another` of project `phillbot`/);
    await onPhill([...owner, renderOwner({ stack: operator.stack }).trimEnd()]);
  });

  it("fails where the disk is full, naming the env file, which is as it was, and starts no gateway", async () => {
    const { operator, onPhill, name } = rehearsal;
    // Telegram's own name is reachable as soon as there is a network, as a hosted one is.
    const joined = rehearsal.hosted.joinNetwork(name);
    const ended = await operator.deck("up", "--yes");
    const { exit, says = "" } = expected("disk full where the env file goes");
    assert.equal(ended.code, exit, tail(ended));
    assert.ok(ended.stderr.includes(says), tail(ended));
    assert.match(ended.stderr, new RegExp(`${envFile()} was not written and is as it was: 0 of \\d+ bytes fitted`), tail(ended));
    assert.equal(await onPhill(["stat", "--format", "%a %u:%g", envFile()]), "600 1000:1000");
    assert.equal(`${await onPhill(["cat", envFile()])}\n`, leftBehind);
    assert.equal(await onPhill(["find", join(envFile(), ".."), "-name", "*.part"]), "");
    assert.deepEqual(await containers(), []);
    await onPhill(["rm", join(envFile(), "../full")]);
    await joined;
  });

  it("comes up once there is room, behind a gate that would be open and says that services were played", async () => {
    const ended = await rehearsal.operator.deck("up", "--yes");
    assert.equal(ended.code, 0, tail(ended));
    assert.match(`${ended.stdout}${ended.stderr}`, /Rehearsed, not released: the gate would be open.*telegram\.apiRoot \(http:/);
    assert.doesNotMatch(`${ended.stdout}${ended.stderr}`, /gate is open/);
    assert.deepEqual(await containers(), [gateway()]);
  });

  it("has all of that on record on the host: what was refused, what failed, and what came up, but nothing as released", async () => {
    const { operator, onPhill, baseFolder } = rehearsal;
    const { stdout, code, stderr } = await operator.deck("history", "--json");
    assert.equal(code, 0, stderr);
    const { entries } = JSON.parse(stdout) as { entries: { event: string; verdict?: string }[] };
    const events = entries.map(({ event, verdict }) => (verdict === undefined ? event : `${event} ${verdict}`));
    // Two refusals waited here until the host was this stack's; a wrong key is told before there is an update.
    // What failed on a busy machine and was tried again is on record as well.
    assert.match(
      events.join(", "),
      /^refused, refused, began, ended, (?:began, judged blocked, ended, )?began, judged open, ended open$/,
    );
    const file = join(baseFolder, "phillbot.history.jsonl");
    await onPhill(["sed", "-i", "2s/refused/renamed/", file]);
    const altered = await operator.deck("history", "verify");
    assert.equal(altered.code, 1, tail(altered));
    assert.match(altered.stderr, /Entry 2 of .* does not hold/);
    await onPhill(["sed", "-i", "2s/renamed/refused/", file]);
    assert.equal((await operator.deck("history", "verify")).code, 0);
  });

  it("runs the image that the registry gave for the pinned digest", async () => {
    const { registry } = rehearsal;
    const running = await docker("inspect", "--format", "{{.Image}}", gateway());
    assert.equal(await docker("image", "inspect", "--format", "{{.Id}}", pinnedImage()), running);
    const asked = await docker("logs", registry.container);
    // The manifest alone: the layers are on this machine already, because the image was pushed from it.
    assert.match(asked, new RegExp(`"(GET|HEAD) /v2/phillbot/gateway/manifests/${registry.digest} `));
  });

  it("pulls that image before it makes its first folder on phill, which a container of it does", async () => {
    const { stdout } = await rehearsal.operator.pulumi("stack", "export", "--stack", rehearsal.operator.stack);
    const { resources } = JSON.parse(stdout).deployment as {
      resources: { urn: string; type: string; dependencies?: string[] }[];
    };
    const of = (type: string) => resources.find((resource) => resource.type === type);
    const image = of("docker:index/remoteImage:RemoteImage")?.urn ?? assert.fail("The state holds no image.");
    assert.deepEqual(of("phillbot:host:HostFolders")?.dependencies, [image]);
  });

  it("has written the env file for the gateway's uid alone, which the operator's user on phill could not", async () => {
    const { onPhill, secrets } = rehearsal;
    assert.equal(await onPhill(["stat", "--format", "%a %u:%g", envFile()]), "600 1000:1000");
    const { values } = parseEnvLines(await onPhill(["cat", envFile()]));
    const names = ["ANTHROPIC_API_KEY", "MEMORY_BOT_KEY", "OPENCLAW_GATEWAY_TOKEN", "TELEGRAM_BOT_TOKEN"];
    assert.deepEqual([...values.keys()].toSorted(), names);
    assert.ok(names.every((name) => values.get(name) === secrets.get(name)?.reveal()));
    await assert.rejects(onPhill(["cat", envFile()], "claw"), /Permission denied/);
    assert.equal(await onPhill(["id", "-u"], "claw"), "1001");
  });

  it("has left the folder on phill, in which the stack's own lie, to the operator's user", async () => {
    assert.equal(await rehearsal.onPhill(["stat", "--format", "%U", rehearsal.baseFolder]), "claw");
  });

  it("has synced the documents, no more and no fewer", async () => {
    const { operator, baseFolder } = rehearsal;
    const synced = await readSource(join(baseFolder, "docs/phillbot-context"));
    assert.deepEqual(synced, await readSource(join(operator.root, "Documentation")));
    assert.ok(synced.size >= 4);
  });

  it("shows nothing to change after that", async () => {
    const ended = await rehearsal.operator.pulumi("preview", "--stack", rehearsal.operator.stack, "--expect-no-changes");
    assert.equal(ended.code, 0, tail(ended));
  });

  it("is proven again by `deck gate`, every check over ssh", async () => {
    const { operator, phill } = rehearsal;
    const ended = await operator.deck("gate", "--json");
    assert.equal(ended.code, 0, tail(ended));
    const { verdict, checks, evidence } = JSON.parse(ended.stdout);
    assert.deepEqual([verdict.outcome, verdict.rehearsal], ["open", true]);
    const played = ["telegram.apiRoot", "memory.url", "memory.database.host", "provider.apiRoot", "origin"];
    assert.deepEqual(
      verdict.standIns.map((standIn: string) => standIn.split(" ")[0]),
      played,
    );
    assert.deepEqual(new Set(checks.map(({ status }: { status: string }) => status)), new Set(["pass"]));
    assert.equal(checks.length, 10);
    const report = JSON.parse(await readFile(join(evidence, "../report.json"), "utf8"));
    assert.equal(report.host, `${phill.settings.user}@${phill.settings.address}`);
  });

  it("is blocked while phill's clock is off, by exactly the check that says so, and open once it is right", async () => {
    const { operator, onPhill } = rehearsal;
    const shifted = "#!/bin/sh\nexec /bin/date --date='now + 45 seconds' \"$@\"\n";
    const { checks = assert.fail() } = expected("clock skew above 30 s");
    await onPhill(["sh", "-c", `printf '%s' "$1" >/usr/local/bin/date && chmod 755 /usr/local/bin/date`, "shift", shifted]);
    const ended = await operator.deck("gate", "--json");
    await onPhill(["rm", "/usr/local/bin/date"]);
    assert.deepEqual(namedBy(ended), { outcome: "blocked", checks }, tail(ended));
    assert.equal(ended.code, exitOf(checks));
    const again = await operator.deck("gate", "--json");
    assert.equal(again.code, 0, tail(again));
  });

  it("answers the operator's other commands over ssh", async () => {
    for (const verb of [["ps"], ["docs", "verify"], ["logs", "--since", "10m"]]) {
      const ended = await rehearsal.operator.deck(...verb);
      assert.equal(ended.code, 0, tail(ended));
      assert.notEqual(ended.stdout, "");
    }
  });

  it("keeps its state in PostgreSQL, and none below the project", async () => {
    const { operator, hosted } = rehearsal;
    let rows: unknown[] = [];
    const { withDatabase } = await import("../../memory/database.ts");
    await withDatabase(hosted.memory.access("pulumi"), AbortSignal.timeout(10_000), async (client) => {
      const like = `%stacks/phillbot/${rehearsal.operator.stack}.json`;
      ({ rows } = await client.query("select key from pulumi_state where key like $1", [like]));
    });
    assert.equal(rows.length, 1);
    assert.ok(!(await readdir(join(operator.root, ".phillbot"))).includes("state"));
  });

  it("refuses an update while the default branch of origin has an open P0, whatever this clone says: exit 1", async () => {
    const { operator } = rehearsal;
    const running = await docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", gateway());
    const item = {
      id: "P0-rehearsal",
      priority: "P0",
      title: "Nobody is answered",
      opened: "2026-11-22",
      owner: "ada",
      state: "open",
    };
    const takeBack = await operator.colleaguePushes("operations/items.yaml", stringify({ version: 1, items: [item] }));
    const ended = await operator.deck("up", "--yes");
    await takeBack();
    assert.equal(ended.code, 1, tail(ended));
    assert.match(ended.stderr, /blocked before anything was touched.*open-items: .*P0-rehearsal/s);
    assert.equal(await docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", gateway()), running);
  });

  it("takes only what the Judge signed once trust is installed for it, and touches nothing until then: exit 4", async () => {
    const { operator, onPhill, baseFolder } = rehearsal;
    const git = async (...args: readonly string[]) => (await execa("git", args, { cwd: operator.root })).stdout;
    await operator.release("2026.11.23");
    await using judges = await installJudges(operator, await git("rev-parse", "HEAD"));
    const before = await onPhill(["cat", join(baseFolder, "phillbot.history.jsonl")]);
    const refused = await operator.deck("up", "--yes");
    assert.equal(refused.code, 4, tail(refused));
    assert.match(refused.stderr, /Nobody signed this for this stack; nothing was touched\.\n.*is not on record/);
    const plain = await operator.pulumi("up", "--yes", "--skip-preview", "--stack", operator.stack);
    assert.notEqual(plain.code, 0);
    assert.match(`${plain.stdout}${plain.stderr}`, /Nobody signed this for this stack; nothing was touched/);
    const preview = await operator.deck("preview", "--json");
    assert.deepEqual(JSON.parse(preview.stdout).upWouldBeRefused, ["sign-off"], tail(preview));
    assert.equal(await onPhill(["cat", join(baseFolder, "phillbot.history.jsonl")]), before);

    const digest = await judges.release();
    const ended = await operator.deck("up", "--yes");
    assert.equal(ended.code, 0, tail(ended));
    const { entries } = JSON.parse((await operator.deck("history", "--json")).stdout) as { entries: HistoryEntry[] };
    const events = entries.slice(-5).map(({ event, release }) => [event, release?.digest]);
    // A rehearsal is none, whoever signed it.
    assert.deepEqual(events, [
      ["refused", undefined],
      ["refused", undefined],
      ["began", digest],
      ["judged", digest],
      ["ended", digest],
    ]);
    await writeFile(join(operator.root, "Documentation/more.md"), "# More\n");
    const dirty = await operator.deck("up", "--yes");
    await rm(join(operator.root, "Documentation/more.md"));
    assert.equal(dirty.code, 4, tail(dirty));
    assert.match(dirty.stderr, /`Documentation\/more\.md` \(not committed\)/);
    assert.equal((await operator.deck("gate")).code, 0);

    const older = await git("rev-parse", "HEAD");
    await operator.release("2026.11.24");
    await judges.sign();
    const next = await operator.deck("up", "--yes");
    assert.equal(next.code, 0, tail(next));
    await comesBack(digest, "2026.11.23");
    // What lies here is what runs again.
    await git("reset", "--quiet", "--hard", older);
    await judges.revoke(digest);
    const gate = await operator.deck("gate");
    assert.equal(gate.code, 4, tail(gate));
    assert.match(gate.stdout, /Nobody signed this for this stack\.\n.*It loses messages/s);
    assert.equal((await operator.deck("up", "--yes")).code, 4);
  });

  it("says that the host is unreachable once it is gone, and leaves the gateway alone: exit 3", async () => {
    const { operator, phill } = rehearsal;
    const running = await docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", gateway());
    const { exit, says = "" } = expected("host unreachable");
    await phill.kill();
    for (const verb of [["gate"], ["preview"], ["up", "--yes"]]) {
      const ended = await operator.deck(...verb);
      assert.equal(ended.code, exit, tail(ended));
      assert.ok(ended.stderr.includes(says), tail(ended));
      assert.match(ended.stderr, /does not answer: no connection to 127\.0\.0\.1 port \d+ \(ECONNREFUSED\)/);
    }
    assert.equal(await docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", gateway()), running);
  });

  it("has tried every fault of the table that is its own", () => {
    assert.deepEqual([...tried].toSorted(), table.map(({ fault }) => fault).toSorted());
  });

  it("has put no secret into any output, evidence, the container's description or, unencrypted, the state", async () => {
    const { operator, secrets } = rehearsal;
    const evidence = join(operator.root, ".phillbot/evidence", operator.stack);
    const files = await readdir(evidence, { recursive: true, withFileTypes: true });
    const kept = files.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name), "utf8"));
    const state = await operator.pulumi("stack", "export", "--stack", operator.stack);
    assert.equal(state.code, 0, state.stderr);
    assert.ok(kept.length >= 10 && state.stdout.length > 10_000);
    const places = [...operator.printed, ...(await Promise.all(kept)), await docker("inspect", gateway())];
    for (const text of places) assert.deepEqual(findValuesInUse(text, secrets), []);
  });
});
