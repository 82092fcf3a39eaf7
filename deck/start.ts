/** `npm start`: brings what the machine lacks, brings the development stack up behind its gate, and says what to do next. */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Settings } from "../model/settings.ts";
import { prepare } from "../toolchain/main.ts";
import { Missing } from "../toolchain/missing.ts";
import { refuseUnprovenCertificates } from "./certificates.ts";
import { ensureDevStack } from "./devStack.ts";
import { refuseForeignContainers } from "./foreign.ts";
import { interruption } from "./interrupt.ts";
import { endingOfThrow } from "./outcome.ts";
import { processOutput } from "./output.ts";
import { findPulumi } from "./pulumi.ts";
import { openStack } from "./session.ts";
import { nextStep, up } from "./up.ts";
import { type Call, exitCodes, type World } from "./verb.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stack = "dev";
const call: Call = {
  verb: "up",
  stack,
  json: false,
  yes: true,
  dryRun: false,
  args: [],
  options: { verbose: process.argv.includes("--verbose") },
};

/** Until it has ended, nothing is known. */
process.exitCode = exitCodes.unknown;

async function main(started: Omit<World, "environment">): Promise<number> {
  refuseUnprovenCertificates(process.env);
  const toolchain = await prepare({ project: root });
  Object.assign(process.env, toolchain.env);
  const world: World = { ...started, environment: { ...process.env } };
  await ensureDevStack({ projectRoot: root, stack, images: toolchain.images });
  await refuseForeignContainers(`phillbot-${stack}`, root);
  const { settings } = await openStack(call, world);
  await selectStack(world);
  const end = await up(call, world);
  process.stdout.write(
    end.code === exitCodes.done
      ? `
PhillBot is up, and its gate is open: a gateway on 127.0.0.1:${settings.gateway.port}, its memory in PostgreSQL, and a stand-in for Telegram.
Talk to it in the browser at ${settings.telegram.apiRoot}/ or with \`npx deck chat\`; try \`/whoami\`.
${model(settings)}

Next:
  npx deck chat      say something to the bot
  npx deck gate      prove again that all of it works
  npx deck report    where the gate's page lies (\`--open\` opens it): ${end.evidence ?? "no evidence"}

\`npm run down\` removes it again.
`
      : `\n${end.summary}\n${end.evidence === undefined ? "" : `Evidence: ${end.evidence}\n`}${nextStep(end, stack)}\n`,
  );
  return end.code;
}

function model({ provider }: Settings): string {
  return provider.name === "none"
    ? "It answers commands only: no model provider is configured (README.md, “A model provider”)."
    : `It thinks with ${provider.name}'s ${provider.model}.`;
}

/** Makes the stack in the backend where it is not there yet. */
async function selectStack(world: World): Promise<void> {
  const { path, variables } = await findPulumi(await openStack(call, world));
  await execa(path, ["stack", "select", "--create", stack, "--non-interactive"], {
    cwd: root,
    env: { ...world.environment, ...variables },
    extendEnv: false,
    stdin: "ignore",
  });
}

const world = {
  root,
  output: processOutput(),
  now: () => new Date(),
  signal: interruption(),
};
try {
  process.exitCode = await main(world);
} catch (error) {
  const ending = endingOfThrow(error, call);
  process.stderr.write(ending.stderr);
  process.exitCode = error instanceof Missing ? exitCodes.usage : ending.code;
}
