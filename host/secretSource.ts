/** Fetches the secret values from where the settings say they are: the environment, a private file, a command's output. */

import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { execa } from "execa";
import { edit } from "../model/operatorCommand.ts";
import { Secret } from "../model/secret.ts";
import { parseEnvLines, secretEnvNames, stateCredentials, valueFault } from "../model/secretSources.ts";
import type { SecretSource, Settings } from "../model/settings.ts";
import { quote, shellLine } from "./quote.ts";

export { secretEnvNames } from "../model/secretSources.ts";

type Secrets = Settings["secrets"];
type Environment = Readonly<Record<string, string | undefined>>;

/** One secret that could not be fetched; no part of any value. */
export interface SecretFault {
  readonly name: string;
  /** A sentence. */
  readonly problem: string;
  readonly remedy?: string;
}

/** Thrown with every secret that could not be fetched, at once. */
export class SecretsUnresolved extends Error {
  override readonly name = "SecretsUnresolved";
  readonly #faults: readonly SecretFault[];

  constructor(faults: readonly SecretFault[]) {
    super(`${faults.length} of the secrets cannot be fetched:\n${paragraphs(faults).join("\n")}`);
    this.#faults = faults;
  }

  get faults(): readonly SecretFault[] {
    return this.#faults;
  }
}

/** One paragraph a problem, whoever has it: a missing file is told once, not once a secret. */
function paragraphs(faults: readonly SecretFault[]): string[] {
  const groups = Map.groupBy(faults, ({ problem, remedy }) => `${problem}${remedy === undefined ? "" : `\n      ${remedy}`}`);
  return [...groups].map(([text, alike]) => `  ${alike.map(({ name }) => `\`${name}\``).join(", ")}: ${text}`);
}

/** Runs a source's command; a rejection means that it could not be run, or not to its end. */
export type SourceRunner = (argv: readonly string[]) => Promise<{ readonly code: number | undefined; readonly stdout: string }>;

export interface SourceOptions {
  readonly env: Environment;
  /** Folder that relative paths start from, and in which commands run. */
  readonly projectRoot: string;
  /** Of all the secrets, the one to fetch; the others' variables are withheld from its command all the same. Default: all. */
  readonly only?: string;
  /** Replaces the real commands. */
  readonly run?: SourceRunner;
}

const commandTimeoutMs = 30_000;

/** A fetched value, or why there is none. */
type Fetched = { readonly value: string } | Omit<SecretFault, "name">;

/**
 * Fetches all values; each command runs once a secret, for at most 30 s.
 * @throws SecretsUnresolved naming every secret without a usable value.
 */
export async function resolveSecrets(secrets: Secrets, options: SourceOptions): Promise<ReadonlyMap<string, Secret>> {
  const { values, faults } = await fetchAll(secrets, options);
  if (faults.length > 0) throw new SecretsUnresolved(faults);
  return values;
}

/** Fetches the values that can be fetched here: for whoever looks for secrets in use and need not have them all. */
export async function availableSecrets(secrets: Secrets, options: SourceOptions): Promise<ReadonlyMap<string, Secret>> {
  return (await fetchAll(secrets, options)).values;
}

async function fetchAll(secrets: Secrets, options: SourceOptions) {
  const run = options.run ?? commandRunner(secrets, options);
  const entries = await Promise.all(
    Object.entries(secrets)
      .filter(([name]) => options.only === undefined || name === options.only)
      .map(
        async ([name, { from }]) =>
          [name, usable(await fetchValue(name, from, { ...options, run }), remedyOf(name, from, options))] as const,
      ),
  );
  return {
    values: new Map(
      entries.flatMap(([name, fetched]) => ("value" in fetched ? [[name, new Secret(fetched.value)] as const] : [])),
    ),
    faults: entries.flatMap(([name, fetched]): SecretFault[] => ("value" in fetched ? [] : [{ name, ...fetched }])),
  };
}

function usable(fetched: Fetched, remedy: string): Fetched {
  const fault = "value" in fetched ? valueFault(fetched.value) : undefined;
  return fault === undefined ? fetched : { problem: `Its value ${fault}.`, remedy };
}

/** Where a value that cannot be used is to be put right. */
function remedyOf(name: string, from: SecretSource, options: SourceOptions): string {
  if ("env" in from) return setVariable(from.env);
  if ("file" in from) return `${edit(quote(pathOf(from.file, options)))} # the line \`${name}=…\``;
  return shellLine(from.command);
}

const setVariable = (variable: string) => `read -rs ${variable} && export ${variable}`;

const pathOf = (file: string, { env, projectRoot }: SourceOptions) =>
  resolve(projectRoot, file.replace(/^~(?=\/)/, env.HOME ?? "~"));

function fetchValue(name: string, from: SecretSource, options: SourceOptions & { readonly run: SourceRunner }): Promise<Fetched> {
  if ("env" in from) return Promise.resolve(fromEnvironment(from.env, options.env));
  if ("file" in from) return fromFile(name, from.file, options);
  return fromCommand(from.command, options.run);
}

function fromEnvironment(variable: string, env: Environment): Fetched {
  const value = env[variable];
  return value === undefined
    ? { problem: `The environment variable \`${variable}\` is not set.`, remedy: setVariable(variable) }
    : { value };
}

async function fromFile(name: string, file: string, options: SourceOptions): Promise<Fetched> {
  const path = pathOf(file, options);
  let text: string;
  try {
    const opened = await readPrivate(path);
    if (typeof opened !== "string") {
      return { problem: `\`${file}\` has mode ${opened.mode}; at most 600 is allowed.`, remedy: `chmod 600 ${path}` };
    }
    text = opened;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "an unknown error";
    return code === "ENOENT"
      ? absentFile(file, path)
      : { problem: `\`${file}\` cannot be read (${code}).`, remedy: `ls -l ${path}` };
  }
  const { values, faults } = parseEnvLines(text);
  if (faults.length > 0) return { problem: `\`${file}\` is not an env file. ${faults.join(" ")}` };
  const value = values.get(name);
  if (value !== undefined) return { value };
  const beside = besideWords(await envFilesBeside(path));
  // The same words for every name, so that they are told once.
  return { problem: `\`${file}\` has no line \`<name>=…\` for it${beside}.`, remedy: `${edit(quote(path))} # add the lines` };
}

/** A file that was meant to be another is told by what lies beside it: an empty one of the wrong name would help nobody. */
async function absentFile(file: string, path: string): Promise<Fetched> {
  const beside = await envFilesBeside(path);
  const problem = `\`${file}\` is not there${besideWords(beside)}.`;
  if (beside.length > 0)
    return { problem, remedy: `grep -nF -- ${quote(file)} Pulumi.*.yaml # there it is named: name the file that is meant` };
  const made = `install -D -m 600 /dev/null ${quote(path)}`;
  return { problem, remedy: `${made} && ${edit(quote(path))} # a line \`<name>=…\` for each` };
}

/** Names of the other env files in a file's folder; none where that cannot be read. */
async function envFilesBeside(path: string): Promise<string[]> {
  const names = await readdir(dirname(path)).catch(() => []);
  return names.filter((name) => /^[\w.-]+\.env$/.test(name) && name !== basename(path)).toSorted();
}

function besideWords(names: readonly string[]): string {
  if (names.length === 0) return "";
  return `; beside it ${names.length === 1 ? "lies" : "lie"} ${names.map((name) => `\`${name}\``).join(", ")}`;
}

/** The file's text, or its mode where others than its owner may read or write it. Mode and text are of the same open file. */
async function readPrivate(path: string): Promise<string | { readonly mode: string }> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const { mode } = await file.stat();
  if ((mode & 0o077) !== 0) return { mode: (mode & 0o777).toString(8).padStart(3, "0") };
  return file.readFile("utf8");
}

async function fromCommand(argv: readonly string[], run: SourceRunner): Promise<Fetched> {
  const shown = shellLine(argv);
  try {
    const { code, stdout } = await run(argv);
    // What the command wrote to standard error may hold a value, so it is not repeated: the operator runs it by hand.
    if (code !== 0) return { problem: `Its command ended with exit code ${code ?? "none"}; 0 is wanted.`, remedy: shown };
    return { value: stdout.replace(/\r?\n$/, "") };
  } catch {
    return {
      problem: `Its command \`${argv[0]}\` could not be run to its end within ${commandTimeoutMs / 1000} s.`,
      remedy: shown,
    };
  }
}

/** A source's command sees the operator's environment (it may need a session, or a cloud's credentials), but no secret value and nothing that opens the state. */
function commandRunner(secrets: Secrets, { env, projectRoot }: SourceOptions): SourceRunner {
  const withheld = new Set([...secretEnvNames(secrets), ...stateCredentials]);
  const visible = Object.fromEntries(Object.entries(env).filter(([name]) => !withheld.has(name)));
  return async ([program, ...args]) => {
    const result = await execa(program ?? "", args, {
      cwd: projectRoot,
      env: visible,
      extendEnv: false,
      stdin: "ignore",
      reject: false,
      timeout: commandTimeoutMs,
      killSignal: "SIGTERM",
      forceKillAfterDelay: 1000,
      stripFinalNewline: false,
      maxBuffer: 1_048_576,
    });
    if (result.timedOut || result.isMaxBuffer || (result.exitCode === undefined && result.code !== undefined))
      throw new Error("not run");
    return { code: result.exitCode, stdout: result.stdout };
  };
}
