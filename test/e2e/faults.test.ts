/** Every fault of `faults.yaml` on a running stack: named by exactly the checks that the file says, and gone when it is mended. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { devFolders } from "../../deck/devStack.ts";
import { psql } from "./databaseFaults.ts";
import { faultsOf } from "./faults.ts";
import { exitOf, faultTable, namedBy } from "./faultTable.ts";
import { docker } from "./gatewayStack.ts";
import { makeProject, type TestProject } from "./project.ts";

const table = faultTable("dev");
/** Seconds: a fault that stays must not be waited out for a minute and a half each time. */
const deadlines = { memory: 8, schema: 60 };
/** A channel that stays broken is told from one that boots by the other faults, which wait the code's own time. */
const brokenChannel = { ...deadlines, telegram: 20 };

describe("A stack behind its gate", function () {
  this.timeout(900_000);
  let project: TestProject;
  let apiRoot: string;

  before(async () => {
    project = await makeProject();
    await limit(deadlines);
    await project.git("commit", "--quiet", "--all", "--message", "Shorten the deadlines");
    apiRoot = parse(await readFile(join(project.root, `Pulumi.${project.stack}.yaml`), "utf8")).config["phillbot:telegram"]
      .apiRoot;
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
  });

  const limit = async (seconds: Readonly<Record<string, number>>) => {
    const policy = join(project.root, "operations/gate.yaml");
    await writeFile(policy, stringify({ ...parse(await readFile(policy, "utf8")), deadlines: seconds }));
  };

  it("comes up with an open gate", async () => {
    const { code, stdout, stderr } = await project.deck("up", "--yes");
    assert.equal(code, 0, stderr.slice(-4000));
    assert.match(stdout, /The release gate is open/);
  });

  it("takes no file into the gateway's image while it runs, which no digest would tell", async () => {
    const [file, gateway] = [join(project.root, "package.json"), `${project.name}-openclaw-gateway-1`];
    for (const folder of ["/app", "/usr/local/bin", "/tmp", "/home/node"])
      await assert.rejects(docker("cp", file, `${gateway}:${folder}/package.json`), /read-only/);
  });

  it("shows nothing to change after that, and gates all the same", async () => {
    const preview = await project.pulumi("preview", "--expect-no-changes");
    assert.equal(preview.code, 0, preview.stdout.slice(-3000));
    const { code, stdout } = await project.deck("gate", "--json");
    assert.equal(code, 0, stdout);
    assert.deepEqual(namedBy({ code, stdout, stderr: "" }), { outcome: "open", checks: {} });
  });

  it("takes no settings from outside the tree", async () => {
    const settings = join(project.root, `Pulumi.${project.stack}.yaml`);
    const other = join(project.root, ".phillbot", "other.yaml");
    const file = parse(await readFile(settings, "utf8"));
    file.config["phillbot:gateway"].memoryMb = 2300;
    await writeFile(other, stringify(file));
    const { code, stdout, stderr } = await project.pulumi("preview", "--config-file", other);
    assert.notEqual(code, 0);
    assert.match(`${stdout}${stderr}`, /other settings than `Pulumi\..*` in this tree holds: `phillbot:gateway`/);
  });

  it("replaces what a rotated secret and a changed setting touch, and gates what runs then", async () => {
    const gateway = `${project.name}-openclaw-gateway-1`;
    const settings = join(project.root, `Pulumi.${project.stack}.yaml`);
    const file = parse(await readFile(settings, "utf8"));
    file.config["phillbot:gateway"].memoryMb = 2100;
    await writeFile(settings, stringify(file));
    const secrets = devFolders(project.root, project.stack).secretsFile;
    const rotated = randomBytes(32).toString("base64url");
    await writeFile(secrets, (await readFile(secrets, "utf8")).replace(/^(OPENCLAW_GATEWAY_TOKEN)=.*$/m, `$1=${rotated}`));
    const before = await docker("inspect", "--format", "{{.Id}}", gateway);
    const { code, stdout, stderr } = await project.deck("up", "--yes");
    assert.equal(code, 0, stderr.slice(-4000));
    assert.match(stdout, /The release gate is open/);
    const [id, memory] = (await docker("inspect", "--format", "{{.Id}} {{.HostConfig.Memory}}", gateway)).split(" ");
    assert.notEqual(id, before);
    assert.equal(Number(memory), 2100 * 1024 * 1024);
    assert.ok(!stderr.includes(rotated));
    const again = await project.pulumi("preview", "--expect-no-changes");
    assert.equal(again.code, 0, again.stdout.slice(-3000));
  });

  it("has a way to make every fault of the list, and no other", () => {
    assert.deepEqual(Object.keys(faultsOf(project, { apiRoot })).toSorted(), table.map(({ fault }) => fault).toSorted());
  });

  for (const { fault, checks, exit, says } of table) {
    const expectation = checks
      ? Object.entries(checks)
          .map(([id, status]) => `${id}: ${status}`)
          .join(", ")
      : `exit ${exit}, ${says}`;
    it(`${fault}: ${expectation}`, async () => {
      const { make, mend, during, environment } =
        faultsOf(project, { apiRoot })[fault] ?? assert.fail(`There is no way to make: ${fault}`);
      await make();
      try {
        if (checks === undefined) {
          const running = await docker(
            "inspect",
            "--format",
            "{{.Id}} {{.State.StartedAt}}",
            `${project.name}-openclaw-gateway-1`,
          );
          const ended = await project.deck("up", "--yes");
          assert.equal(ended.code, exit, ended.stderr.slice(-3000));
          assert.ok(ended.stderr.includes(says ?? ""), ended.stderr.slice(-3000));
          const still = await docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", `${project.name}-openclaw-gateway-1`);
          assert.equal(still, running, "The gateway that ran was touched.");
          return;
        }
        if (checks.telegram !== undefined) await limit(brokenChannel);
        const ended = await project.watch(["gate", "--json"], {
          ...(environment && { environment }),
          ...(during && { onLine: during }),
        });
        assert.deepEqual(namedBy(ended), { outcome: "blocked", checks }, ended.stdout);
        assert.equal(ended.code, exitOf(checks));
      } finally {
        if (checks?.telegram !== undefined) await limit(deadlines);
        await mend();
      }
    });
  }

  it("touches nothing where an applied migration was edited, says so once, and says in a preview that it would", async () => {
    const file = join(project.root, "memory/supabase/migrations/20261122000000_shared_memory.sql");
    const before = await readFile(file, "utf8");
    const running = () => docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", `${project.name}-openclaw-gateway-1`);
    const then = await running();
    await writeFile(file, `${before}\n-- Edited.\n`);
    try {
      const ended = await project.deck("up", "--yes");
      assert.equal(ended.code, 1, ended.stderr.slice(-3000));
      const said = "schema: Edited after they were applied: 20261122000000_shared_memory.";
      assert.equal(ended.stderr.split(said).length, 2, ended.stderr.slice(-3000));
      assert.equal(await running(), then, "The gateway that ran was touched.");
      const preview = await project.deck("preview");
      assert.equal(preview.code, 1, preview.stderr.slice(-3000));
      assert.ok(preview.stderr.includes(said), preview.stderr.slice(-3000));
    } finally {
      await writeFile(file, before);
    }
  });

  for (const [when, stopped] of [
    ["before anything is touched, and says in a preview that it would", false],
    ["before it is applied where the update itself starts the database", true],
  ] as const) {
    it(`refuses a migration that takes something from the release before, ${when}`, async () => {
      const file = join(project.root, "memory/supabase/migrations/29990101000000_less.sql");
      const applied = () => psql(project, "select string_agg(version, ',') from supabase_migrations.schema_migrations");
      const running = () => docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", `${project.name}-openclaw-gateway-1`);
      const [versions, then] = [await applied(), await running()];
      await writeFile(file, "do $$ begin execute 'drop function public.memory_forget(text) cascade'; end $$;\n");
      try {
        if (stopped) await docker("stop", `${project.name}-postgres-1`);
        const ended = await project.deck("up", "--yes", "--json");
        assert.equal(ended.code, 4, ended.stderr.slice(-3000));
        assert.match(
          ended.stderr,
          /less` takes something from the release before it.*memory_forget\(text\) is gone\. Expand first/,
        );
        assert.equal(await applied(), versions);
        assert.equal(await psql(project, "select public.memory_forget('nothing')"), "f");
        if (stopped) return;
        assert.equal(await running(), then, "The gateway that ran was touched.");
        const preview = await project.deck("preview", "--json");
        assert.equal(preview.code, 4, preview.stderr.slice(-3000));
        assert.deepEqual(JSON.parse(preview.stdout).upWouldBeRefused, ["schema"]);
      } finally {
        await rm(file);
        if (stopped) assert.equal((await project.deck("up", "--yes")).code, 0);
      }
    });
  }

  it("does not let an update of one resource pass for the whole", async () => {
    const settings = join(project.root, `Pulumi.${project.stack}.yaml`);
    const before = await readFile(settings, "utf8");
    const file = parse(before);
    file.config["phillbot:gateway"].memoryMb = 2200;
    await writeFile(settings, stringify(file));
    try {
      const network = `urn:pulumi:${project.stack}::phillbot::docker:index/network:Network::network`;
      const { code, stdout } = await project.pulumi("up", "--yes", "--skip-preview", "--target", network);
      assert.notEqual(code, 0, stdout.slice(-3000));
      assert.match(stdout, /was made from the specification/);
    } finally {
      await writeFile(settings, before);
    }
  });

  it("writes no configuration that OpenClaw refuses, also where the update leaves the validation out", async () => {
    const settings = join(project.root, `Pulumi.${project.stack}.yaml`);
    const written = join(project.root, ".phillbot/host", project.stack, "config/openclaw.json");
    const [before, running] = [await readFile(settings, "utf8"), await readFile(written, "utf8")];
    const file = parse(before);
    file.config["phillbot:gateway"].configuration = { noSuchSection: { on: true } };
    await writeFile(settings, stringify(file));
    try {
      const { code, stdout } = await project.pulumi("up", "--yes", "--skip-preview", "--target", "**gateway-config-write");
      assert.notEqual(code, 0, stdout.slice(-3000));
      assert.match(stdout, /configuration was not written/);
      assert.equal(await readFile(written, "utf8"), running);
    } finally {
      await writeFile(settings, before);
    }
  });

  it("is green again once a whole update has said what is wanted, which those two left half said", async () => {
    const { code, stderr } = await project.deck("up", "--yes");
    assert.equal(code, 0, stderr.slice(-3000));
    const gate = await project.deck("gate", "--json");
    assert.equal(gate.code, 0, gate.stdout);
  });
});
