/** An operator of a stack like `prod`: a home, a clone with filled-in settings and an origin, secrets from three sources, and a keyboard. */

import { randomBytes, randomInt } from "node:crypto";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { parseDocument } from "yaml";
import { Secret } from "../../model/secret.ts";
import { cloneInto, type Ended } from "./project.ts";

/** Values with the shape of the real ones, made anew in every run. */
export function productionSecrets(): ReadonlyMap<string, Secret> {
  const random = (bytes: number) => randomBytes(bytes).toString("hex");
  return new Map([
    ["TELEGRAM_BOT_TOKEN", new Secret(`${randomInt(100_000_000, 999_999_999)}:A${random(17)}`)],
    ["OPENCLAW_GATEWAY_TOKEN", new Secret(random(32))],
    ["ANTHROPIC_API_KEY", new Secret(["sk", "ant", "api03", random(48)].join("-"))],
  ]);
}

/** The environment variable that holds the provider's key: one source of three. */
const providerVariable = "REHEARSAL_PROVIDER_KEY";

export interface OperatorSpec {
  /** A name of its own: whoever examines the real `prod` from this machine has trust installed for that. */
  readonly stack: string;
  /** Absolute path; made, and removed by whoever made its parent. */
  readonly folder: string;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** `postgres://…`, and the line of the password file for it. */
  readonly state: string;
  readonly statePassword: string;
}

export interface Operator {
  /** The clone. */
  readonly root: string;
  /** The stack, whose settings are those of `prod`. */
  readonly stack: string;
  /** Absolute path of the repository behind its `origin`. */
  readonly origin: string;
  /** Absolute path of them. */
  readonly settingsFile: string;
  /** All that any command has printed. */
  readonly printed: readonly string[];
  deck(...args: readonly string[]): Promise<Ended>;
  /** The Pulumi CLI, in the environment that `deck env` names. */
  pulumi(...args: readonly string[]): Promise<Ended>;
  /** Writes settings into the stack's file by their paths; what else stands there stays. */
  configure(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** Commits everything, stamps the documents for a release, and pushes to the origin. */
  release(id: string): Promise<void>;
  /** Somebody else pushes one changed file to origin's default branch, which the clone does not know; the result takes that back. */
  colleaguePushes(path: string, content: string): Promise<() => Promise<void>>;
}

/** Makes the operator's files; the stack is made by `pulumi stack init` as its first command. */
export async function makeOperator({ folder, stack, secrets, state, statePassword }: OperatorSpec): Promise<Operator> {
  const [root, home] = [join(folder, "clone"), join(folder, "home")];
  await cloneInto(root);
  const settingsFile = join(root, `Pulumi.${stack}.yaml`);
  const git = (...args: readonly string[]) => execa("git", args, { cwd: root });
  await git("mv", "Pulumi.prod.yaml", settingsFile);
  // A development stack's settings are ignored; these are as much a part of the tree as those of `prod`.
  await git("add", "--force", settingsFile);
  await git("commit", "--quiet", "--message", `Call the stack ${stack}`);
  const passphrase = new Secret(randomBytes(24).toString("base64url"));
  const files = {
    passphrase: await secretFile(home, "passphrase", passphrase.reveal()),
    state: await secretFile(home, "pgpass", statePassword),
    token: await secretFile(home, "vault/gateway-token", `${secrets.get("OPENCLAW_GATEWAY_TOKEN")?.reveal()}\n`),
  };
  const elsewhere = ["OPENCLAW_GATEWAY_TOKEN", "ANTHROPIC_API_KEY"];
  const lines = [...secrets].filter(([name]) => !elsewhere.includes(name)).map(([name, value]) => `${name}=${value.reveal()}\n`);
  await secretFile(home, ".config/phillbot/prod.env", lines.join(""));
  const env = {
    ...process.env,
    HOME: home,
    NO_COLOR: "1",
    PULUMI_BACKEND_URL: state,
    PULUMI_CONFIG_PASSPHRASE_FILE: files.passphrase,
    PGPASSFILE: files.state,
    [providerVariable]: secrets.get("ANTHROPIC_API_KEY")?.reveal(),
  };
  const printed: string[] = [];
  const run = async (argv: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> => {
    const [command = "", ...args] = argv;
    const { exitCode, stdout, stderr } = await execa(command, args, {
      cwd: root,
      env: { ...env, ...more },
      extendEnv: false,
      reject: false,
      stdin: "ignore",
      timeout: 900_000,
    });
    printed.push(stdout, stderr);
    return { code: exitCode, stdout, stderr };
  };
  const deck = (...args: readonly string[]) => run([process.execPath, join(root, "deck", "main.ts"), ...args, "--stack", stack]);
  const operator: Operator = {
    root,
    stack,
    origin: join(folder, "origin.git"),
    settingsFile,
    printed,
    deck,
    async pulumi(...args) {
      const { pulumi, environment } = JSON.parse((await deck("env", "--json")).stdout);
      return run([pulumi, ...args, "--non-interactive"], environment);
    },
    async configure(settings) {
      const document = parseDocument(await readFile(settingsFile, "utf8"));
      for (const [key, value] of Object.entries(settings)) {
        const [first, ...rest] = key.split(".");
        document.setIn(["config", `phillbot:${first}`, ...rest], document.createNode(value));
      }
      await writeFile(settingsFile, document.toString({ lineWidth: 0 }));
    },
    async release(id) {
      // A later release may have nothing left to fill in.
      await git("commit", "--quiet", "--all", "--allow-empty", "--message", "Fill in what only the owner has");
      const stamped = await deck("docs", "stamp", id, "--milestone");
      if (stamped.code !== 0) throw new Error(stamped.stderr);
      await git("commit", "--quiet", "--all", "--message", `Stamp the documents for ${id}`);
      await git("push", "--quiet", "origin", "HEAD");
    },
    async colleaguePushes(path, content) {
      const theirs = join(folder, "colleague");
      await execa("git", ["clone", "--quiet", join(folder, "origin.git"), theirs]);
      const gitThere = (...args: readonly string[]) => execa("git", args, { cwd: theirs });
      await writeFile(join(theirs, path), content);
      const who = ["-c", "user.name=Colleague", "-c", "user.email=colleague@example.invalid"];
      await gitThere(...who, "commit", "--quiet", "--all", "--message", `Change ${path}`);
      await gitThere("push", "--quiet", "origin", "HEAD");
      return async () => {
        await gitThere("push", "--quiet", "--force", "origin", `HEAD~1:${(await gitThere("branch", "--show-current")).stdout}`);
        await rm(theirs, { recursive: true, force: true });
      };
    },
  };
  const origin = await ownOrigin(folder, root);
  await allowForBusyMachine(root);
  await operator.configure({
    origin,
    "secrets.OPENCLAW_GATEWAY_TOKEN.from": { command: ["cat", files.token] },
    "secrets.ANTHROPIC_API_KEY.from": { env: providerVariable },
  });
  return operator;
}

/** A machine that runs host, gateway, database and all tests at once keeps no limit that was set for one of them. */
async function allowForBusyMachine(root: string): Promise<void> {
  const path = join(root, "operations/gate.yaml");
  const policy = parseDocument(await readFile(path, "utf8"));
  policy.set("deadlines", { memory: 60, telegram: 240, secrets: 120, schema: 180, "open-items": 90, documents: 60 });
  await writeFile(path, policy.toString({ lineWidth: 0 }));
}

/** A repository without a work tree, whose default branch is the clone's. */
async function ownOrigin(folder: string, root: string): Promise<string> {
  const origin = join(folder, "origin.git");
  await execa("git", ["clone", "--quiet", "--bare", root, origin]);
  await execa("git", ["remote", "set-url", "origin", origin], { cwd: root });
  return origin;
}

async function secretFile(home: string, path: string, content: string): Promise<string> {
  const file = join(home, path);
  await mkdir(join(file, ".."), { recursive: true, mode: 0o700 });
  await rm(file, { force: true });
  await writeFile(file, content, { mode: 0o600 });
  await chmod(file, 0o600);
  return file;
}
