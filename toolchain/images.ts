/** The images that containers are made of: two bases, pulled or made here, and what is built on them. */

import { join } from "node:path";
import { execa } from "execa";
import { baseFromDebian, nodeFromDebian } from "./bases.ts";
import { ask, logged } from "./command.ts";
import { answers } from "./download.ts";
import { noteMade } from "./imageClaims.ts";
import type { Layout } from "./layout.ts";
import { proxySettings, registrySetting } from "./network.ts";
import { baseImages, pins } from "./pins.ts";
import { recipeDigest } from "./stamp.ts";
import type { Step, StepContext } from "./steps.ts";

const imageRegistry = "https://registry-1.docker.io/v2/";

export interface Images {
  readonly debian: string;
  readonly node: string;
  readonly gateway: string;
  readonly postgres: string;
  readonly rest: string;
  readonly telegram: string;
}

/** Names follow from the recipe alone, so anybody can tell the image before it is built. */
export function imageNames(project: string): Images {
  const tag = (folder: string, version: string) =>
    `phillbot/${folder}:${version}-${recipeDigest(join(project, "images", folder), version).slice(0, 8)}`;
  return {
    ...baseImages,
    gateway: tag("gateway", pins.openclaw),
    postgres: tag("postgres", pins.postgres),
    rest: tag("rest", pins.node),
    telegram: tag("telegram", pins.node),
  };
}

export function imageSteps(layout: Layout): Step[] {
  const names = imageNames(layout.project);
  const present = presentImages();
  const step = (title: string, name: string, run: Step["run"]): Step => ({
    title,
    done: async () => (await present()).has(name),
    run: async (context) => {
      await run(context);
      noteMade(layout, name);
    },
  });
  return [
    step("Get the Debian base image", names.debian, async (context) => {
      if (!(await pull(pins.publicImages.debian, names.debian, layout, context)))
        await baseFromDebian(names.debian, layout, context);
    }),
    step("Get the Node base image", names.node, async (context) => {
      if (!(await pull(pins.publicImages.node, names.node, layout, context))) await nodeFromDebian(names, layout, context);
    }),
    step(`Build the gateway image, OpenClaw ${pins.openclaw}`, names.gateway, async (context) => {
      const args = { OPENCLAW_VERSION: pins.openclaw, ...(await registrySetting()) };
      await build({ folder: "gateway", name: names.gateway, base: names.node, args }, layout, context);
    }),
    step(`Build the PostgreSQL ${pins.postgres} image`, names.postgres, (context) =>
      build({ folder: "postgres", name: names.postgres, base: names.debian, args: {} }, layout, context),
    ),
    step("Build the image of Supabase's REST endpoint", names.rest, async (context) =>
      build({ folder: "rest", name: names.rest, base: names.node, args: await registrySetting() }, layout, context),
    ),
    step("Build the image of the emulated Bot API", names.telegram, (context) =>
      build({ folder: "telegram", name: names.telegram, base: names.node, args: {} }, layout, context),
    ),
  ];
}

/** One question to the engine for all steps; asked anew after a moment, because steps add images. */
function presentImages(): () => Promise<ReadonlySet<string>> {
  let answer: Promise<ReadonlySet<string>> | undefined;
  return () => {
    answer ??= listImages();
    setTimeout(() => (answer = undefined), 500).unref();
    return answer;
  };
}

export async function listImages(): Promise<ReadonlySet<string>> {
  const argv = ["image", "ls", "--filter", "reference=phillbot/*", "--format", "{{.Repository}}:{{.Tag}}"];
  const result = await execa("docker", argv, { reject: false, stdin: "ignore", timeout: 10_000 });
  return new Set(result.failed ? [] : result.stdout.split("\n").filter(Boolean));
}

/** False where no registry answers. */
async function pull(image: string, name: string, layout: Layout, context: StepContext): Promise<boolean> {
  // Asked of the registry rather than of the engine, whose own tries take up to a minute where nothing answers.
  if (!(await answers(imageRegistry, context.signal))) return false;
  const options = { log: join(layout.log, "pull.log"), signal: context.signal, timeoutMs: 10 * 60_000 };
  const hadIt = (await ask(["docker", "image", "inspect", "--format", "{{.Id}}", image])) !== undefined;
  try {
    await logged(["docker", "pull", image], options);
  } catch (error) {
    context.signal.throwIfAborted();
    context.say(`${image} could not be pulled, so it is made here: ${(error as Error).message.split("\n")[0]}`);
    return false;
  }
  await logged(["docker", "tag", image, name], options);
  // Only the name that set-up gives is left, and taken back by it.
  if (!hadIt) await logged(["docker", "image", "rm", image], options);
  return true;
}

interface Build {
  readonly folder: string;
  readonly name: string;
  readonly base: string;
  readonly args: Readonly<Record<string, string>>;
}

async function build({ folder, name, base, args }: Build, layout: Layout, { signal }: StepContext): Promise<void> {
  const settings = { BASE: base, ...args, ...proxySettings() };
  const flags = Object.entries(settings).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]);
  await logged(["docker", "build", "--tag", name, ...flags, join(layout.project, "images", folder)], {
    log: join(layout.log, `image-${folder}.log`),
    signal,
    timeoutMs: 20 * 60_000,
  });
}
