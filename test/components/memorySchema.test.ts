/** Proves what MemorySchema declares: the password stays secret, and only a changed migration runs it again. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { MemorySchemaArgs } from "../../components/memorySchema.ts";
import type { RunResult } from "../../host/host.ts";

const password = randomBytes(16).toString("hex");
const created: pulumi.runtime.MockResourceArgs[] = [];

describe("MemorySchema", () => {
  before(async () => {
    await pulumi.runtime.setMocks({
      call: () => ({}),
      newResource: (args) => {
        created.push(args);
        return { id: `${args.name}-id`, state: args.inputs };
      },
    });
  });
  beforeEach(() => void created.splice(0));
  after(() => pulumi.runtime.disconnect());

  const ran: { argv: readonly string[]; stdin: string }[] = [];
  const argsFor = (more: Partial<MemorySchemaArgs> = {}, ended: Partial<RunResult> = {}): MemorySchemaArgs => ({
    operator: {
      line: (argv) => argv.join(" "),
      run: async (argv, options) => {
        ran.push({ argv, stdin: String(options?.stdin) });
        return { code: 0, stdout: "", stderr: "", ...ended };
      },
    },
    memory: {
      url: "https://example.supabase.co",
      database: { host: "db.example", port: 5432, name: "postgres", user: "postgres", tls: "verify-full" },
    },
    password,
    migrations: [{ version: "20261122000000", name: "shared_memory", sha256: "a".repeat(64) }],
    nodePath: "/opt/node",
    projectRoot: "/project",
    ...more,
  });
  const settle = async (args: MemorySchemaArgs) => {
    const { MemorySchema } = await import("../../components/memorySchema.ts");
    const schema = new MemorySchema("memory", args);
    const digest = await new Promise<string>((resolve, reject) => {
      schema.settled.apply(resolve);
      // A rejected output has no other way to be seen from here.
      (schema.settled as unknown as { promise(): Promise<string> }).promise().catch(reject);
    });
    return { schema, digest };
  };
  const commandInputs = () => {
    const [only, ...rest] = created.filter(({ type }) => type === "command:local:Command");
    assert.deepEqual(rest, []);
    assert.ok(only);
    return only.inputs;
  };

  it("hands the password on by standard input alone, as a secret", async () => {
    await settle(argsFor());
    const { stdin, ...others } = commandInputs();
    assert.equal(stdin["4dabf18193072939515e22adb298388d"], "1b47061264138c4ac30d75fd1eb44270");
    const document = JSON.parse(stdin.value);
    assert.equal(document.password, password);
    assert.equal(document.database.host, "db.example");
    assert.ok(!JSON.stringify(others).includes(password));
  });

  it("runs the program without output, without earlier output in its environment, and without a command for deletion", async () => {
    await settle(argsFor());
    const inputs = commandInputs();
    assert.equal(inputs.create, "/opt/node /project/memory/apply.ts");
    assert.equal(inputs.logging, "none");
    assert.equal(inputs.addPreviousOutputInEnv, false);
    for (const absent of ["delete", "update", "triggers"]) assert.ok(!(absent in inputs), absent);
  });

  it("carries the digest of each migration, so that a changed file runs it again", async () => {
    const { digest } = await settle(argsFor());
    assert.deepEqual(commandInputs().environment, { MIGRATION_20261122000000: "a".repeat(64) });
    created.splice(0);
    const changed = await settle(
      argsFor({ migrations: [{ version: "20261122000000", name: "shared_memory", sha256: "b".repeat(64) }] }),
    );
    assert.notEqual(changed.digest, digest);
  });

  it("refuses a tree without migrations before anything is registered", async () => {
    const { MemorySchema } = await import("../../components/memorySchema.ts");
    assert.throws(() => new MemorySchema("memory", argsFor({ migrations: [] })), /no migration/);
    assert.deepEqual(created, []);
  });

  it("applies again what the database turns out to lack, and nothing where it lacks nothing", async () => {
    ran.splice(0);
    await settle(argsFor({ pending: async () => [] }));
    assert.equal(ran.length, 0);
    await settle(argsFor({ pending: async () => ["20261122000000_shared_memory"] }));
    assert.deepEqual(
      ran.map(({ argv }) => argv),
      [["/opt/node", "/project/memory/apply.ts"]],
    );
    assert.equal(JSON.parse(ran[0]?.stdin ?? "").password, password);
  });

  it("hands the document on once what is pending was judged, and not where that ends the update", async () => {
    const order: string[] = [];
    const answers = new Promise<string>((resolve) => {
      order.push("answers");
      resolve("id");
    });
    await settle(argsFor({ answers, judge: async () => void order.push("judged") }));
    assert.deepEqual(order, ["answers", "judged"]);
    assert.equal(JSON.parse(commandInputs().stdin.value).password, password);
    created.splice(0);
    const refused = settle(argsFor({ judge: () => Promise.reject(new Error("It takes something away.")) }));
    await assert.rejects(refused, /It takes something away/);
    assert.deepEqual(
      created.filter(({ type }) => type === "command:local:Command"),
      [],
    );
  });

  it("leaves a database that cannot be asked to the gate", async () => {
    ran.splice(0);
    const { schema, digest } = await settle(
      argsFor({
        pending: async () => {
          throw new Error("unreachable");
        },
      }),
    );
    assert.equal(digest, schema.digest);
    assert.equal(ran.length, 0);
  });
});
