/** The Pulumi CLI, its language host and the providers: downloaded where they can be, else built from pinned Go modules. */

import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ask, logged } from "./command.ts";
import { answers, download } from "./download.ts";
import { buildGo, type GoBuild } from "./go.ts";
import type { Layout } from "./layout.ts";
import { findProgram } from "./machine.ts";
import { pins } from "./pins.ts";
import { readStamp, recipeDigest, writeStamp } from "./stamp.ts";
import type { Step, StepContext } from "./steps.ts";
import { isAtLeast, versionIn } from "./versions.ts";

const downloadLimitMs = 10 * 60_000;

interface PulumiCli {
  readonly path: string;
  /** True if it was on the machine before set-up. */
  readonly isInstalled: boolean;
}

/** The CLI that an operator has installed, if it is new enough and brings its language host along. */
async function installedCli(layout: Layout): Promise<PulumiCli | undefined> {
  const path = findProgram("pulumi", process.env.PATH);
  if (path === undefined || path.startsWith(layout.root)) return undefined;
  if (findProgram("pulumi-language-nodejs") === undefined) return undefined;
  const { PATH, HOME } = process.env;
  const version = await ask([path, "version"], { PATH, HOME, PULUMI_SKIP_UPDATE_CHECK: "true" });
  return isAtLeast(versionIn(version ?? ""), pins.pulumi) ? { path, isInstalled: true } : undefined;
}

export async function findCli(layout: Layout): Promise<PulumiCli> {
  return (await installedCli(layout)) ?? { path: join(layout.bin, "pulumi"), isInstalled: false };
}

/** What the programs that set-up starts need to find the CLI, the cache, and nothing else. */
export function pulumiEnv(layout: Layout): Record<string, string> {
  return {
    PULUMI_HOME: layout.pulumi,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // All that is needed is in the cache; a download in the middle of an update would be a surprise, and may hang.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PATH: [layout.bin, join(layout.project, "node_modules/.bin"), process.env.PATH ?? ""].join(":"),
  };
}

export function pulumiSteps(layout: Layout): Step[] {
  return [
    {
      title: `Get the Pulumi CLI ${pins.pulumi}`,
      done: async () => isCurrent(layout, "pulumi", join(layout.bin, "pulumi")) || (await installedCli(layout)) !== undefined,
      run: async (context) => {
        const isOfficial = await downloadCli(layout, context);
        if (!isOfficial) await buildCli(layout, context);
        writeStamp(layout, "pulumi", recipeOf(layout, "pulumi", isOfficial));
      },
    },
    ...(["command", "docker"] as const).map((provider) => providerStep(layout, provider)),
  ];
}

type Thing = "pulumi" | "docker" | "command";
const versionOf: Readonly<Record<Thing, string>> = { pulumi: pins.pulumi, ...pins.providers };
const foldersOf: Readonly<Record<Thing, readonly string[]>> = {
  pulumi: ["engine", "nodehost"],
  docker: ["docker"],
  command: ["command"],
};

/** An official thing is told by its version, one built here by its sources too. */
function recipeOf(layout: Layout, thing: Thing, isOfficial: boolean): string {
  const words = [thing, versionOf[thing]];
  if (isOfficial) return `official ${words.join(" ")}`;
  const digests = foldersOf[thing].map((folder) => recipeDigest(join(layout.project, "toolchain/go", folder)));
  return `built ${words.join(" ")} ${digests.join(" ")}`;
}

function isCurrent(layout: Layout, thing: Thing, file: string): boolean {
  const stamp = readStamp(layout, thing);
  return existsSync(file) && (stamp === recipeOf(layout, thing, true) || stamp === recipeOf(layout, thing, false));
}

/** False where Pulumi's downloads are out of reach. */
async function downloadCli(layout: Layout, context: StepContext): Promise<boolean> {
  const machine = process.arch === "arm64" ? "arm64" : "x64";
  const address = `https://get.pulumi.com/releases/sdk/pulumi-v${pins.pulumi}-${process.platform}-${machine}.tar.gz`;
  if (!(await answers(address, context.signal))) return false;
  const folder = join(layout.temporary, "pulumi");
  const options = { log: join(layout.log, "pulumi.log"), signal: context.signal, timeoutMs: downloadLimitMs };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    const archive = join(folder, "pulumi.tar.gz");
    if (!(await download(address, archive, context.signal))) return false;
    await logged(["tar", "--extract", "--gzip", "--file", archive, "--directory", folder], options);
    moveInto(layout.bin, join(folder, "pulumi"));
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function buildCli(layout: Layout, context: StepContext): Promise<void> {
  const folder = join(layout.temporary, "pulumi");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    for (const build of cliBuilds) await buildGo(build, folder, layout, context);
    // Its scripts for dynamic providers come with the npm package.
    const script = "pulumi-resource-pulumi-nodejs";
    const source = join(layout.project, "node_modules/@pulumi/pulumi", script);
    if (existsSync(source)) copyFileSync(source, join(folder, script));
    moveInto(layout.bin, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const cliBuilds: readonly GoBuild[] = [
  {
    module: "engine",
    program: "pulumi",
    target: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    tags: "osusergo,grpcnotrace",
    define: `github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pins.pulumi}`,
  },
  {
    module: "nodehost",
    program: "pulumi-language-nodejs",
    target: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
  },
];

const providerBuilds: Readonly<Record<"docker" | "command", GoBuild>> = {
  docker: { module: "docker", program: "pulumi-resource-docker", target: ".", tags: "no_compose" },
  command: { module: "command", program: "pulumi-resource-command", target: "." },
};

/** Several files change places one by one, the CLI last, because it is the one that is looked for. */
function moveInto(bin: string, folder: string): void {
  mkdirSync(bin, { recursive: true });
  const files = readdirSync(folder).sort((a, b) => Number(a === "pulumi") - Number(b === "pulumi"));
  for (const file of files) renameSync(join(folder, file), join(bin, file));
}

function providerStep(layout: Layout, provider: "docker" | "command"): Step {
  const version = pins.providers[provider];
  const plugin = join(layout.pulumi, `plugins/resource-${provider}-v${version}/pulumi-resource-${provider}`);
  return {
    title: `Get Pulumi's ${provider} provider ${version}`,
    done: () => isCurrent(layout, provider, plugin),
    run: async (context) => {
      const isOfficial = await installPlugin(["resource", provider, version], layout, context);
      if (!isOfficial) await buildPlugin(provider, layout, context);
      writeStamp(layout, provider, recipeOf(layout, provider, isOfficial));
    },
  };
}

/** False where the official plugin is out of reach. */
async function installPlugin(words: readonly string[], layout: Layout, context: StepContext): Promise<boolean> {
  if (!(await answers("https://get.pulumi.com/", context.signal))) return false;
  try {
    await pluginInstall([...words], layout, context);
    return true;
  } catch {
    context.signal.throwIfAborted();
    return false;
  }
}

async function buildPlugin(provider: "docker" | "command", layout: Layout, context: StepContext): Promise<void> {
  const folder = join(layout.temporary, provider);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    const build = providerBuilds[provider];
    await buildGo(build, folder, layout, context);
    await pluginInstall(
      ["resource", provider, pins.providers[provider], "--file", join(folder, build.program), "--reinstall"],
      layout,
      context,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pluginInstall(words: readonly string[], layout: Layout, { signal }: StepContext): Promise<void> {
  const { path } = await findCli(layout);
  await logged([path, "plugin", "install", ...words], {
    log: join(layout.log, "plugins.log"),
    signal,
    env: pulumiEnv(layout),
    timeoutMs: downloadLimitMs,
  });
}
