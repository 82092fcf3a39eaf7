/** What ran before comes back on a real stack: by its own program, with today's secrets, whatever happened meanwhile. */

import assert from "node:assert/strict";
import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { devFolders } from "../../deck/devStack.ts";
import { layoutOf } from "../../model/layout.ts";
import { docker } from "./gatewayStack.ts";
import { type Ended, makeProject, type TestProject } from "./project.ts";

interface Ran {
  readonly name: string;
  readonly tree: string;
  readonly runs: boolean;
  readonly atOnce: boolean;
}

describe("A rollback", function () {
  this.timeout(900_000);
  let project: TestProject;
  const gateway = () => `${project.name}-openclaw-gateway-1`;
  const base = () => devFolders(project.root, project.stack).baseFolder;
  const layout = () => layoutOf({ baseFolder: base(), contextFolder: "docs/phillbot-context" });
  const told = ({ stdout, stderr }: Ended) => `${stdout.slice(-3000)}\n${stderr.slice(-5000)}`;
  const run = async (...words: readonly string[]) => {
    const ended = await project.deck(...words);
    assert.equal(ended.code, 0, `${words.join(" ")}: ${told(ended)}`);
    return ended.stdout;
  };
  const ran = async () => (JSON.parse(await run("release", "list", "--json")) as { ran: readonly Ran[] }).ran;
  const stackFile = () => join(project.root, `Pulumi.${project.stack}.yaml`);
  const set = async (change: (config: Record<string, unknown>) => void) => {
    const file = parse(await readFile(stackFile(), "utf8")) as { config: Record<string, unknown> };
    change(file.config);
    await writeFile(stackFile(), stringify(file));
  };
  const memoryMb = (mb: number) =>
    set((config) => {
      config["phillbot:gateway"] = { ...(config["phillbot:gateway"] as object), memoryMb: mb };
    });
  const memoryOf = async () => Number(await docker("inspect", "--format", "{{.HostConfig.Memory}}", gateway())) / 1024 ** 2;
  const newDocument = () => join(project.root, "Documentation", "news.md");
  const synced = () =>
    access(join(layout().context, "news.md")).then(
      () => true,
      () => false,
    );

  before(async () => {
    project = await makeProject();
  });
  after(async () => {
    await project?.[Symbol.asyncDispose]();
  });

  it("has nothing to go back to at first", async () => {
    await run("up", "--yes");
    const [first, ...others] = await ran();
    assert.ok(first !== undefined && others.length === 0);
    assert.deepEqual([first.runs, first.atOnce], [true, true]);
    const ended = await project.deck("rollback", "--yes");
    assert.equal(ended.code, 4, told(ended));
  });

  it("says what it would change, and changes nothing", async () => {
    await memoryMb(2304);
    await writeFile(newDocument(), "# News\n");
    await run("up", "--yes");
    assert.equal(await synced(), true);
    const since = await docker("inspect", "--format", "{{.Id}}", gateway());
    const text = await run("rollback", "--dry-run");
    assert.match(text, /news\.md/);
    assert.equal(await docker("inspect", "--format", "{{.Id}}", gateway()), since);
  });

  it("brings what ran before back, and never calls it released", async () => {
    const [, older] = await ran();
    const ended = await project.deck("rollback", "--yes");
    assert.equal(ended.code, 0, told(ended));
    assert.match(ended.stdout, new RegExp(`Rolled back to ${older?.name}, not released`));
    assert.deepEqual([await memoryOf(), await synced()], [2048, false]);
    assert.match(await run("history"), /rolled-back/);
    assert.match(await run("ps"), /rolled back to/);
  });

  it("touches nothing for what is not known", async () => {
    const before = await run("history");
    const ended = await project.deck("rollback", "nothing-like-it", "--yes");
    assert.equal(ended.code, 4, told(ended));
    assert.equal(await run("history"), before);
  });
});
