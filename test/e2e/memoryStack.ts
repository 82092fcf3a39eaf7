/** A PostgreSQL and the REST server in front of it, in containers of their own, for tests of the memory and its schema. */

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "pg";
import type { Check, CheckContext, Target } from "../../checks/check.ts";
import { execute } from "../../host/execute.ts";
import { LocalHost } from "../../host/local.ts";
import { type DatabaseAccess, withDatabase } from "../../memory/database.ts";
import { applyMigrations } from "../../memory/migrate.ts";
import type { Finding } from "../../model/check.ts";
import { Secret } from "../../model/secret.ts";
import { settingsSchema } from "../../model/settings.ts";
import { policyWith } from "../model/gateSample.ts";

export const projectRoot = dirname(dirname(import.meta.dirname));

export interface MemoryStack extends AsyncDisposable {
  readonly target: Target;
  readonly postgres: string;
  /** Access to a database of the server, by name. */
  access(name?: string): DatabaseAccess;
  /** Runs statements as the superuser, writable even where the default is not. */
  sql(text: string, name?: string): Promise<void>;
  /** A database of its own, with the roles of a Supabase project. */
  database(): Promise<DatabaseAccess>;
  /** The container's port stays the same over a stop and a start. */
  docker(...args: readonly string[]): Promise<string>;
  untilUp(): Promise<void>;
}

/** For a suite of tests: a stack of its own with this tree's migrations, handed to `use` before the first of them. */
export function beforeMigratedMemory(use: (stack: MemoryStack) => void): void {
  let starting: Promise<MemoryStack> | undefined;
  before(async () => {
    starting = startMemory();
    const stack = await starting;
    await migrate(stack.access());
    use(stack);
  });
  // Also where `before` ran out of time: what it started then is still removed.
  after(async () => (await starting?.catch(() => undefined))?.[Symbol.asyncDispose]());
}

/** Applies a tree's migrations whatever they take away: the tests of other rules bring databases into every state. */
export function migrate(database: DatabaseAccess, root = projectRoot): ReturnType<typeof applyMigrations> {
  return applyMigrations({ projectRoot: root, database, isAdmitted: async () => true, signal: AbortSignal.timeout(60_000) });
}

export async function docker(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await execute(["docker", ...args], { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`\`docker ${args.slice(0, 2).join(" ")}\` ended with ${code}: ${stderr.trim()}`);
  return stdout.trim();
}

/** The newest local image of a repository. Throws where there is none. */
async function imageOf(repository: string): Promise<string> {
  const [tag] = (await docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository)).split("\n");
  if (tag) return tag;
  throw new Error(`There is no image \`${repository}\` here; \`npm start\` builds it.`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("No port.")),
      );
    });
  });
}

const random = () => randomBytes(16).toString("hex");

/** Starts both, with the roles in place and no migration applied. */
export async function startMemory(): Promise<MemoryStack> {
  const name = `phillbot-memory-${randomBytes(4).toString("hex")}`;
  const [postgresPort, restPort, folder] = [await freePort(), await freePort(), await mkdtemp(join(tmpdir(), `${name}-`))];
  const stop = new AsyncDisposableStack();
  stop.defer(() => rm(folder, { recursive: true, force: true }));
  const secrets = new Map(
    ["MEMORY_BOT_KEY", "MEMORY_PUBLISHABLE_KEY", "MEMORY_DATABASE_PASSWORD"].map((secret) => [secret, new Secret(random())]),
  );
  const password = secrets.get("MEMORY_DATABASE_PASSWORD") ?? new Secret("");
  const files = { password: join(folder, "password"), rest: join(folder, "rest.env") };
  await chmod(folder, 0o755);
  await writeFile(files.password, password.reveal(), { mode: 0o600 });
  // Read by the image's own user; the folder lasts as long as the test.
  await writeFile(files.rest, [...secrets].map(([key, value]) => `${key}=${value.reveal()}\n`).join(""), { mode: 0o644 });
  try {
    await docker("network", "create", name);
    stop.defer(async () => void (await docker("network", "rm", name)));
    const run = async (...args: readonly string[]) => {
      const id = await docker("run", "--detach", "--network", name, "--label", "phillbot.purpose=test", ...args);
      stop.defer(async () => void (await docker("rm", "--force", "--volumes", id)));
      return id;
    };
    const mounted = (file: string, target: string) => ["--volume", `${file}:${target}:ro`];
    const postgres = await run(
      ...["--network-alias", "postgres", "--publish", `127.0.0.1:${postgresPort}:5432`],
      ...mounted(files.password, "/run/secrets/postgres_password"),
      await imageOf("phillbot/postgres"),
    );
    await run(
      "--publish",
      `127.0.0.1:${restPort}:54321`,
      ...mounted(files.rest, "/run/phillbot/rest.env"),
      await imageOf("phillbot/rest"),
    );
    const address = { host: "127.0.0.1", port: postgresPort, name: "postgres", user: "postgres", tls: "disable" as const };
    const stack = makeStack({
      postgres,
      address,
      password,
      stop,
      target: targetOf({ postgresPort, restPort, address, secrets, folder }),
    });
    // The REST server is well only once the role that it connects as is there.
    await until("PostgreSQL", () => stack.sql(rolesSql()));
    await stack.untilUp();
    return stack;
  } catch (error) {
    await stop.disposeAsync();
    throw error;
  }
}

interface Parts {
  readonly postgres: string;
  readonly address: DatabaseAccess["address"];
  readonly password: Secret;
  readonly target: Target;
  readonly stop: AsyncDisposableStack;
}

function makeStack({ postgres, address, password, target, stop }: Parts): MemoryStack {
  const access = (name = "postgres"): DatabaseAccess => ({ address: { ...address, name }, password });
  const sql = (text: string, name?: string) => withWritable(access(name), async (client) => void (await client.query(text)));
  return {
    target,
    postgres,
    access,
    sql,
    docker,
    untilUp: async () => {
      await until("PostgreSQL", () => sql("select 1"));
      await until("the REST server", async () => assertOk(await fetch(`${target.settings.memory.url}/healthz`)));
    },
    database: async () => {
      const name = `test_${randomBytes(6).toString("hex")}`;
      await sql(`create database ${name} template template0`);
      await sql(rolesSql(), name);
      return access(name);
    },
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
}

export function withWritable<T>(access: DatabaseAccess, work: (client: Client) => Promise<T>): Promise<T> {
  return withDatabase(access, AbortSignal.timeout(20_000), async (client) => {
    await client.query("set default_transaction_read_only = off");
    return work(client);
  });
}

function rolesSql(): string {
  return readFileSync(join(projectRoot, "memory/supabase/roles.sql"), "utf8");
}

function assertOk(response: Response): void {
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
}

async function until(what: string, work: () => Promise<void>): Promise<void> {
  const end = Date.now() + 60_000;
  for (;;) {
    try {
      return await work();
    } catch (cause) {
      if (Date.now() > end) throw new Error(`Waited 60 s for ${what}.`, { cause });
      await wait(200);
    }
  }
}

interface TargetParts {
  readonly postgresPort: number;
  readonly restPort: number;
  readonly address: DatabaseAccess["address"];
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly folder: string;
}

function targetOf({ postgresPort, restPort, address, secrets, folder }: TargetParts): Target {
  const unused = { from: { env: "UNUSED" } };
  const settings = settingsSchema.parse({
    host: { kind: "local" },
    name: "memory-test",
    baseFolder: folder,
    gateway: { image: "unused:1" },
    telegram: { owners: ["42"] },
    memory: { url: `http://127.0.0.1:${restPort}`, database: address },
    provider: { name: "none" },
    secrets: { MEMORY_BOT_KEY: unused },
    devServices: {
      telegramPort: 9,
      restPort,
      postgresPort,
      images: { telegram: "unused:1", rest: "unused:1", postgres: "unused:1" },
    },
    requireSignOff: false,
  });
  return {
    stack: "test",
    settings,
    host: new LocalHost(),
    // Neither check of this room looks at what was declared.
    declared: undefined as never,
    secrets,
    projectRoot,
    evidenceFolder: folder,
  };
}

/** Runs one check as the runner does: bounded by its deadline; a throw is an error. */
export async function look(check: Check, target: Target): Promise<Finding> {
  const context: CheckContext = {
    signal: AbortSignal.timeout(check.deadlineMs),
    now: () => new Date(),
    policy: policyWith(),
    progress: () => {},
  };
  try {
    return await check.probe(target, context);
  } catch (error) {
    return { status: "error", summary: String(error), measured: {} };
  }
}

/** A copy of this project's migrations, for a test to add to and to edit. */
export async function treeCopy(): Promise<{ root: string; migrations: string } & AsyncDisposable> {
  const root = await mkdtemp(join(tmpdir(), "phillbot-tree-"));
  await cp(join(projectRoot, "memory/supabase"), join(root, "memory/supabase"), { recursive: true });
  return {
    root,
    migrations: join(root, "memory/supabase/migrations"),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}
