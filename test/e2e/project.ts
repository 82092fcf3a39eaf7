/** A project of the tests' own: a clone of this one beside it, with a development stack that nothing else uses. */

import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { devFolders, ensureDevStack } from "../../deck/devStack.ts";
import { parseEnvLines } from "../../model/secretSources.ts";
import { imageNames } from "../../toolchain/images.ts";
import { layoutOf } from "../../toolchain/layout.ts";
import { findCli, pulumiEnv } from "../../toolchain/pulumi.ts";
import { own as claim, removeContainers, removeLeftovers } from "./leftovers.ts";

export { removeContainers } from "./leftovers.ts";

/** The project that the tests are part of. */
export const sourceRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

type Environment = Readonly<Record<string, string>>;

export interface Ended {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestProject extends AsyncDisposable {
  readonly root: string;
  readonly stack: string;
  /** Prefix of every container and network. */
  readonly name: string;
  readonly secrets: ReadonlyMap<string, string>;
  /** Runs the command line as an operator would. */
  deck(...args: readonly string[]): Promise<Ended>;
  /** The same, with variables of its own, and each line of its progress handed over as it comes. */
  watch(
    args: readonly string[],
    options: { readonly environment?: Environment; readonly onLine?: (line: string) => Promise<void> },
  ): Promise<Ended>;
  /** Runs the Pulumi CLI on the stack. */
  pulumi(...args: readonly string[]): Promise<Ended>;
  /** Runs git in the clone. */
  git(...args: readonly string[]): Promise<string>;
}

/** Where its commands run, if not where the tests do. */
interface Elsewhere {
  /** What comes before each command. */
  readonly prefix: readonly string[];
  readonly environment: Environment;
}

/** Clones what is there, uncommitted work included, and generates a stack with free ports. Disposing removes all of it, by the stack's own state. */
export async function makeProject(elsewhere: Elsewhere = { prefix: [], environment: {} }): Promise<TestProject> {
  const stack = `e2e-${randomBytes(4).toString("hex")}`;
  const root = await mkdtemp(join(tmpdir(), `phillbot-${stack}-`));
  await removeLeftovers();
  await cloneInto(root);
  claim(root);
  await ensureDevStack({ projectRoot: root, stack, images: imageNames(sourceRoot), ownPorts: true });
  const layout = layoutOf(sourceRoot);
  const { path: cli } = await findCli(layout);
  const folders = devFolders(root, stack);
  const state = { PULUMI_BACKEND_URL: `file://${folders.state}`, PULUMI_CONFIG_PASSPHRASE_FILE: folders.passphraseFile };
  const own = { ...pulumiEnv(layout), ...state, ...elsewhere.environment, PHILLBOT_STACK: stack, NO_COLOR: "1" };
  const env = { ...process.env, ...own };
  const start = (argv: readonly string[], environment: Environment = {}) => {
    const [command = "", ...args] = [...elsewhere.prefix, ...argv];
    return execa(command, args, {
      cwd: root,
      env: { ...env, ...environment },
      extendEnv: false,
      reject: false,
      stdin: "ignore",
      timeout: 900_000,
    });
  };
  const run = async (argv: readonly string[]): Promise<Ended> => {
    const { exitCode, stdout, stderr } = await start(argv);
    return { code: exitCode, stdout, stderr };
  };
  const deck = [process.execPath, join(root, "deck", "main.ts")];
  const pulumi = (verb = "", ...args: readonly string[]) => run([cli, verb, "--stack", stack, "--non-interactive", ...args]);
  const selected = await run([cli, "stack", "init", stack, "--non-interactive"]);
  if (selected.code !== 0) throw new Error(`The stack could not be made: ${selected.stderr}`);
  return {
    root,
    stack,
    name: `phillbot-${stack}`,
    secrets: parseEnvLines(await readFile(folders.secretsFile, "utf8")).values,
    deck: (...args) => run([...deck, ...args]),
    async watch(args, { environment, onLine }) {
      const running = start([...deck, ...args], environment);
      const seen = onLine === undefined ? Promise.resolve() : eachLine(running.iterable({ from: "stderr" }), onLine);
      const { exitCode, stdout, stderr } = await running;
      await seen;
      return { code: exitCode, stdout, stderr };
    },
    pulumi,
    git: async (...args) => (await execa("git", args, { cwd: root })).stdout,
    async [Symbol.asyncDispose]() {
      const ended = await pulumi("destroy", "--yes", "--skip-preview");
      await removeContainers(`phillbot-${stack}`);
      await rm(root, { recursive: true, force: true });
      if (ended.code !== 0) throw new Error(`The test's stack could not be destroyed: ${ended.stderr.slice(-2000)}`);
    },
  };
}

async function eachLine(lines: AsyncIterable<unknown>, onLine: (line: string) => Promise<void>): Promise<void> {
  for await (const line of lines) await onLine(String(line));
}

/** A clone in the folder `root`, with the packages and the tools of the project that the tests are part of. */
export async function cloneInto(root: string): Promise<void> {
  await execa("git", ["clone", "--quiet", sourceRoot, root]);
  const { stdout } = await execa("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: sourceRoot });
  for (const file of stdout.split("\0").filter((name) => name !== "")) {
    await cp(join(sourceRoot, file), join(root, file)).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      await rm(join(root, file), { force: true });
    });
  }
  const git = (...args: string[]) => execa("git", args, { cwd: root });
  await git("config", "user.name", "Test");
  await git("config", "user.email", "test@example.invalid");
  await git("add", "--all");
  await git("commit", "--quiet", "--allow-empty", "--message", "Take over uncommitted work");
  await symlink(join(sourceRoot, "node_modules"), join(root, "node_modules"));
  await mkdir(join(root, ".phillbot"), { recursive: true });
  for (const part of ["bin", "pulumi"]) await symlink(join(sourceRoot, ".phillbot", part), join(root, ".phillbot", part));
  // Ignored in a project as a folder, but here it is a link.
  await writeFile(join(root, ".git", "info", "exclude"), "node_modules\n.phillbot\ntest-owner.pid\n");
}
