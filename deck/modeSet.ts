/** `deck mode set`: a move of the mode, signed by its owner and put on record with its evidence. */

import { type ModeMove, type MoveEvidence, modeMove, modeMoveSchema } from "../model/modeMoves.ts";
import { type Mode, type Modes, modes, type Proof } from "../model/modes.ts";
import { forStack } from "../model/operatorCommand.ts";
import { open, seal } from "../release/envelope.ts";
import { judgeMove, type ModesOptions } from "../release/modes.ts";
import { type RecordKind, readRecords } from "../release/records.ts";
import { GitFailed, gitText } from "../release/repository.ts";
import { decide } from "./confirm.ts";
import { fetchedModes, modesOptions, named, stateIn } from "./modes.ts";
import { keyOf, keyOption, notSigned, putOnRecord } from "./signing.ts";
import { refuseUnspeakable } from "./spoken.ts";
import { type Call, DeckError, exitCodes, type Verb, type World } from "./verb.ts";

/** Options by what they prove. */
const proofOptions = {
  evidence: "examiner-evidence",
  release: "signed-release",
  incident: "incident",
  milestone: "milestone",
  failed: "failed-evidence",
} as const;

/** Where the record of it stands; what no record proves has none. */
const kindOf: Partial<Record<Proof, RecordKind>> = {
  "examiner-evidence": "attestations",
  "signed-release": "releases",
  "failed-evidence": "attestations",
};

export const modeSetVerb: Verb = {
  name: "mode set",
  summary: "Move the project to another mode, signed and on record",
  changes: true,
  arguments: [{ name: "<mode>", description: "A Build, B Validate, C Stabilize, D Operate", choices: modes }],
  options: [
    keyOption,
    { flags: "--commit <commit>", description: "the commit at which the mode is entered", default: "HEAD" },
    { flags: "--evidence <digest>", description: "the Examiner's attestation that this commit passed (to C)" },
    {
      flags: "--release <digest>",
      description: "the signed release that production is given (to D); 12 characters of a digest will do",
    },
    { flags: "--incident <id>", description: "what is wrong in production (from D to C)" },
    { flags: "--milestone <name>", description: "what is begun (from D to A)" },
    { flags: "--failed <digest>", description: "the Examiner's attestation that this commit failed (backwards)" },
  ],
  async run(call, world) {
    const { root, output, now, signal } = world;
    const keyFile = await keyOf(call, world);
    await refuseUnspeakable({ milestone: textOf(call.options.milestone), incident: textOf(call.options.incident) }, call, world);
    const options = await modesOptions(call.stack, world);
    const state = stateIn(await fetchedModes(call, world, options));
    const to = modeIn(call.args[0]);
    const commit = await commitAsked(call, world);
    const evidence = await evidenceIn(call, world);
    const move = modeMove({ from: state.mode, to, at: now(), commit, before: state.last, evidence });
    const parsed = modeMoveSchema.safeParse(move);
    if (!parsed.success)
      throw new DeckError(
        "usage",
        "Evidence is named by the sha256 digest of its record or at least the first 12 characters of it, an incident by its id.",
        "npx deck mode set --help",
      );
    const record = await seal(move, { keyFile, kind: "mode" }).catch((error: unknown) => {
      throw notSigned(error, keyFile);
    });
    const { signer, reasons } = await judged(root, record, { ...options, state, at: now() });
    if (reasons.length > 0) throw new DeckError("refused", reasons.join("\n"), remedyOf(move, options.table, call.stack));
    const words = `${named(state.mode)} → ${named(to)} at ${commit.slice(0, 12)}, signed by ${signer}`;
    const data = { from: state.mode, to, commit, signer, before: state.last, dryRun: call.dryRun };
    if (call.dryRun) return { code: exitCodes.done, data: { ...data, digest: null }, text: `Would move ${words}.` };
    output.progress(words);
    if (!call.yes) await ask(signal);
    const digest = await putOnRecord("modes", record, world);
    // Somebody else may have moved at the same moment.
    stateIn(await fetchedModes(call, world, options));
    return { code: exitCodes.done, data: { ...data, digest }, text: `Moved ${words}. On record as ${digest.slice(0, 12)}.` };
  },
};

/** What to type for the first proof that the move needs and nobody named. */
const toProve: Readonly<Record<Proof, string>> = {
  "architecture-stamp": "npx deck mode show",
  "examiner-evidence": "npx deck release attest # it prints the digest for `--evidence`",
  "failed-evidence": "npx deck release attest --failed # it prints the digest for `--failed`",
  "signed-release": "npx deck release sign # it prints the digest for `--release`",
  incident: "npx deck mode set C --incident <id>",
  milestone: "npx deck mode set A --milestone <name>",
};

function remedyOf({ predicate: { from, to, evidence } }: ModeMove, { moves }: Modes, stack: string): string {
  const needs = moves.find((each) => each.from === from && each.to === to)?.needs ?? [];
  const missing = needs.find((proof) => proof !== "architecture-stamp" && !evidence.some((each) => each.proof === proof));
  return forStack(missing === undefined ? "npx deck mode show" : toProve[missing], stack);
}

/** Judged as it will be whenever it is read, and by what was revoked until now. */
async function judged(root: string, record: string, asked: ModesOptions & Pick<Parameters<typeof judgeMove>[1], "state" | "at">) {
  const opened = await open(record, { kind: "mode", schema: modeMoveSchema, trust: asked.trust, at: asked.at });
  if (!opened.ok) return { signer: "", reasons: [opened.reason] };
  const { statement: move, signer } = opened;
  return { signer, reasons: await judgeMove(root, { ...asked, move, signer, isMade: true }) };
}

const textOf = (option: string | boolean | undefined): string | undefined => (typeof option === "string" ? option : undefined);

function modeIn(word: string | undefined): Mode {
  const found = modes.find((mode) => mode === word);
  if (found === undefined)
    throw new DeckError("usage", `\`${word}\` is no mode; there are ${modes.join(", ")}.`, "npx deck mode show");
  return found;
}

async function evidenceIn({ options, stack }: Call, { root, signal }: World): Promise<readonly MoveEvidence[]> {
  const records = await readRecords(root, { signal });
  return Object.entries(proofOptions).flatMap(([name, proof]) => {
    const value = textOf(options[name]);
    const kind = kindOf[proof];
    if (value === undefined) return [];
    return [{ proof, value: kind === undefined || !/^[0-9a-f]{12,63}$/.test(value) ? value : whole(value, kind) }];
  });

  /** What is signed is the whole digest. */
  function whole(beginning: string, kind: RecordKind): string {
    const found = records.filter((each) => each.kind === kind && each.digest.startsWith(beginning));
    const [one] = found;
    if (one !== undefined && found.length === 1) return one.digest;
    const problem = `\`${beginning}\` begins ${found.length} of the records in \`${kind}\`; one is wanted.`;
    throw new DeckError("usage", problem, forStack("npx deck release list", stack));
  }
}

async function commitAsked({ options }: Call, { root, signal }: World): Promise<string> {
  const asked = textOf(options.commit) ?? "HEAD";
  const words = ["rev-parse", "--verify", "--end-of-options", `${asked}^{commit}`];
  return gitText(root, words, { signal }).catch((error: unknown) => {
    if (error instanceof GitFailed)
      throw new DeckError("usage", `\`${asked}\` is no commit of this repository.`, "git log --oneline --decorate");
    throw error;
  });
}

function ask(signal: AbortSignal): Promise<void> {
  const how = "npx deck mode set --yes";
  const refused = "Nothing was put on record.";
  return decide({ question: "Put this move on record, for good?", withoutQuestion: how, refused, remedy: how, signal });
}
