/** The machine loses its power in the middle of an update: what ran before comes back once its engine has started again. */

import assert from "node:assert/strict";
import { goingBack } from "./goingBack.ts";
import { killTree } from "./killed.ts";
import { hasOwnEngine, type OwnEngine, startOwnEngine } from "./ownEngine.ts";
import { makeProject, type TestProject } from "./project.ts";

describe("A rollback after the host was started again", function () {
  this.timeout(900_000);
  /** Where a test can have none, the nearest: the stack's containers are killed at once, and started. */
  let engine: OwnEngine | undefined;
  let project: TestProject;
  let stack: ReturnType<typeof goingBack>;

  before(async () => {
    engine = hasOwnEngine ? await startOwnEngine() : undefined;
    project = await makeProject(engine && { prefix: engine.prefix, environment: { DOCKER_HOST: engine.address } });
    stack = goingBack(project, engine?.address);
  });
  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  const containers = async () => (await stack.docker("ps", "--all", "--quiet", "--filter", `name=^${project.name}-`)).split("\n");
  const losePower = async () => engine?.losePower() ?? void (await stack.docker("kill", ...(await containers())));
  const boot = async () => engine?.boot() ?? void (await stack.docker("start", ...(await containers())));

  it("finds what was up, with the gateway of another release, and brings back what ran before", async () => {
    await stack.run("up", "--yes");
    const [first] = await stack.ran();
    assert.ok(first?.runs);
    await stack.setGateway({ memoryMb: 2304 });
    await stack.write("newer");
    let wasCut = false;
    await project.watch(["up", "--yes"], {
      onLine: async (line) => {
        if (wasCut || !/gateway-container replaced/.test(line)) return;
        wasCut = true;
        killTree(project.stack);
        await losePower();
      },
    });
    assert.ok(wasCut);
    await boot();
    assert.equal(await stack.memoryMb(), 2304);
    const { stdout } = await stack.run("rollback", "--yes");
    assert.match(stdout, new RegExp(`Rolled back to ${first.name}, not released`));
    assert.deepEqual([await stack.memoryMb(), await stack.news()], [2048, undefined]);
    assert.deepEqual((await stack.entries()).at(-1)?.event, "rolled-back");
    await stack.isWhole();
  });
});
