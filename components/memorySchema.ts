/** The shared memory's schema: this tree's migrations, applied by a program of its own that gets the password on standard input. */

import { createHash } from "node:crypto";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host.ts";
import type { Migration } from "../model/migrations.ts";
import type { Settings } from "../model/settings.ts";

export interface MemorySchemaArgs {
  /** The operator's own machine, on which the migrations are applied from: the database is reached from here. */
  readonly operator: Pick<Host, "line" | "run">;
  /** `settings.memory`: where the database is. */
  readonly memory: Settings["memory"];
  /** Of the database's user; stays a secret. */
  readonly password: pulumi.Input<string>;
  /** This tree's migrations (`readMigrations`): a changed digest applies them again. */
  readonly migrations: readonly Migration[];
  /** Absolute path of the Node (24 or newer) that runs the program. */
  readonly nodePath: string;
  /** Absolute path of the project's folder. */
  readonly projectRoot: string;
  /**
   * Labels of migrations that the database lacks though this component's state may say otherwise, because it was made
   * anew or restored. Asked for on every update; what it names is applied. A rejection is left to the release gate.
   */
  readonly pending?: () => Promise<readonly string[]>;
  /** Resolves once the database may be asked, where this update brings it up. */
  readonly answers?: pulumi.Input<string>;
  /** Judges what is pending, on every update and before any of it is applied. A rejection ends the update. */
  readonly judge?: () => Promise<void>;
}

/** Applies migrations forward only. Removing the resource drops nothing: there is no command for it. */
export class MemorySchema extends pulumi.ComponentResource {
  /** Sha256 (hex) of all migrations, for what must restart when they change. */
  readonly digest: string;
  /** Resolves to `digest` once the migrations are applied. */
  readonly settled: pulumi.Output<string>;

  constructor(name: string, args: MemorySchemaArgs, opts?: pulumi.ComponentResourceOptions) {
    const { operator, memory, password, migrations, nodePath, projectRoot } = args;
    if (migrations.length === 0)
      throw new pulumi.InputPropertyError({ propertyPath: "migrations", reason: "There is no migration to apply." });
    super("phillbot:memory:MemorySchema", name, {}, opts);
    this.digest = createHash("sha256")
      .update(migrations.map(({ version, sha256 }) => `${version} ${sha256}\n`).join(""))
      .digest("hex");
    const program = [nodePath, `${projectRoot}/memory/apply.ts`];
    const request = pulumi.secret(
      pulumi.all([password, args.answers ?? ""]).apply(async ([value]) => {
        if (!pulumi.runtime.isDryRun()) await args.judge?.();
        return JSON.stringify({ database: memory.database, password: value });
      }),
    );
    const applied = new command.local.Command(
      `${name}-apply`,
      {
        create: operator.line(program),
        stdin: request,
        // Only to be seen in a preview and to run the command again: the line above hands no environment on.
        environment: Object.fromEntries(migrations.map(({ version, sha256 }) => [`MIGRATION_${version}`, sha256])),
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
      },
      { parent: this, additionalSecretOutputs: ["stdout", "stderr"] },
    );
    this.settled = pulumi.unsecret(
      pulumi.all([applied.id, request]).apply(([, document]) => this.#mend({ ...args, program, document })),
    );
    this.registerOutputs({ digest: this.digest });
  }

  /** The command runs on change only; a database that was made anew or restored since then is brought up here. */
  async #mend(args: MemorySchemaArgs & { program: readonly string[]; document: string }): Promise<string> {
    if (pulumi.runtime.isDryRun() || args.pending === undefined) return this.digest;
    const missing = await args.pending().catch(() => []);
    if (missing.length === 0) return this.digest;
    await pulumi.log.warn(
      `The database lacks migrations that were applied before (${missing.join(", ")}); they are applied again.`,
      this,
    );
    const { code, stderr } = await args.operator.run(args.program, { stdin: args.document, timeoutMs: mendTimeoutMs });
    if (code !== 0) throw new pulumi.ResourceError(`The migrations could not be applied: ${stderr.trim()}`, this);
    return this.digest;
  }
}

const mendTimeoutMs = 600_000;
