/** Two back, then twice in a row, killed at each step on the way, and with no room on the disk. The cases build on each other. */

import assert from "node:assert/strict";
import { readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { imageNames } from "../../toolchain/images.ts";
import { channelReady } from "./gatewayFaults.ts";
import { goingBack, told } from "./goingBack.ts";
import { killTree, killUpdate, type Moment } from "./killed.ts";
import { onMachine } from "./phill.ts";
import { makeProject, sourceRoot, type TestProject } from "./project.ts";
import { pair, savedState } from "./savedState.ts";

describe("A way back that is long, killed and without room", function () {
  this.timeout(900_000);
  let project: TestProject;
  let stack: ReturnType<typeof goingBack>;
  /** By their documents: `first` has none, and its gateway less memory. */
  const names = { first: "", second: "", third: "", fourth: "" };
  const base = () => join(stack.layout.state, "..");
  const { gateway: image } = imageNames(sourceRoot);
  /** Bytes: OpenClaw wants 256 MiB besides what an archive needs. */
  const room = 1024 ** 3;
  const giveRoom = (bytes: number) => onMachine(image, ["mount", "-o", `remount,size=${bytes}`, base()]);
  const undoes: (() => Promise<unknown>)[] = [];

  before(async () => {
    project = await makeProject();
    stack = goingBack(project);
    // As a disk of its own, so that no other test is short of room.
    await onMachine(image, ["mount", "-t", "tmpfs", "-o", `size=${room},mode=0755`, "phillbot-e2e", base()]);
    undoes.push(() => onMachine(image, ["umount", "--lazy", base()]));
  });
  after(async () => {
    if (project !== undefined) killTree(project.stack);
    for (const undo of undoes) await undo();
    await project?.[Symbol.asyncDispose]();
  });

  /** What runs, by its own and only name. */
  const running = async () => (await stack.ran()).find(({ runs }) => runs)?.name ?? assert.fail("Nothing runs.");
  const wouldBe = async () =>
    (JSON.parse((await stack.run("rollback", "--dry-run", "--json")).stdout) as { release: string }).release;
  const runs = async (name: string, is: { readonly memoryMb: number; readonly news: RegExp | undefined }) => {
    assert.equal(await running(), name);
    const news = await stack.news();
    assert.deepEqual([await stack.memoryMb(), is.news?.test(news ?? "") ?? news === undefined], [is.memoryMb, true]);
    await stack.isWhole();
  };
  const rolledBack = async (name: string, ...words: readonly string[]) => {
    const { stdout } = await stack.run("rollback", ...words, "--yes");
    assert.match(stdout, new RegExp(`Rolled back to ${name}, not released`));
    assert.equal((await stack.entries()).at(-1)?.event, "rolled-back");
  };
  const container = (action: string) => new RegExp(`^container ${action} ${stack.gateway}$`);

  it("has three to choose from, and takes the one before where nobody chooses", async () => {
    await stack.run("up", "--yes");
    names.first = await running();
    await channelReady(project);
    await pair(stack.gateway, "4242");
    await stack.write("second");
    await stack.run("up", "--yes");
    names.second = await running();
    await stack.write("third");
    await stack.setGateway({ memoryMb: 2304 });
    await stack.run("up", "--yes");
    names.third = await running();
    assert.equal(new Set(Object.values(names)).size, 4);
    assert.equal(await wouldBe(), names.second);
  });

  /** In its own order: each goes on where the one before was killed. */
  const steps: Readonly<Record<string, () => Moment>> = {
    "before its program begins": () => ({ process: /pulumi-language-nodejs/ }),
    "when the newer gateway is stopped": () => ({ engine: container("die") }),
    "when the older gateway's container is made": () => ({ engine: container("create") }),
    "when the older gateway starts": () => ({ engine: container("start") }),
    "when the documents are indexed": () => ({ process: /refresh-index/ }),
    "when its own gate has begun": () => ({ progress: /^[✓✗] / }),
    "when today's checks look as well": () => ({ progress: /Its own gate is open/ }),
    "when they have looked": () => ({ progress: /^runtime: pass/ }),
  };
  for (const [when, moment] of Object.entries(steps))
    it(`to the release two back, killed ${when}, leaves no more than one gateway`, async () => {
      await killUpdate(project, moment(), ["rollback", names.first, "--yes"]);
      assert.ok((await stack.gateways()) <= 1);
    });

  it("is finished by another one, which nobody need tell the name; before that one nothing ran", async () => {
    assert.equal(await wouldBe(), names.first);
    await rolledBack(names.first);
    await runs(names.first, { memoryMb: 2048, news: undefined });
    const further = await project.deck("rollback", "--yes");
    assert.equal(further.code, 4, told(further));
    assert.match(further.stderr, /Nothing else ran .* nothing was touched/);
  });

  it("goes back once from what was brought up since", async () => {
    await stack.run("up", "--yes");
    assert.equal(await running(), names.third);
    await channelReady(project);
    await pair(stack.gateway, "4343");
    await stack.write("fourth");
    await stack.run("up", "--yes");
    names.fourth = await running();
    assert.equal(await wouldBe(), names.third);
    await rolledBack(names.third);
    await runs(names.third, { memoryMb: 2304, news: /third/ });
  });

  for (const how of [[], ["--with-state"]])
    it(`is refused with 3 where the disk has no room for the state (${how.join() || "without it"}), and nothing is lost`, async () => {
      const before = [await stack.container(), savedState(stack.layout.state).paired];
      const { blocks, bfree, bsize } = await statfs(base());
      // The record and the lease need a little, an archive a good deal more.
      await giveRoom((blocks - bfree) * bsize + 65_536);
      const ended = await project.deck("rollback", ...how, "--yes");
      await giveRoom(room);
      assert.equal(ended.code, 3, told(ended));
      assert.match(`${ended.stdout}${ended.stderr}`, new RegExp(`df -h \\S*${stack.layout.backups}`));
      assert.deepEqual([await stack.container(), savedState(stack.layout.state).paired], before);
      assert.match(before[0] as string, / true$/);
      await stack.isWhole();
    });

  /** Those that come before the update, which is the same with a state and without. */
  const stateSteps: Readonly<Record<string, () => Moment>> = {
    "when the older program is asked": () => ({ progress: /^Asking the older program/ }),
    "when the older state is made ready": () => ({ progress: /^Making the state of/ }),
    "when the newer state is kept": () => ({ progress: /^Keeping the newer state/ }),
    "when the newer gateway stands still for it": () => ({ engine: container("die") }),
    "when the older gateway's container is made": () => ({ engine: container("create") }),
  };
  for (const [when, moment] of Object.entries(stateSteps))
    it(`once more, with its state, killed ${when}, leaves no more than one gateway`, async () => {
      await killUpdate(project, moment(), ["rollback", "--with-state", "--yes"]);
      assert.ok((await stack.gateways()) <= 1);
    });

  it("is finished with the older state by the same command once there is room, and keeps the newer one", async () => {
    await rolledBack(names.first, "--with-state");
    await runs(names.first, { memoryMb: 2048, news: undefined });
    assert.deepEqual(savedState(stack.layout.state).paired, ["4242"]);
    const { backups } = JSON.parse((await stack.run("backup", "list", "--json")).stdout) as { backups: { name: string }[] };
    const archives = await Promise.all(backups.map(({ name }) => readFile(join(stack.layout.backups, name))));
    assert.ok(archives.some((archive) => gunzipSync(archive).includes("4343")));
    await stack.run("backup", "verify");
  });
});
