/**
 * Applies the migrations as a program of its own: `node memory/apply.ts` reads one JSON document from standard input,
 * because the password must be in no argument and no environment, and prints one JSON result. Exit code 1 where
 * something was refused or failed.
 */

import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { Secret } from "../model/secret.ts";
import { settingsSchema } from "../model/settings.ts";
import { isAdmitted } from "./admission.ts";
import { type ApplyResult, applyMigrations } from "./migrate.ts";

const request = z.strictObject({
  database: settingsSchema.shape.memory.shape.database,
  password: z.string().min(1),
});

/** Longer than any migration of this project should take. */
const deadlineMs = 600_000;

type Printed = ApplyResult | { readonly outcome: "failed"; readonly message: string };

async function main(): Promise<Printed> {
  // Not the parser's own message: it may quote the document, and with it the password.
  const parsed = request.safeParse(JSON.parse(await text(process.stdin).catch(() => "null")));
  if (!parsed.success) {
    const where = parsed.error.issues.map(({ path }) => path.join(".") || "the document").join(", ");
    return { outcome: "failed", message: `Standard input is not the document wanted; wrong or missing: ${where}.` };
  }
  const { database: address, password } = parsed.data;
  const database = { address, password: new Secret(password) };
  const projectRoot = dirname(import.meta.dirname);
  return applyMigrations({
    ...{ projectRoot, database, signal: AbortSignal.timeout(deadlineMs) },
    isAdmitted: (step) => isAdmitted(projectRoot, step),
  });
}

const printed: Printed = await main().catch((error: unknown) => ({
  outcome: "failed",
  message: error instanceof SyntaxError ? "Standard input is not JSON." : messageOf(error),
}));
process.stdout.write(`${JSON.stringify({ schema: "phillbot/memory-apply/v1", ...printed })}\n`);
if (printed.outcome === "failed" || printed.outcome === "refused") {
  process.stderr.write(`${printed.message}\n`);
  process.exitCode = 1;
}

/** Node-postgres and the system name the kind of a failure by a code. */
function messageOf(error: unknown): string {
  const { message, code } = error as { message?: unknown; code?: unknown };
  return [typeof code === "string" ? `${code}:` : "", String(message ?? error)].filter(Boolean).join(" ");
}
