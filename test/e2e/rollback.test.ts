/** What ran before comes back on a real stack: by its own program, with today's secrets, whatever happened meanwhile. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { devFolders } from "../../deck/devStack.ts";
import { layoutOf } from "../../model/layout.ts";
import { channelReady } from "./gatewayFaults.ts";
import { docker } from "./gatewayStack.ts";
import { killUpdate } from "./killed.ts";
import { type Ended, makeProject, type TestProject } from "./project.ts";
import { pair, savedState } from "./savedState.ts";

interface Ran {
  readonly name: string;
  readonly tree: string;
  readonly runs: boolean;
  readonly atOnce: boolean;
}

const news = "Documentation/news.md";
const migration = "memory/supabase/migrations/20261123000000_news.sql";

describe("A rollback", function () {
  this.timeout(900_000);
  let project: TestProject;
  let first: Ran;
  const gateway = () => `${project.name}-openclaw-gateway-1`;
  const base = () => devFolders(project.root, project.stack).baseFolder;
  const layout = () => layoutOf({ baseFolder: base(), contextFolder: "docs/phillbot-context" });
  const told = ({ stdout, stderr }: Ended) => `${stdout.slice(-3000)}\n${stderr.slice(-5000)}`;
  const run = async (...words: readonly string[]) => {
    const ended = await project.deck(...words);
    assert.equal(ended.code, 0, `${words.join(" ")}: ${told(ended)}`);
    return ended;
  };
  const ran = async () => (JSON.parse((await run("release", "list", "--json")).stdout) as { ran: readonly Ran[] }).ran;
  const events = async () =>
    (await readFile(layout().history, "utf8"))
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: string }).event);
  const setGateway = async (change: Readonly<Record<string, unknown>>) => {
    const path = join(project.root, `Pulumi.${project.stack}.yaml`);
    const file = parse(await readFile(path, "utf8")) as { config: Record<string, object> };
    file.config["phillbot:gateway"] = { ...file.config["phillbot:gateway"], ...change };
    await writeFile(path, stringify(file));
  };
  const containers = () => docker("ps", "--all", "--quiet", "--no-trunc", "--filter", `name=^${project.name}-`);
  const memoryMb = async () => Number(await docker("inspect", "--format", "{{.HostConfig.Memory}}", gateway())) / 1024 ** 2;
  const isSynced = () =>
    access(join(layout().context, "news.md")).then(
      () => true,
      () => false,
    );
  /** What runs is the first one again. */
  const firstRuns = async () => {
    assert.deepEqual([await memoryMb(), await isSynced()], [2048, false]);
    assert.equal((await events()).at(-1), "rolled-back");
    assert.equal((await containers()).split("\n").length, 4);
  };
  /** @returns its name. */
  const brokenImage = async (works: string) => {
    const name = `phillbot/broken:1-${project.stack}`;
    const program = 'if (process.argv[2] === "gateway") process.exit(1); else await import("/app/works.mjs");';
    const recipe = `FROM ${works}\nUSER root\nRUN mv /app/openclaw.mjs /app/works.mjs && echo '${program}' >/app/openclaw.mjs\nUSER 1000\n`;
    const folder = await mkdtemp(join(tmpdir(), "phillbot-broken-"));
    await writeFile(join(folder, "Dockerfile"), recipe);
    await docker("build", "--quiet", "--tag", name, folder);
    await rm(folder, { recursive: true });
    return name;
  };

  before(async () => {
    project = await makeProject();
  });
  after(async () => {
    await project?.[Symbol.asyncDispose]();
  });

  it("has nothing to go back to where the first one comes up, and keeps that one ready", async () => {
    await run("up", "--yes");
    const [only, ...others] = await ran();
    assert.ok(only !== undefined && others.length === 0);
    first = only;
    assert.deepEqual([first.runs, first.atOnce], [true, true]);
    const ended = await project.deck("rollback", "--yes");
    assert.equal(ended.code, 4, told(ended));
    assert.match(ended.stderr, /Nothing else ran on .* nothing was touched/);
  });

  it("says part by part what it would change, and changes nothing", async () => {
    await channelReady(project);
    await pair(gateway(), "4242");
    await setGateway({ memoryMb: 2304 });
    await writeFile(join(project.root, news), "# News\n");
    await writeFile(join(project.root, migration), "create table memory.news (id bigint primary key, title text);\n");
    await run("up", "--yes");
    await pair(gateway(), "4343");
    const before = [await containers(), await events(), await readdir(layout().backups)];
    const { stdout } = await run("rollback", "--with-state", "--dry-run");
    for (const wanted of [first.name, news, "documentation: 1 file", "memory", "settings", ".tar.gz"])
      assert.ok(stdout.includes(wanted), `${wanted}: ${stdout}`);
    assert.deepEqual([await containers(), await events(), await readdir(layout().backups)], before);
  });

  it("brings it back with its state and today's secrets, from a host on which nothing runs, on the newer schema", async () => {
    const { secretsFile } = devFolders(project.root, project.stack);
    const rotated = [randomBytes(32).toString("base64url"), `A${randomBytes(17).toString("hex")}`] as const;
    const text = (await readFile(secretsFile, "utf8")).replace(/^(OPENCLAW_GATEWAY_TOKEN)=.*$/m, `$1=${rotated[0]}`);
    // Another token of the same bot, which is what BotFather gives.
    await writeFile(secretsFile, text.replace(/^(TELEGRAM_BOT_TOKEN=['"]?\d+:)[^'"\n]*/m, `$1${rotated[1]}`));
    // As after the host was switched off, but that the engine itself goes on.
    await docker("kill", ...(await containers()).split("\n"));
    const ended = await run("rollback", "--with-state", "--yes");
    assert.match(ended.stdout, new RegExp(`Rolled back to ${first.name}, not released`));
    await firstRuns();
    const env = await readFile(layout().envFile, "utf8");
    assert.ok(rotated.every((value) => env.includes(value)));
    assert.deepEqual(savedState(layout().state).paired, ["4242"]);
    assert.ok(!rotated.some((value) => `${ended.stdout}${ended.stderr}`.includes(value)));
    assert.match(ended.stderr, /schema: pass .*ahead of this tree/);
    assert.match((await run("ps")).stdout, new RegExp(`rolled back to ${first.name}`));
  });

  it("touches nothing for what never ran here, and where nothing ran before", async () => {
    const before = [await containers(), await events()];
    for (const words of [
      ["rollback", "0.9.9", "--yes"],
      ["rollback", "--yes"],
    ]) {
      const ended = await project.deck(...words);
      assert.equal(ended.code, 4, told(ended));
    }
    assert.deepEqual([await containers(), await events()], before);
  });

  it("brings it back from an update to an image that never becomes a gateway, killed on the way", async () => {
    // It takes the configuration and can keep the state; only the gateway itself ends at once.
    const works = await docker("inspect", "--format", "{{.Config.Image}}", gateway());
    const broken = await brokenImage(works);
    try {
      await setGateway({ image: broken });
      await killUpdate(project, { progress: /gateway-container replaced/ });
      const { stdout } = await run("rollback", "--yes");
      assert.match(stdout, new RegExp(`Rolled back to ${first.name}`));
      await firstRuns();
    } finally {
      await setGateway({ image: works });
      await docker("image", "rm", "--force", broken);
    }
  });

  it("is finished by another one where it was killed", async () => {
    const newer = (await ran()).find(({ tree }) => tree !== first.tree);
    assert.ok(newer?.atOnce, JSON.stringify(newer));
    await killUpdate(project, { progress: /gateway-container (being )?stopped/ }, ["rollback", newer.name, "--yes"]);
    const { stdout } = await run("rollback", "--yes");
    assert.match(stdout, new RegExp(`Rolled back to ${newer.name}`));
    assert.deepEqual([await memoryMb(), await isSynced(), (await containers()).split("\n").length], [2304, true, 4]);
  });

  it("touches nothing for what a contract migration cut off, and goes back to what it did not", async () => {
    const path = join(project.root, `Pulumi.${project.stack}.yaml`);
    const file = parse(await readFile(path, "utf8")) as { config: Record<string, object> };
    file.config["phillbot:rollback"] = { keep: 1 };
    await writeFile(path, stringify(file));
    await run("up", "--yes");
    await writeFile(join(project.root, news), "# Older news\n");
    await run("up", "--yes");
    const [between] = await ran();
    const contract = "20261124000000_no_news.sql";
    await writeFile(
      join(project.root, "memory/supabase/migrations", contract),
      `-- contract: nobody reads news\n-- last needed by: ${first.name}\ndrop table if exists memory.news;\n`,
    );
    await run("up", "--yes");
    const before = [await containers(), await events()];
    const refused = async (code: number, why: RegExp) => {
      const ended = await project.deck("rollback", first.name, "--yes");
      assert.equal(ended.code, code, told(ended));
      assert.match(ended.stderr, why);
      const older = (await ran()).find(({ tree }) => tree === first.tree);
      assert.equal(older?.atOnce, false);
      assert.deepEqual([await containers(), await events()], before);
      const { stdout } = await run("rollback", "--dry-run");
      assert.match(stdout, new RegExp(`Would bring \`${between?.name}\` back`));
    };
    await refused(4, new RegExp(`cannot come back: the contract migration .*_no_news.* last needed by ${first.name}`));
    await docker("stop", `${project.name}-postgres-1`);
    await refused(3, /cannot be told: the database does not answer .*, and it may have .*_no_news/);
  });
});
