/** What `deck up` does by itself on a real stack whose policy says so: a channel is told to start, and what never becomes healthy is taken back. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { channelReady } from "./gatewayFaults.ts";
import { until } from "./gatewayStack.ts";
import { goingBack, told } from "./goingBack.ts";
import { makeProject, type TestProject } from "./project.ts";
import { setTelegramFault } from "./telegramFault.ts";

interface Smoke {
  readonly measured: { readonly running?: boolean };
}

describe("An update that may go back by itself", function () {
  this.timeout(900_000);
  let project: TestProject;
  let stack: ReturnType<typeof goingBack>;
  const running = async () => (await stack.ran()).find(({ runs }) => runs)?.name ?? assert.fail("Nothing runs.");
  const change = async (path: string, edit: (text: string) => string) => {
    const file = join(project.root, path);
    await writeFile(file, edit(await readFile(file, "utf8")));
  };
  const policy = (over: object) =>
    change("operations/gate.yaml", (text) => stringify({ ...parse(text), rollback: { automatic: true }, ...over }));
  /** What was put on record since there were so many entries. */
  const since = async (count: number) =>
    (await stack.entries()).slice(count).map(({ event, verdict, automatic }) => [event, verdict, automatic].join(" ").trim());

  before(async () => {
    project = await makeProject();
    stack = goingBack(project);
  });
  after(async () => {
    await project?.[Symbol.asyncDispose]();
  });

  it("comes up, with nothing to go back to", async () => {
    await policy({});
    await stack.run("up", "--yes");
    await channelReady(project);
  });

  it("stays where the channel alone is down and starts once it is told to", async () => {
    const known = (await stack.entries()).length;
    const { config } = parse(await readFile(join(project.root, `Pulumi.${project.stack}.yaml`), "utf8"));
    const apiRoot: string = config["phillbot:telegram"].apiRoot;
    await setTelegramFault(apiRoot, "401");
    // Once refused, it does not try again by itself.
    await until("the channel to stop", async () => {
      const { checks } = JSON.parse((await project.deck("smoke", "telegram", "--json")).stdout) as { checks: Smoke[] };
      return checks[0]?.measured.running === false ? true : undefined;
    });
    await stack.write("first");
    const ended = await project.watch(["up", "--yes"], {
      onLine: async (line) => {
        if (line.includes("Only the channel is down")) await setTelegramFault(apiRoot, "none");
      },
    });
    await setTelegramFault(apiRoot, "none");
    assert.equal(ended.code, 0, told(ended));
    assert.match(ended.stderr, /Only the channel is down; it is started again before anything is rolled back/);
    const events = await since(known);
    assert.ok(events.includes("judged blocked") && !events.some((event) => event.startsWith("rolled-back")), events.join());
    assert.equal(events.at(-1), "ended open");
    assert.match((await stack.news()) ?? "", /first/);
    await stack.isWhole();
  });

  it("goes back from a configuration that OpenClaw takes and that never becomes a gateway, and is blocked all the same", async () => {
    const good = await running();
    const known = (await stack.entries()).length;
    // Without one, OpenClaw refuses to listen to others, and ends with 78.
    await change("model/gatewayConfig.ts", (text) => text.replace(/auth: \{ mode: "token".*\},$/m, 'auth: { mode: "none" },'));
    await stack.write("second");
    await policy({ deadlines: { telegram: 15 } });
    const ended = await project.deck("up", "--yes");
    assert.equal(ended.code, 1, told(ended));
    assert.match(ended.stdout, /Blocked by .*runtime.*; this is not released/);
    assert.match(ended.stdout, new RegExp(`\`${good}\`, which ran before, is back, and passed its checks`));
    const events = await since(known);
    assert.ok(events.includes("judged blocked") && !events.includes("ended open"), events.join());
    assert.equal(events.at(-1), "rolled-back open true");
    assert.equal(await running(), good);
    assert.match((await stack.news()) ?? "", /first/);
    await stack.isWhole();
    assert.match((await stack.run("ps")).stdout, new RegExp(`rolled back to ${good}`));
  });
});
