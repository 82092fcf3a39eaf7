/** What tests of the way back ask of a stack and change in its tree. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { devFolders } from "../../deck/devStack.ts";
import { locksOf } from "../../deck/ownState.ts";
import { execute } from "../../host/execute.ts";
import { layoutOf } from "../../model/layout.ts";
import type { Ended, TestProject } from "./project.ts";

/** One that ran, as `deck release list` shows it; newest first there. */
export interface Ran {
  readonly name: string;
  readonly tree: string;
  readonly runs: boolean;
  readonly atOnce: boolean;
}

export interface Entry {
  readonly event: string;
  readonly verdict?: string;
  readonly automatic?: boolean;
  readonly blockedBy?: readonly string[];
}

export const told = ({ stdout, stderr }: Ended) => `${stdout.slice(-3000)}\n${stderr.slice(-5000)}`;

/** @param engine the address of the engine that the stack's containers are on; default: the tests' own. */
export function goingBack(project: TestProject, engine?: string) {
  const gateway = `${project.name}-openclaw-gateway-1`;
  const folders = devFolders(project.root, project.stack);
  const layout = layoutOf({ baseFolder: folders.baseFolder, contextFolder: "docs/phillbot-context" });
  const docker = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await execute(["docker", ...(engine === undefined ? [] : ["--host", engine]), ...args], {});
    if (code !== 0) throw new Error(`\`docker ${args.slice(0, 2).join(" ")}\` ended with ${code}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const run = async (...words: readonly string[]) => {
    const ended = await project.deck(...words);
    assert.equal(ended.code, 0, `${words.join(" ")}: ${told(ended)}`);
    return ended;
  };
  const lines = async (...args: readonly string[]) => (await docker(...args)).split("\n").filter((line) => line !== "");
  const named = (filter: string) => lines("ps", "--all", "--format", "{{.Names}}", "--filter", filter);
  const isWhole = async () => {
    const [containers, gateways] = [await named(`name=^${project.name}-`), await named(`name=${gateway}`)];
    const wanted = ["openclaw-gateway", "postgres", "rest", "telegram"].map((service) => `${project.name}-${service}-1`);
    assert.deepEqual([containers.toSorted(), gateways], [wanted, [gateway]]);
    assert.deepEqual(await locksOf(folders.state, project.stack), { ended: [], alive: [] });
    const { lease } = JSON.parse((await run("lease", "show", "--json")).stdout) as { lease: { kind: string } };
    assert.equal(lease.kind, "free");
    await run("history", "verify");
  };
  return {
    gateway,
    layout,
    docker,
    run,
    ran: async () => (JSON.parse((await run("release", "list", "--json")).stdout) as { ran: readonly Ran[] }).ran,
    entries: async () =>
      (await readFile(layout.history, "utf8"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Entry),
    /** How many containers hold the bot's token, running or not. */
    gateways: async () => (await named(`label=phillbot.stack=${project.stack}`)).filter((name) => /gateway/.test(name)).length,
    memoryMb: async () => Number(await docker("inspect", "--format", "{{.HostConfig.Memory}}", gateway)) / 1024 ** 2,
    /** Which container, since when, and whether it runs. */
    container: () => docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}} {{.State.Running}}", gateway),
    setGateway: async (change: Readonly<Record<string, unknown>>) => {
      const path = join(project.root, `Pulumi.${project.stack}.yaml`);
      const file = parse(await readFile(path, "utf8")) as { config: Record<string, object> };
      file.config["phillbot:gateway"] = { ...file.config["phillbot:gateway"], ...change };
      await writeFile(path, stringify(file));
    },
    /** A document that the bot is given: the cheapest change, as no container is made anew for it. */
    write: (text: string) => writeFile(join(project.root, "Documentation", "news.md"), `# News\n\n${text}\n`),
    news: () => readFile(join(layout.context, "news.md"), "utf8").catch(() => undefined),
    /** Each container once, nobody at work, and a record that holds. */
    isWhole,
  };
}
