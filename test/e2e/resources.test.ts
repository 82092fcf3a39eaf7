/** Each kind of resource is replaced and removed by real updates, and what runs is gated afterwards. */

import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { devFolders } from "../../deck/devStack.ts";
import { psql } from "./databaseFaults.ts";
import { extraNames, extraPaths, withExtraResources } from "./extraResources.ts";
import { docker } from "./gatewayStack.ts";
import { makeProject, type TestProject } from "./project.ts";

const exported = z.object({
  deployment: z.object({
    resources: z.array(z.object({ urn: z.string(), type: z.string(), custom: z.boolean(), created: z.string().optional() })),
  }),
});

/** What the memory must keep through all of it. */
const remember = "insert into memory.items (key, value) values ('kept', 'through every update') returning key";
const recall = "select value from memory.items where key = 'kept'";

describe("The resources of a stack", function () {
  this.timeout(900_000);
  let project: TestProject;
  const program = () => join(project.root, "stacks/main.ts");
  const base = () => devFolders(project.root, project.stack).baseFolder;
  const custom = async () => {
    const { stdout } = await project.pulumi("stack", "export");
    return exported.parse(JSON.parse(stdout)).deployment.resources.filter((resource) => resource.custom);
  };
  const kinds = async () => [...new Set((await custom()).map(({ type }) => type))].sort();
  const isOpen = async () => {
    const { code, stdout } = await project.deck("gate", "--json");
    assert.equal(code, 0, stdout);
  };

  before(async () => {
    project = await makeProject();
    const { code, stderr } = await project.deck("up", "--yes");
    assert.equal(code, 0, stderr.slice(-3000));
    await psql(project, remember);
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
  });

  it("are removed, each kind of them, by an update that is gated once more; what they wrote stays, and so does the memory", async () => {
    const own = await kinds();
    const before = await readFile(program(), "utf8");
    const names = Object.values(extraNames).map((name) => `${project.name}-${name}`);
    await writeFile(program(), withExtraResources(before));
    const added = await project.deck("up", "--yes");
    assert.equal(added.code, 0, added.stderr.slice(-3000));
    const extras = (await custom()).filter(({ urn }) => urn.split("::").at(-1)?.startsWith("extra-"));
    // The provider is the program's own, for all of them.
    const wanted = own.filter((type) => !type.startsWith("pulumi:providers:"));
    assert.deepEqual([...new Set(extras.map(({ type }) => type))].sort(), wanted);

    await writeFile(program(), before);
    const removed = await project.deck("up", "--yes");
    assert.equal(removed.code, 0, removed.stderr.slice(-3000));
    assert.match(removed.stderr, /The update deleted \d+ resources after its gate; the gate runs once more\./);
    assert.deepEqual(
      (await custom()).filter(({ urn }) => urn.includes("extra-")),
      [],
    );
    const [containers, networks, volumes] = await Promise.all([
      docker("ps", "--all", "--format", "{{.Names}}"),
      docker("network", "ls", "--format", "{{.Name}}"),
      docker("volume", "ls", "--format", "{{.Name}}"),
    ]);
    const left = `${containers}\n${networks}\n${volumes}`.split("\n").filter((name) => names.includes(name));
    assert.deepEqual(left, []);
    for (const path of Object.values(extraPaths)) assert.ok((await stat(join(base(), path))).isFile(), path);
    assert.equal(await psql(project, recall), "through every update");
    await isOpen();
  });

  it("are replaced, every one of them, by an update that its gate lets pass; what the memory holds stays", async () => {
    const since = Date.now();
    const { code, stdout, stderr } = await project.pulumi("up", "--yes", "--skip-preview", "--replace", "**");
    assert.equal(code, 0, `${stdout.slice(-3000)}\n${stderr.slice(-1000)}`);
    const old = (await custom()).filter(({ created }) => Date.parse(created ?? "") < since);
    assert.deepEqual(
      old.map(({ urn }) => urn.split("::").at(-1)),
      [],
    );
    assert.equal(await psql(project, recall), "through every update");
    await isOpen();
  });
});
