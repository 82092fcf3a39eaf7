import assert from "node:assert/strict";
import { chmodSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../../checks/check.ts";
import { runtimeCheck } from "../../checks/runtime.ts";
import { context, declaredStack } from "./gatewayHost.ts";

describe("runtimeCheck", () => {
  let stack: ReturnType<typeof declaredStack>;
  let target: Target;

  beforeEach(() => {
    stack = declaredStack();
    target = stack.target;
  });
  afterEach(() => stack.remove());

  it("passes what runs as declared, and confirms it while nothing changes", async () => {
    const first = await runtimeCheck.probe(target, context());
    assert.equal(first.status, "pass");
    assert.equal((await runtimeCheck.confirm?.(target, context(), first))?.status, "pass");
  });

  it("fails the second reading where the gateway started again after the first", async () => {
    const first = await runtimeCheck.probe(target, context());
    stack.container.State.StartedAt = "2099-01-01T00:00:01Z";
    const second = await runtimeCheck.confirm?.(target, context(), first);
    assert.equal(second?.status, "fail");
    assert.match(second?.summary ?? "", /restarted/);
  });

  it("does not wait for a second reading that is `starting`: that is no confirmation", async () => {
    const first = await runtimeCheck.probe(target, context());
    stack.container.State.Health.Status = "starting";
    assert.equal((await runtimeCheck.confirm?.(target, context(), first))?.status, "inconclusive");
  });

  it("waits while the health check has not made up its mind, and passes once it is healthy", async () => {
    let asked = 0;
    stack.container.State.Health.Status = "starting";
    stack.host.onInspect = () => {
      asked += 1;
      if (asked > 1) stack.container.State.Health.Status = "healthy";
    };
    const looking = context();
    assert.equal((await runtimeCheck.probe(target, looking)).status, "pass");
    assert.match(looking.lines[0] ?? "", /`starting`/);
  });

  it("fails fast where the container dies while it is waited for", async () => {
    stack.container.State.Health.Status = "starting";
    stack.host.onInspect = () => {
      stack.container.State.Status = "exited";
    };
    const { status, summary } = await runtimeCheck.probe(target, context());
    assert.equal(status, "fail");
    assert.match(summary, /exited/);
  });

  it("cannot tell where the deadline comes before health does", async () => {
    stack.container.State.Health.Status = "starting";
    const deadline = new AbortController();
    const looking = { ...context(deadline.signal), progress: () => deadline.abort() };
    assert.equal((await runtimeCheck.probe(target, looking)).status, "inconclusive");
  });

  it("fails a folder that was replaced under its mount, whatever lies in the new one", async () => {
    stack.host.seesStill.set("/home/node/phillbot-context", stack.folder);
    const { status, summary } = await runtimeCheck.probe(target, context());
    assert.equal(status, "fail");
    assert.match(summary, /docs` was replaced while the container ran/);
  });

  for (const [title, change, words] of [
    [
      "a state folder of another mode",
      () => chmodSync(join(stack.folder, "state"), 0o755),
      /state` has mode 755 and owner .* mode 700/,
    ],
    ["a folder that every user may write", () => chmodSync(join(stack.folder, "config"), 0o777), /config` has mode 777/],
    ["a closed folder of documents", () => chmodSync(join(stack.folder, "docs"), 0o700), /docs` has mode 700 and owner/],
    [
      "a closed configuration",
      () => chmodSync(target.declared.config.path, 0o600),
      /openclaw\.json` has mode 600 and .* mode 444/,
    ],
    [
      "a link in a folder's place",
      () => {
        renameSync(join(stack.folder, "docs"), join(stack.folder, "elsewhere"));
        symlinkSync("elsewhere", join(stack.folder, "docs"));
      },
      /docs` has something else than a folder in its place/,
    ],
  ] as const) {
    it(`fails ${title}`, async () => {
      change();
      const { status, summary, remedy } = await runtimeCheck.probe(target, context());
      assert.equal(status, "fail");
      assert.match(summary, words);
      assert.match(remedy ?? "", /npx deck up$/);
    });
  }

  it("fails what belongs to another user than the gateway's", async () => {
    const { declared } = target;
    const other = { ...declared, envFile: { ...declared.envFile, uid: 4242 } };
    // The gateway is wanted as 4242, who owns none of it; a direct route is root's only.
    const { status, summary } = await runtimeCheck.probe({ ...target, declared: other }, context());
    if (process.getuid?.() !== 0) return assert.notEqual(status, "pass");
    assert.equal(status, "fail");
    for (const name of ["state", "config", "docs", "openclaw.json"])
      assert.match(summary, new RegExp(`${name}\` has mode \\d+ and owner 0:0; wanted is mode \\d+ and owner 4242:0`));
  });

  it("fails a configuration that was edited on the host", async () => {
    chmodSync(target.declared.config.path, 0o644);
    writeFileSync(target.declared.config.path, "{ }");
    assert.match((await runtimeCheck.probe(target, context())).summary, /openclaw\.json` has sha256/);
  });

  for (const [title, change, words] of [
    ["more memory", { memoryMb: 4096 }, /This tree was not deployed: it wants `gateway.memoryMb` `4096`, deployed is `2048`\./],
    ["another image", { image: "openclaw:2" }, /wants the image `openclaw:2`, deployed is `openclaw:1`/],
    ["another digest", { digest: `sha256:${"c".repeat(64)}` }, /wants the image `openclaw:1@sha256:c+`, deployed/],
    [
      "another configuration",
      { configuration: { messages: { responsePrefix: "x" } } },
      /wants the gateway's configuration by sha256/,
    ],
    ["another owner", { uid: 4242 }, /wants the gateway's owner `4242:\d+`/],
  ] as const) {
    it(`fails ${title} in the settings, which nobody deployed, though the host is as it was declared`, async () => {
      const settings = { ...target.settings, gateway: { ...target.settings.gateway, ...change } };
      const { status, summary, remedy } = await runtimeCheck.probe({ ...target, settings }, context());
      assert.equal(status, "fail");
      assert.match(summary, words);
      assert.equal(remedy, "npx deck up");
    });
  }

  it("asks a newer tree's program, which renders otherwise, nothing of what an older one would declare", async () => {
    const settings = { ...target.settings, gateway: { ...target.settings.gateway, memoryMb: 4096 } };
    const rollback = { name: "2026.11.22", home: target.projectRoot };
    const judged = (by: object) => runtimeCheck.probe({ ...target, settings, rollback: { ...rollback, ...by } }, context());
    assert.equal((await judged({ byNewer: true })).status, "pass");
    assert.match((await judged({})).summary, /This tree was not deployed/);
    stack.container.HostConfig = { ...stack.container.HostConfig, Memory: 1 };
    assert.equal((await judged({ byNewer: true })).status, "fail");
  });

  it("fails what only the container's own digest tells of the settings, and a container that does not say what it was made with", async () => {
    const other = { ...target, stack: "other" };
    assert.match((await runtimeCheck.probe(other, context())).summary, /not deployed: it wants the container by sha256 `\w{12}`/);
    delete stack.container.Config.Labels["phillbot.env-file"];
    assert.match((await runtimeCheck.probe(target, context())).summary, /wants the container by sha256/);
  });

  it("says `error`, with the command that shows it, where the engine does not answer", async () => {
    stack.host.containers = undefined;
    const { status, remedy } = await runtimeCheck.probe(target, context());
    assert.equal(status, "error");
    assert.equal(remedy, "docker info");
  });
});
