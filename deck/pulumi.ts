/** The Pulumi CLI as this project uses it: which one, with which environment, and what a stack has put out. */

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";
import { z } from "zod";
import { secretEnvNames } from "../host/secretSource.ts";
import type { Declared } from "../model/declared.ts";
import type { Settings } from "../model/settings.ts";
import { layoutOf } from "../toolchain/layout.ts";
import { findCli, pulumiEnv } from "../toolchain/pulumi.ts";
import { backendFolder, refuseOwnState } from "./backend.ts";
import { devFolders } from "./devStack.ts";
import { DeckError } from "./verb.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A stack as Pulumi is to see it. */
export interface StackPlace {
  readonly root: string;
  readonly stack: string;
  readonly settings: Pick<Settings, "requireSignOff" | "secrets">;
  readonly environment: Environment;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const declaredShape: z.ZodType<Declared> = z.object({
  gateway: z.object({
    name: z.string().min(1),
    id: z.string().min(1),
    image: z.string().min(1),
    imageId: z.string().min(1),
    spec: sha256,
    memoryMb: z.int(),
    pids: z.int(),
    network: z.string().min(1),
    port: z.int(),
    composeProject: z.string().min(1),
  }),
  config: z.object({ path: z.string().min(1), sha256 }),
  envFile: z.object({ path: z.string().min(1), uid: z.int(), gid: z.int() }),
  context: z.object({ folder: z.string().min(1), manifest: z.string().min(1), sha256, files: z.int().min(0) }),
  plugin: z.object({ path: z.string().min(1), sha256 }).nullable(),
});

/** The Pulumi CLI and what it needs on top of the caller's environment. */
export interface PulumiCommand {
  /** Absolute path of the CLI. */
  readonly path: string;
  /** By name; never a secret: the passphrase is named by its file. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Finds the CLI. A stack without sign-off keeps its state in this folder, unless the caller names another backend, which
 * wants a passphrase of its own: the one that lies here goes with `npm run down`. One with sign-off keeps it where the operator is logged in.
 */
export async function findPulumi({ root, stack, settings, environment }: StackPlace): Promise<PulumiCommand> {
  const layout = layoutOf(root);
  const { path } = await findCli(layout);
  const shared = pulumiEnv(layout);
  if (settings.requireSignOff) {
    return { path, variables: { ...shared, PULUMI_CREDENTIALS_PATH: credentialsFolder(environment) } };
  }
  const { state, passphraseFile } = devFolders(root, stack);
  const backend = environment.PULUMI_BACKEND_URL || `file://${state}`;
  const isOwn = backendFolder(backend, { root, home: homedir() }) === state;
  const passphrase =
    isOwn && environment.PULUMI_CONFIG_PASSPHRASE === undefined
      ? { PULUMI_CONFIG_PASSPHRASE_FILE: environment.PULUMI_CONFIG_PASSPHRASE_FILE || passphraseFile }
      : {};
  return { path, variables: { ...shared, PULUMI_BACKEND_URL: backend, ...passphrase } };
}

/** Set-up gives the CLI a home of its own for plugins; a log-in is the operator's, and stays where it is. */
function credentialsFolder(environment: Environment): string {
  return environment.PULUMI_CREDENTIALS_PATH || environment.PULUMI_HOME || join(homedir(), ".pulumi");
}

/**
 * Refuses a place of the state that only this folder has, for a stack that requires sign-off.
 * @throws DeckError with code 2.
 */
export async function checkBackend(place: StackPlace): Promise<void> {
  if (!place.settings.requireSignOff) return;
  refuseOwnState(place.stack, await backendOf(place), { root: place.root, home: homedir() });
}

/**
 * What the stack's last update declared.
 * @throws DeckError with code 2 where the stack was never deployed, 3 where its state could not be read.
 */
export async function readDeclared(place: StackPlace, signal: AbortSignal): Promise<Declared> {
  const { stack } = place;
  await checkBackend(place);
  const outputs = await pulumi(place, ["stack", "output", "--json", "--stack", stack], signal);
  const parsed = z.looseObject({ declared: z.unknown().optional() }).parse(JSON.parse(outputs));
  if (parsed.declared === undefined) {
    throw new DeckError("usage", `The stack \`${stack}\` was never deployed to its end, so nothing is declared.`, "npx deck up");
  }
  return declaredShape.parse(parsed.declared);
}

/** As Pulumi takes it from the environment: what stands in an older tree must not lead elsewhere. Empty where nobody says. */
export async function backendVariable(place: StackPlace): Promise<Readonly<Record<string, string>>> {
  const url = await backendOf(place);
  return url === "" ? {} : { PULUMI_BACKEND_URL: url };
}

const pendingShape = z.object({
  deployment: z
    .object({ pending_operations: z.array(z.object({ type: z.string(), resource: z.object({ urn: z.string() }) })).nullish() })
    .nullish(),
});

/**
 * URNs of what an update that was killed was making; Pulumi keeps them noted until it is told that they are settled.
 * @throws DeckError with code 3 where the state could not be read.
 */
export async function readPendingCreates(place: StackPlace, signal: AbortSignal): Promise<readonly string[]> {
  const state = await pulumi(place, ["stack", "export", "--stack", place.stack], signal);
  const pending = pendingShape.parse(JSON.parse(state)).deployment?.pending_operations ?? [];
  return pending.flatMap(({ type, resource }) => (type === "creating" ? [resource.urn] : []));
}

/**
 * Takes those notes away, and touches nothing else.
 * @throws DeckError with code 3 where they stay.
 */
export async function clearPendingCreates(place: StackPlace, signal: AbortSignal): Promise<void> {
  // Only a refresh does that. It is one of the stack's own node, which lies nowhere.
  const node = `urn:pulumi:${place.stack}::phillbot::pulumi:pulumi:Stack::phillbot-${place.stack}`;
  const args = ["--clear-pending-creates", "--target", node, "--yes", "--skip-preview"];
  await pulumi(place, ["refresh", ...args, "--stack", place.stack], signal);
}

/** Where the state is: the caller's word, else the project's, else where the operator is logged in. */
async function backendOf({ root, environment }: StackPlace): Promise<string> {
  if (environment.PULUMI_BACKEND_URL) return environment.PULUMI_BACKEND_URL;
  const project = z
    .looseObject({ backend: z.object({ url: z.string() }).optional() })
    .parse(parse(await readFile(join(root, "Pulumi.yaml"), "utf8")));
  if (project.backend !== undefined) return project.backend.url;
  const text = await readFile(join(credentialsFolder(environment), "credentials.json"), "utf8").catch(() => "{}");
  return z.looseObject({ current: z.string().default("") }).parse(JSON.parse(text)).current;
}

/** The environment in two: the variables that hold secret values, and the rest, which is all that Pulumi and what it starts inherit. */
export function splitEnvironment({ environment, settings }: Pick<StackPlace, "environment" | "settings">): {
  readonly secret: Readonly<Record<string, string>>;
  readonly rest: Environment;
} {
  const names = new Set(secretEnvNames(settings.secrets));
  const entries = Object.entries(environment);
  return {
    secret: Object.fromEntries(
      entries.flatMap(([name, value]) => (names.has(name) && value !== undefined ? [[name, value]] : [])),
    ),
    rest: Object.fromEntries(entries.filter(([name]) => !names.has(name))),
  };
}

async function pulumi(place: StackPlace, args: readonly string[], signal: AbortSignal): Promise<string> {
  const { path, variables } = await findPulumi(place);
  const ended = await execa(path, [...args, "--non-interactive", "--color", "never"], {
    cwd: place.root,
    env: { ...splitEnvironment(place).rest, ...variables },
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    cancelSignal: signal,
    timeout: 120_000,
  });
  if (ended.exitCode === 0) return ended.stdout;
  if (ended.code === "ENOENT") {
    throw new DeckError(
      "usage",
      "Pulumi is not installed here.",
      "npm start # or install it: https://www.pulumi.com/docs/install/",
    );
  }
  const said = ended.stderr
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .at(-1);
  const ending = `\`pulumi ${args.slice(0, 2).join(" ")}\` ended with ${ended.exitCode ?? "a signal"}.`;
  throw new DeckError("unknown", said === undefined ? ending : `${ending} ${said}`);
}
