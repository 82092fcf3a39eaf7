/** Everything the program reads and refuses before it registers a resource: settings, policy, secrets, the tree's own checks, the host. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { execa } from "execa";
import { treeChecksFor } from "../checks/all.ts";
import type { TreeTarget } from "../checks/check.ts";
import { judgeTree } from "../checks/gate.ts";
import { refuseStep, unjudgedStep } from "../checks/pendingMigrations.ts";
import { readPolicy } from "../checks/policy.ts";
import { uncompared } from "../checks/schema.ts";
import { readSourceDocuments, SecretInDocument, type SourceDocuments } from "../checks/sourceDocuments.ts";
import { type Host, HostUnreachable } from "../host/host.ts";
import { openHost } from "../host/open.ts";
import { refuseForeignFolder } from "../host/ownership.ts";
import { resolveSecrets, secretEnvNames } from "../host/secretSource.ts";
import { refuseForeignVolume } from "../host/volume.ts";
import { migrationStatuses } from "../memory/status.ts";
import { unprovenCertificates } from "../model/certificateProof.ts";
import type { StackFacts } from "../model/declaredResource.ts";
import type { Blocker, GatePolicy } from "../model/gate.ts";
import { layoutOf } from "../model/layout.ts";
import { leaseVariable } from "../model/lease.ts";
import { inState, type MigrationStatus } from "../model/migrations.ts";
import { formatPolicyFaults } from "../model/policy.ts";
import { isProduction } from "../model/rehearsal.ts";
import { movedSince, type Rollback, rollbackIn, rollbackVariable, withToday } from "../model/rollback.ts";
import type { Secret } from "../model/secret.ts";
import type { Settings } from "../model/settings.ts";
import { formatFaults } from "../model/settingsFault.ts";
import { parseSettings } from "../model/settingsParse.ts";
import { type Violation, violationText } from "../model/stackPolicy.ts";
import { portsFile, readPublishedPorts } from "../policy/facts.ts";
import { comingBackInNeed } from "../release/comingBack.ts";
import { gitText } from "../release/repository.ts";
import { operatorEnvironment } from "./handedOver.ts";
import { refuse, writeOutcome } from "./outcome.ts";
import { differingKeys, structured } from "./settingsFile.ts";
import { refuseUnsigned, type SignOff } from "./signOff.ts";

export interface Inputs {
  readonly stack: string;
  /** The tree that is deployed. */
  readonly projectRoot: string;
  /** Where this machine keeps what is no part of a tree: of an older tree that comes back, the project's own folder. */
  readonly home: string;
  readonly rollback: Rollback | undefined;
  readonly settings: Settings;
  readonly policy: GatePolicy;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly evidenceFolder: string;
  /** Whether it may be brought up. */
  readonly signOff: SignOff;
  /** What the stack's policy takes from the stack. */
  readonly facts: StackFacts;
}

/**
 * Refuses an update that takes itself for a preview. Pulumi's Node host says so by an argument, but an inherited variable
 * (`PULUMI_NODEJS_DRY_RUN`) counts as well: an update would then run no check and end in success.
 */
export async function refuseForgedPreview(): Promise<void> {
  if (!pulumi.runtime.isDryRun()) return;
  const words = await readFile("/proc/self/cmdline", "utf8").then(
    (text) => text.split("\0"),
    async () => (await execa("ps", ["-o", "args=", "-p", String(process.pid)])).stdout.split(" "),
  );
  if (!words.some((word) => word === "--dry-run" || word === "--dry-run=true")) {
    refuse(
      2,
      "The environment says that this is a preview (`PULUMI_NODEJS_DRY_RUN`), and Pulumi does not.\n  unset PULUMI_NODEJS_DRY_RUN",
    );
  }
}

/** Refuses an environment in which the gate would believe whoever answers. */
export function refuseUnprovenCertificates(): void {
  const fault = unprovenCertificates(process.env);
  if (fault !== undefined) refuse(2, `${fault.message}\n  ${fault.remedy}`);
}

/** @throws pulumi.RunError with every fault at once; no host was touched. */
export async function readInputs(projectRoot: string): Promise<Inputs> {
  const stack = pulumi.getStack();
  const config = stackConfig();
  await refuseForeignSettings(projectRoot, stack, config);
  const rollback = await rollbackHandedOver(projectRoot, config);
  const home = rollback?.today.root ?? projectRoot;
  const evidenceFolder = join(home, ".phillbot", "evidence", stack);
  const signOff = await refuseUnsigned({ projectRoot, stack, raw: config, evidenceFolder, isRollback: rollback !== undefined });
  const parsed = parseSettings(rollback === undefined ? config : withToday(config, rollback.today.settings), stack);
  if (!parsed.ok) refuse(2, formatFaults(parsed.faults));
  const { settings } = parsed;
  const policy = await readPolicy(projectRoot);
  if (!policy.ok) refuse(2, formatPolicyFaults(policy.faults));
  const env = await operatorEnvironment(process.env);
  const secrets = await resolveSecrets(settings.secrets, { env, projectRoot: home }).catch((error: Error) =>
    refuse(2, error.message),
  );
  // What the program starts from here on must not find the values in its environment.
  for (const name of secretEnvNames(settings.secrets)) delete process.env[name];
  return {
    stack,
    projectRoot,
    home,
    rollback,
    settings,
    policy: policy.policy,
    secrets,
    evidenceFolder,
    signOff,
    facts: { production: isProduction(settings), published: publishedPorts(projectRoot) },
  };
}

/** An older tree that is brought back; refused where it is another stack than today's. */
async function rollbackHandedOver(projectRoot: string, config: Record<string, unknown>): Promise<Rollback | undefined> {
  try {
    const rollback = rollbackIn(process.env);
    // Behind fewer checks, a plain `pulumi up` would end in success: `deck` alone knows what to call it.
    const isHandedOver = [leaseVariable, "PHILLBOT_OUTCOME_FILE"].every((name) => (process.env[name] ?? "") !== "");
    if (rollback !== undefined && !isHandedOver && !pulumi.runtime.isDryRun())
      return refuse(2, `\`${rollbackVariable}\` is set, and no \`deck rollback\` is at work.\n  unset ${rollbackVariable}`);
    if (rollback !== undefined && rollback.tree !== (await gitText(projectRoot, ["rev-parse", "HEAD^{tree}"])))
      return refuse(2, "What is to be brought back is another tree than the one that lies here. Nothing was touched.");
    const moved = rollback === undefined ? [] : movedSince(config, rollback.today.settings);
    if (moved.length === 0) return rollback;
    return refuse(2, `The older tree is of another stack than today's settings: ${moved.join(", ")}. Nothing was touched.`);
  } catch (error) {
    return refuse(2, error instanceof Error ? error.message : `\`${rollbackVariable}\` cannot be used.`);
  }
}

function publishedPorts(projectRoot: string): StackFacts["published"] {
  try {
    return readPublishedPorts(projectRoot);
  } catch (error) {
    return refuse(2, error instanceof Error ? error.message : `\`${portsFile}\` cannot be used.`);
  }
}

/** Ends the program where a resource breaks a rule of the stack's policy: refused by the operating model. */
export function refuseViolations(violations: readonly Violation[]): never {
  return refuse(4, violations.map(violationText).join("\n"));
}

/**
 * Refuses settings from anywhere but the stack's file in this tree (`--config-file`, an environment that the file imports):
 * they are in no commit, and `deck gate` would prove others.
 */
async function refuseForeignSettings(projectRoot: string, stack: string, config: Record<string, unknown>): Promise<void> {
  const file = `Pulumi.${stack}.yaml`;
  const text = await readFile(join(projectRoot, file), "utf8").catch((error: NodeJS.ErrnoException) =>
    refuse(2, `The settings of stack \`${stack}\` are read from \`${file}\` in this tree, which cannot be read (${error.code}).`),
  );
  const keys = differingKeys(text, pulumi.getProject(), config);
  if (keys.length === 0) return;
  const named = keys.map((key) => `\`${pulumi.getProject()}:${key}\``).join(", ");
  refuse(
    2,
    `Pulumi was given other settings than \`${file}\` in this tree holds: ${named}.\n  Put them into that file, and run it without \`--config-file\`: npx deck up --stack ${stack}`,
  );
}

/** Judges what needs no host, and what the database says of this tree's migrations. Blocked, an update ends here with nothing touched; a preview says that it would. */
export async function refuseBlockedTree(inputs: Inputs): Promise<void> {
  const { policy, signOff, rollback, home, ...target } = inputs;
  const back = rollback === undefined ? {} : { rollback: { name: rollback.name, home } };
  const tree = {
    target: { ...target, ...back } satisfies TreeTarget,
    policy,
    checks: treeChecksFor(policy),
    now: () => new Date(),
  };
  const [judged, edited, step] = await Promise.all([judgeTree(tree), editedMigrations(inputs), judgeStep(inputs)]);
  const blockedBy = [...judged.verdict.blockedBy, ...edited, ...step.blockedBy];
  const code = step.code === 4 ? 4 : edited.length > 0 ? 1 : judged.code === 0 ? step.code : judged.code;
  const by = [...new Set(blockedBy.map(({ check }) => check))];
  const isPreview = pulumi.runtime.isDryRun();
  const unsigned = signOff.kind === "previewed" ? ["sign-off"] : [];
  if (isPreview) {
    const upWouldBeRefused = [...unsigned, ...by];
    writeOutcome({ code, upWouldBeRefused });
  }
  if (code === 0) return;
  const reasons = blockedBy
    .map(({ check, reason, remedy }) => `  ${check}: ${reason}${remedy ? `\n    ${remedy}` : ""}`)
    .join("\n");
  if (isPreview) {
    await pulumi.log.warn(`\`up\` would be refused before anything is touched:\n${reasons}`);
    return;
  }
  refuse(
    code,
    `The release gate is blocked before anything was touched.\n${reasons}`,
    `Refused by ${by.join(", ")}; nothing was touched.`,
  );
}

/** The documents to sync. A secret in one of them, an empty source, a link that leaves it: refused, with nothing touched. */
export function readDocuments({ projectRoot, secrets }: Inputs): Promise<SourceDocuments> {
  return readSourceDocuments(projectRoot, secrets).catch((error: Error) =>
    refuse(error instanceof SecretInDocument ? 1 : 2, error.message),
  );
}

/**
 * Refuses a base folder of another stack's or nobody's known, and a context folder with somebody else's files in it: an update
 * overwrites what is in the one, and deletes from the other what is no document.
 */
export async function refuseForeignFolders(host: Host, { stack, settings }: Inputs): Promise<void> {
  const refusal = await refuseForeignFolder(host, stack, settings).catch((error: Error) => refuse(3, error.message));
  if (refusal !== undefined) refuse(2, refusal);
}

/** Refuses a development stack's memory that another clone of the same stack's name made: the engine would just hand it over. */
export async function refuseForeignMemory(host: Host, { settings, home: projectRoot }: Inputs): Promise<void> {
  if (settings.devServices === undefined) return;
  const { ownerFile } = layoutOf(settings);
  const refusal = await refuseForeignVolume(host, { name: settings.name, projectRoot, ownerFile }).catch((error: Error) =>
    refuse(3, error.message),
  );
  if (refusal !== undefined) refuse(2, refusal);
}

/** Migrations of this tree that the database lacks. */
export async function pendingMigrations(inputs: Inputs, password: Secret): Promise<readonly string[]> {
  return inState(await statusesOf(inputs, password), "pending");
}

/**
 * Judges what is pending once more where the database did not answer when the update began, because it is this update that
 * starts it. What could not be judged is left to the program that applies: it refuses what nobody judged.
 */
export async function refuseUnjudgedStep(inputs: Inputs): Promise<void> {
  const { code, blockedBy } = await judgeStep(inputs);
  if (code !== 4) return;
  const reasons = blockedBy.map(({ reason, remedy }) => `  ${reason}${remedy ? `\n    ${remedy}` : ""}`).join("\n");
  refuse(4, `No migration was applied.\n${reasons}`, "Refused by schema; no migration was applied.");
}

/** What stands in the way of the migrations that the database lacks; where it does not answer, that is not known yet. */
async function judgeStep({
  projectRoot,
  home,
  stack,
  evidenceFolder,
  secrets,
  settings,
}: Inputs): Promise<{ code: 0 | 3 | 4; blockedBy: readonly Blocker[] }> {
  const nothing = { code: 0, blockedBy: [] } as const;
  const password = secrets.get("MEMORY_DATABASE_PASSWORD");
  if (password === undefined) return nothing;
  const signal = AbortSignal.timeout(120_000);
  const database = { address: settings.memory.database, password };
  const step = await unjudgedStep({ projectRoot, signal }, database).catch(() => undefined);
  if (step === undefined) return nothing;
  try {
    const place = { root: home, stack, evidenceFolder };
    const needing = (lastNeededBy: string) => comingBackInNeed(place, settings.rollback.keep, lastNeededBy);
    const blockedBy = await refuseStep(step, { projectRoot, needing, signal });
    return { code: blockedBy.length === 0 ? 0 : 4, blockedBy };
  } catch (error) {
    const { summary: reason, remedy } = uncompared(error);
    return {
      code: 3,
      blockedBy: [{ check: "schema", reason: `What is pending was not judged. ${reason}`, ...(remedy ? { remedy } : {}) }],
    };
  }
}

/** Found before anything is touched; where the database does not answer or is yet to be made, the update finds it in its turn. */
async function editedMigrations(inputs: Inputs): Promise<readonly Blocker[]> {
  const password = inputs.secrets.get("MEMORY_DATABASE_PASSWORD");
  if (password === undefined) return [];
  const edited = inState(await statusesOf(inputs, password).catch(() => []), "edited");
  if (edited.length === 0) return [];
  const reason = `Edited after they were applied: ${edited.join(", ")}. A change is a new migration.`;
  return [{ check: "schema", reason, remedy: "git log -p -- memory/supabase/migrations # and restore what was applied" }];
}

function statusesOf({ projectRoot, settings }: Inputs, password: Secret): Promise<readonly MigrationStatus[]> {
  const database = { address: settings.memory.database, password };
  return migrationStatuses({ projectRoot, database, signal: AbortSignal.timeout(30_000) });
}

/** Opens the host, which proves its pinned key; nothing is written before. */
export function openStackHost(inputs: Inputs): Promise<Host> {
  return openHost(inputs.settings.host, { controlFolder: join(inputs.home, ".phillbot", "ssh") }).catch((error: Error) =>
    error instanceof HostUnreachable ? refuse(3, `${error.message}\n  ${error.remedy}`) : refuse(2, error.message),
  );
}

/** The stack's own configuration by key, structured values parsed. */
function stackConfig(): Record<string, unknown> {
  const prefix = `${pulumi.getProject()}:`;
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, text]) => [key.slice(prefix.length), structured(text)]));
}
