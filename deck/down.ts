/** `npm run down`: removes what `npm start` made, after a question. */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { packagesLeft, removeImages, stopEngine } from "../toolchain/down.ts";
import { engineHost } from "../toolchain/engine.ts";
import { lockFile, withLock } from "../toolchain/lock.ts";
import { confirm } from "./confirm.ts";
import { interruption } from "./interrupt.ts";
import { endingOfThrow } from "./outcome.ts";
import { processOutput } from "./output.ts";
import { takeDown } from "./takeDown.ts";
import { exitCodes, type World } from "./verb.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stack = "dev";
/** Another clone's set-up must not lose the images that it is building on. */
const lockWaitMs = 10 * 60_000;

/** Until it has ended, nothing is known. */
process.exitCode = exitCodes.unknown;

async function main(world: World, args: readonly string[]): Promise<void> {
  await confirm(args, {
    consequence: `This removes the stack \`${stack}\` with its state, settings, secrets and evidence, the bot's memory, and what set-up brought but for \`node_modules\`.`,
    withoutQuestion: "npm run down -- --yes",
    input: process.stdin,
    output: process.stderr,
    signal: world.signal,
  });
  const host = await engineHost();
  if (host !== undefined) process.env.DOCKER_HOST = host;
  const onWait = ({ project }: { project: string }) => world.output.progress(`… Waiting for the set-up of ${project}`);
  const stays = await withLock({ file: lockFile(), project: root, waitMs: lockWaitMs, onWait }, () =>
    takeDown(stack, world, { removeImages, stopEngine, packagesLeft }),
  );
  world.output.data(`\nWhat \`npm start\` made is removed, but for this:\n${stays.map((line) => `  ${line}\n`).join("")}`);
}

const world: World = {
  root,
  environment: process.env,
  output: processOutput(),
  now: () => new Date(),
  signal: interruption(),
};
try {
  await main(world, process.argv.slice(2));
  process.exitCode = exitCodes.done;
} catch (error) {
  const { code, stderr } = endingOfThrow(error);
  world.output.progress(stderr.trimEnd());
  process.exitCode = code;
}
