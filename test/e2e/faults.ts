/** How each fault of `faults.yaml` is made on a running stack, and the way back to green. */

import { appendFile, chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { devFolders } from "../../deck/devStack.ts";
import { layoutOf } from "../../model/layout.ts";
import { lock, readOnly, sqlFault, unlock } from "./databaseFaults.ts";
import type { Fault } from "./faultTable.ts";
import { channelReady, crashLoop, killedDuringGate, remove, replaceByHand, telegramFault } from "./gatewayFaults.ts";
import { docker, until } from "./gatewayStack.ts";
import type { TestProject } from "./project.ts";
import type { TelegramFault } from "./telegramFault.ts";

/** A change of one file of the clone; mended by what it said before. */
function treeFault(project: TestProject, path: string, change: (text: string) => string): Fault {
  const file = join(project.root, path);
  let before: string | undefined;
  return {
    make: async () => {
      before = await readFile(file, "utf8");
      await writeFile(file, change(before));
    },
    mend: async () => {
      if (before !== undefined) await writeFile(file, before);
    },
  };
}

const item = (over: object) => ({
  id: "P1-e2e",
  priority: "P1",
  title: "A fault of the tests",
  opened: "2026-01-01",
  owner: "test",
  state: "open",
  ...over,
});
const itemsWith = (over: object) => () => stringify({ version: 1, items: [item(over)] });
const policyWith = (over: object) => (text: string) => stringify({ ...parse(text), ...over });

/** Every fault by the name it has in `faults.yaml`. */
export function faultsOf(project: TestProject, settings: { readonly apiRoot: string }): Readonly<Record<string, Fault>> {
  const gateway = `${project.name}-openclaw-gateway-1`;
  const { baseFolder } = devFolders(project.root, project.stack);
  const host = layoutOf({ baseFolder, contextFolder: "docs/phillbot-context" });
  const up = async () => {
    const { code, stderr } = await project.deck("up", "--yes");
    if (code !== 0) throw new Error(`\`deck up\` ended with ${code}: ${stderr.slice(-3000)}`);
  };
  const telegram = (fault: TelegramFault) => telegramFault(project, settings.apiRoot, fault);
  const fakeToken = () => `${"1234567890"}:A${"bcdefghijk".repeat(4).slice(0, 34)}`;
  const firstDocument = async () => join(host.context, (await readdir(host.context)).find((name) => name.endsWith(".md")) ?? "");
  return {
    "bot token revoked (401)": telegram("401"),
    "a second poller (409)": telegram("409"),
    "Bot API answers 500": telegram("500"),
    "Bot API unreachable": telegram("gone"),
    "database stopped": {
      make: async () => void (await docker("stop", "--time", "20", `${project.name}-postgres-1`)),
      mend: async () => {
        await docker("start", `${project.name}-postgres-1`);
        await until("the memory check to pass", async () =>
          (await project.deck("smoke", "memory")).code === 0 ? true : undefined,
        );
      },
    },
    "database slow": { make: () => lock(project), mend: () => unlock(project) },
    "database read-only": readOnly(project),
    "the bot's role without insert right": sqlFault(
      project,
      "revoke insert on memory.items from memory_api",
      "grant insert on memory.items to memory_api",
    ),
    "a rogue column": sqlFault(
      project,
      "alter table memory.items add column rogue text",
      "alter table memory.items drop column rogue",
    ),
    "an applied migration edited": treeFault(
      project,
      "memory/supabase/migrations/20261122000000_shared_memory.sql",
      (text) => `${text}\n-- Edited.\n`,
    ),
    "document changed on the host": { make: async () => appendFile(await firstDocument(), "\nChanged by hand.\n"), mend: up },
    "document added on the host": { make: () => writeFile(join(host.context, "stray.md"), "Stray.\n"), mend: up },
    "document closed to the gateway": { make: async () => chmod(await firstDocument(), 0o600), mend: up },
    "the bot's index lost": {
      make: async () => {
        await docker("stop", "--time", "330", gateway);
        await rm(join(host.state, "agents"), { recursive: true, force: true });
        await docker("start", gateway);
        await channelReady(project);
      },
      mend: up,
    },
    "state folder open to everybody": { make: () => chmod(host.state, 0o755), mend: up },
    "env file at 644": { make: () => chmod(host.envFile, 0o644), mend: up },
    "env file edited on the host": { make: () => appendFile(host.envFile, "EXTRA=1\n"), mend: up },
    "env file mended but the gateway not restarted": {
      make: async () => writeFile(host.envFile, await readFile(host.envFile)),
      mend: up,
    },
    "open P0": treeFault(project, "operations/items.yaml", itemsWith({ id: "P0-e2e", priority: "P0" })),
    "P1 without owner": treeFault(project, "operations/items.yaml", itemsWith({ owner: undefined })),
    "P1 whose date has passed": treeFault(
      project,
      "operations/items.yaml",
      itemsWith({ deferral: { owner: "test", until: "2026-01-02", reason: "A test." } }),
    ),
    "expired waiver": both(
      treeFault(project, "operations/items.yaml", itemsWith({})),
      treeFault(
        project,
        "operations/gate.yaml",
        policyWith({ waivers: [{ check: "open-items", item: "P1-e2e", reason: "A test.", owner: "test", until: "2026-01-02" }] }),
      ),
    ),
    "a waiver for a whole check": treeFault(
      project,
      "operations/gate.yaml",
      policyWith({ waivers: [{ check: "open-items", item: "*", reason: "A test.", owner: "test", until: "2099-01-01" }] }),
    ),
    "a policy that drops a check": treeFault(project, "operations/gate.yaml", policyWith({ checks: { telegram: "off" } })),
    "test plan not updated": testPlanForgotten(project),
    "a Telegram token in a document": treeFault(
      project,
      "Documentation/handoff.md",
      (text) => `${text}\nThe token is ${fakeToken()}.\n`,
    ),
    "a Supabase key in a log line": {
      make: async () => {
        const key = `sb_secret_${"a1B2c3D4".repeat(4)}`;
        await docker("exec", gateway, "sh", "-c", `echo "using key ${key}" > /proc/1/fd/1`);
      },
      mend: async () => {
        // The log goes with the container, and a new one comes from the same declaration. Killed, as careless hands do it: it
        // leaves its lease on the state folder, which the container that follows takes over.
        await docker("rm", "--force", gateway);
        await up();
      },
    },
    "gateway killed during the gate": killedDuringGate(project),
    "container replaced by hand": {
      make: async () => {
        await replaceByHand(gateway, project.name);
        await channelReady(project);
      },
      mend: async () => {
        await remove(gateway);
        await up();
      },
    },
    "channel suppressed after a crash loop": crashLoop(project),
    "the Docker engine lost": {
      // A proxy of our own that was closed: the engine itself goes on, for the others on this machine.
      environment: { DOCKER_HOST: `unix://${join(project.root, "closed.sock")}` },
      make: () => closedSocket(join(project.root, "closed.sock")),
      mend: async () => {},
    },
    "invalid gateway configuration": treeFault(project, `Pulumi.${project.stack}.yaml`, (text) => {
      const file = parse(text);
      file.config["phillbot:gateway"].configuration = { noSuchSection: { on: true } };
      return stringify(file);
    }),
  };
}

/** Leaves a socket's file behind on which nobody listens any more. */
async function closedSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

function both(...faults: readonly Fault[]): Fault {
  return {
    make: async () => {
      for (const fault of faults) await fault.make();
    },
    mend: async () => {
      for (const fault of faults.toReversed()) await fault.mend();
    },
  };
}

/** A release is on record, and every document but the test plan is written anew for the next. */
function testPlanForgotten(project: TestProject): Fault {
  return {
    make: async () => {
      await project.git("tag", "release/0.1.0");
      for (const name of ["update_log", "status_tracker", "handoff"]) {
        await appendFile(join(project.root, "Documentation", `${name}.md`), "\nNew in 0.2.0.\n");
      }
      await writeFile(join(project.root, "CHANGES"), "A commit after the release.\n");
      await project.git("add", "CHANGES");
      await project.git("commit", "--quiet", "--message", "Change something after the release");
      const stamped = await project.deck("docs", "stamp", "0.2.0", "--yes");
      if (stamped.code !== 0) throw new Error(`\`deck docs stamp\` ended with ${stamped.code}: ${stamped.stderr}`);
    },
    mend: async () => {
      await project.git("reset", "--quiet", "--hard", "release/0.1.0");
      await project.git("tag", "--delete", "release/0.1.0");
    },
  };
}
