/** From argv to a checked call: the options that all verbs share, and every refusal as wrong usage (exit code 2). */

import { Argument, Command, CommanderError, Option } from "commander";
import { type Call, DeckError, type Verb } from "./verb.ts";

const exitCodeHelp = `
Exit codes:
  0  done
  1  a check failed, or a finding stands
  2  wrong usage or configuration
  3  could not tell (unreachable, timed out, somebody else at work)
  4  refused: by the operating model, or by your own no

Data goes to standard output, progress to standard error. NO_COLOR is respected.`;

/** Nouns that are no verbs by themselves. */
const nouns: Readonly<Record<string, string>> = {
  backup: "Archives of the gateway's state: its sessions, pairings and places in the channels",
  mode: "The mode that the project is in: Build, Validate, Stabilize, Operate",
  docs: "The documents that the bot reads",
  lease: "Who is at work on the stack: one at a time",
  release: "What may be deployed: cut by a Builder, attested by the Examiner, signed by the Judge",
  roles: "Who may do what",
  schema: "The shared memory's schema",
  secrets: "Secrets where none may be",
  trust: "The root of trust, outside every tree",
};

/** What argv asks for: a verb to run, or text to print (help, version). */
export type Asked = { readonly verb: Verb; readonly call: Call } | { readonly text: string };

interface Surroundings {
  readonly verbs: readonly Verb[];
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the arguments after the program's own name.
 * @throws DeckError with code 2 for anything that is not a known verb with known options.
 */
export function parseCommandLine(argv: readonly string[], surroundings: Surroundings): Asked {
  let asked: Asked | undefined;
  let help = "npx deck --help";
  const printed: string[] = [];
  const complaints: string[] = [];
  const program = quiet(new Command("deck"), printed, complaints)
    .description("Runs PhillBot: its stack, its gate, its documents and its memory.")
    .version(surroundings.version)
    // Of `history verify --stack prod`, the stack is the latter's: `history` is a verb by itself, too.
    .enablePositionalOptions()
    .addHelpText("afterAll", exitCodeHelp);
  for (const verb of surroundings.verbs) {
    const words = verb.name.split(" ");
    const command = addVerb(program, verb, surroundings, (call) => {
      asked = { verb, call };
    });
    // Whichever refuses its arguments can say what it takes.
    for (const [at, length] of [[command, words.length] as const, [command.parent, words.length - 1] as const]) {
      at?.exitOverride((error) => {
        help = ["npx deck", ...words.slice(0, length), "--help"].join(" ");
        throw error;
      });
    }
  }
  try {
    program.parse(plainArgv(argv, surroundings.verbs), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const asksForText = error.code === "commander.helpDisplayed" || error.code === "commander.version";
    if (asksForText) return { text: printed.join("") };
    throw new DeckError("usage", complaint(error, complaints), help);
  }
  if (asked === undefined) throw new DeckError("usage", "No verb was given.", help);
  return asked;
}

/** What every verb takes, by whether a value follows. */
const everyVerbs: ReadonlyMap<string, boolean> = new Map([
  ["--stack", true],
  ["--json", false],
]);

/**
 * The arguments as commander reads them: `help gate` and `docs help stamp` ask what `--help` behind the verb does, and what every
 * verb takes may stand in front of it or between its words. There it would be unknown, or another verb's: in
 * `history --stack prod verify` the stack would be lost.
 * @throws DeckError where help is asked for on a verb that is none: any other's would be printed.
 */
function plainArgv(argv: readonly string[], verbs: readonly Verb[]): readonly string[] {
  const names = verbs.map(({ name }) => name.split(" "));
  const words: string[] = [];
  const common: string[] = [];
  const begins = (word: string) => names.some((name) => [...words, word].every((each, index) => name[index] === each));
  let asksForHelp = false;
  let at = 0;
  for (let word = argv[0]; word !== undefined; word = argv[at]) {
    const takesValue = everyVerbs.get(word);
    if (takesValue !== undefined || word.startsWith("--stack="))
      common.push(...argv.slice(at, takesValue === true ? ++at + 1 : at + 1));
    else if (word === "help" && !asksForHelp && !names.some((name) => isSame(name, words))) asksForHelp = true;
    else if (begins(word)) words.push(word);
    else break;
    at++;
  }
  const rest = argv.slice(at);
  const next = rest[0];
  const helpWanted = asksForHelp || rest.some((word) => word === "--help" || word === "-h");
  if (helpWanted && next !== undefined && !next.startsWith("-") && !takesArguments(verbs, words)) {
    const help = ["npx deck", ...words, "--help"].join(" ");
    throw new DeckError("usage", `Unknown command '${next.slice(0, 100)}'.`, help);
  }
  if (asksForHelp) return [...words, "--help"];
  // Where no verb is named nothing takes them, and what is said of them would hide that.
  return words.length === 0 ? rest : [...words, ...common, ...rest];
}

const isSame = (name: readonly string[], words: readonly string[]) => name.join(" ") === words.join(" ");

function takesArguments(verbs: readonly Verb[], words: readonly string[]): boolean {
  return (verbs.find(({ name }) => isSame([name], words))?.arguments ?? []).length > 0;
}

function complaint(error: CommanderError, complaints: readonly string[]): string {
  if (error.code === "commander.help") return "A verb is missing.";
  const text = (complaints.join("") || error.message).replace(/^error: /, "").trim();
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.?$/, ".")}`;
}

/** Keeps commander from writing and from ending the process; what it would write is kept. */
function quiet(command: Command, printed: string[], complaints: string[]): Command {
  return command
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => printed.push(text),
      writeErr: () => {},
      outputError: (text) => complaints.push(text),
    });
}

function addVerb(program: Command, verb: Verb, { environment }: Surroundings, called: (call: Call) => void): Command {
  const words = verb.name.split(" ");
  const last = words.at(-1) ?? verb.name;
  const parent = words.length > 1 ? nounCommand(program, words[0] ?? "") : program;
  const command = parent.command(last).description(verb.summary).enablePositionalOptions();
  for (const { name, description, choices } of verb.arguments ?? []) {
    const argument = new Argument(name, description);
    command.addArgument(choices === undefined ? argument : argument.choices([...choices]));
  }
  command.option("--stack <name>", "the stack (default: $PHILLBOT_STACK, else dev)");
  command.option("--json", "one JSON object on standard output");
  if (verb.changes === true) {
    command.option("--yes", "do it without asking");
    command.option("--dry-run", "say what would be done, and do nothing");
  }
  for (const { flags, description, choices, default: preset } of verb.options ?? []) {
    const option = new Option(flags, description);
    if (choices !== undefined) option.choices([...choices]);
    command.addOption(preset === undefined ? option : option.default(preset));
  }
  return command.action(() => {
    const { stack, json, yes, dryRun, ...options } = command.opts<Record<string, string | boolean>>();
    const asked = typeof stack === "string" ? stack : environment.PHILLBOT_STACK || "dev";
    called({
      verb: verb.name,
      stack: checkedStack(asked),
      json: json === true,
      yes: yes === true,
      dryRun: dryRun === true,
      args: command.args,
      options,
    });
  });
}

function nounCommand(program: Command, noun: string): Command {
  const known = program.commands.find((command) => command.name() === noun);
  return known ?? program.command(noun).description(nouns[noun] ?? "");
}

/** A stack's name becomes part of a file's name, so nothing but a name may pass. */
function checkedStack(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(name) && !name.includes("..")) return name;
  const found = JSON.stringify(name.slice(0, 100));
  throw new DeckError("usage", `The stack's name is ${found}; letters, digits, \`-\`, \`_\` and \`.\` are allowed.`);
}
