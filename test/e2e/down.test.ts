/** `npm run down` after a start that was killed half-way: everything of this folder goes, and nothing of anybody else's. */

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { devFolders } from "../../deck/devStack.ts";
import { keptStacks, locksOf } from "../../deck/ownState.ts";
import { findPulumi } from "../../deck/pulumi.ts";
import { takeDown } from "../../deck/takeDown.ts";
import type { World } from "../../deck/verb.ts";
import { imageNames } from "../../toolchain/images.ts";
import { docker, until } from "./gatewayStack.ts";
import { makeProject, removeContainers, sourceRoot, type TestProject } from "./project.ts";

describe("Taking a stack down", function () {
  this.timeout(600_000);
  let project: TestProject;
  let stranger: string;
  const said: string[] = [];

  before(async () => {
    project = await makeProject();
    // Of another stack of the same folder: its labels differ in one of two.
    const labels = ["--label", `phillbot.folder=${project.root}`, "--label", "phillbot.stack=another"];
    stranger = await docker("create", ...labels, imageNames(sourceRoot).debian, "true");
  });
  after(async () => {
    await docker("rm", "--force", stranger);
    await removeContainers(project.name);
    await rm(project.root, { recursive: true, force: true });
  });

  const names = async (...kind: string[]) => {
    const listed = await docker(...kind, "--format", kind[0] === "ps" ? "{{.Names}}" : "{{.Name}}");
    return listed.split("\n").filter((name) => name.startsWith(project.name));
  };

  it("does not come to the memory of another clone: an update is refused before its first resource, and the memory stays", async () => {
    const memory = `${project.name}-postgres`;
    await docker("volume", "create", "--label", `phillbot.folder=${sourceRoot}`, memory);
    try {
      const { code, stderr } = await project.deck("up", "--yes");
      assert.equal(code, 2, stderr);
      assert.match(stderr, new RegExp(`The volume \`${memory}\`, made .* by ${sourceRoot},`));
      assert.deepEqual([await names("ps", "--all"), await names("network", "ls")], [[], []]);
      assert.deepEqual(await names("volume", "ls"), [memory]);
    } finally {
      await docker("volume", "rm", memory);
    }
  });

  it("finds the lock and the half of a stack that a killed update left", async () => {
    const { root, stack } = project;
    const { path, variables } = await findPulumi({
      root,
      stack,
      environment: process.env,
      settings: { requireSignOff: false, secrets: {} },
    });
    const update = execa(path, ["up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive"], {
      cwd: root,
      env: { ...process.env, ...variables },
      extendEnv: false,
      stdio: "ignore",
      reject: false,
    });
    await until("the database's container", async () => ((await names("ps", "--all")).length > 0 ? true : undefined), 240_000);
    update.kill("SIGKILL");
    await update;
    // Its program looks twice a second whether its engine is there.
    const { pid } = JSON.parse((await project.deck("lease", "show", "--json")).stdout).lease as { pid: number };
    await until("the end of its program", async () => (existsSync(`/proc/${pid}`) ? undefined : true));
    const { state } = devFolders(root, stack);
    const { ended, alive } = await locksOf(state, stack);
    assert.deepEqual([ended.length, alive], [1, []]);
    assert.equal((await keptStacks(state)).find(({ name }) => name === stack)?.hasResources, true);
  });

  it("removes containers, network, memory, state, settings and secrets, and keeps a stranger's container", async () => {
    const world: World = {
      root: project.root,
      environment: process.env,
      output: { data: () => {}, progress: (line) => void said.push(line), hide: () => {} },
      now: () => new Date(),
      signal: new AbortController().signal,
    };
    const stays = await takeDown(project.stack, world, {
      // All clones of this machine share these.
      removeImages: async () => ({ removed: [], kept: [] }),
      stopEngine: async () => ({ outcome: "not ours", sentence: "The engine goes on." }),
      packagesLeft: () => undefined,
    });
    for (const kind of [
      ["ps", "--all"],
      ["network", "ls"],
      ["volume", "ls"],
    ])
      assert.deepEqual(await names(...kind), [], `${kind.join(" ")}\n${said.join("\n")}\n${stays.join("\n")}`);
    // A passphrase that stacks of the project's own need stays, and nothing else.
    const ignored = join(project.root, ".phillbot");
    const needed = stays.some((line) => line.startsWith(join(ignored, "passphrase stays"))) ? ["passphrase"] : [];
    assert.deepEqual(existsSync(ignored) ? readdirSync(ignored) : [], needed);
    assert.equal(existsSync(devFolders(project.root, project.stack).settingsFile), false);
    assert.equal(await docker("inspect", "--format", "{{.Id}}", stranger), stranger);
    assert.ok(existsSync(join(sourceRoot, ".phillbot", "bin")), "What was linked in was followed.");
  });
});
