/** Faults of a stack's gateway and of its channel, and the way back to green. */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execaSync } from "execa";
import type { Fault } from "./faultTable.ts";
import { docker, until } from "./gatewayStack.ts";
import type { TestProject } from "./project.ts";
import { setTelegramFault, type TelegramFault } from "./telegramFault.ts";

/** Waits until the gate's own reading of the channel is sound again, by the remedy that it prints: what follows would blame it otherwise. */
export async function channelReady(project: TestProject): Promise<void> {
  await until(
    "the telegram check to pass",
    async () => {
      const smoke = await project.deck("smoke", "telegram");
      if (smoke.code === 0) return true;
      // What was killed too often does not begin again by itself.
      if (smoke.stdout.includes("channels.start")) await startChannel(project);
      throw new Error(`It ended with ${smoke.code}: ${smoke.stdout}`);
    },
    420_000,
  );
}

export function telegramFault(project: TestProject, apiRoot: string, fault: TelegramFault): Fault {
  return {
    make: () => setTelegramFault(apiRoot, fault),
    mend: async () => {
      await setTelegramFault(apiRoot, "none");
      // A refused token stops the channel for good; the remedy that the gate prints starts it again.
      if (fault === "401") await startChannel(project);
      await channelReady(project);
    },
  };
}

const gatewayOf = (project: TestProject) => `${project.name}-openclaw-gateway-1`;

/** The remedy that the gate prints for a channel that does not begin again by itself. */
export function startChannel(project: TestProject): Promise<string> {
  const call = ["gateway", "call", "channels.start", "--params", '{"channel":"telegram"}'];
  return docker("exec", gatewayOf(project), "node", "/app/openclaw.mjs", ...call);
}

/** What the gate reads once, and not again when every check has ended. */
const readOnce = ["telegram", "memory", "schema", "secrets", "context", "documents", "provider", "open-items"];

/**
 * Killed when all that is read but once has passed: only the second reading of what runs can tell. A stand-in for the
 * Docker CLI keeps the log, and so the gate's end, back until then.
 */
export function killedDuringGate(project: TestProject): Fault {
  const folder = join(project.root, ".phillbot", "held");
  const released = join(folder, "released");
  const awaited = new Set(readOnce);
  return {
    environment: { PATH: `${folder}:${process.env.PATH}` },
    make: async () => {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      const real = execaSync("sh", ["-c", "command -v docker"]).stdout;
      const held = `case " $* " in *" logs "*) while [ ! -e '${released}' ]; do sleep 0.1; done ;; esac`;
      await writeFile(join(folder, "docker"), `#!/bin/sh\n${held}\nexec '${real}' "$@"\n`, { mode: 0o755 });
    },
    during: async (line) => {
      const [, id = ""] = /^([\w-]+): pass/.exec(line) ?? [];
      // The last of them, once.
      if (!awaited.delete(id) || awaited.size > 0) return;
      await docker("kill", "--signal", "KILL", gatewayOf(project));
      await writeFile(released, "");
    },
    mend: async () => {
      // Whatever came of it, nothing is to wait any longer.
      await writeFile(released, "");
      await docker("start", gatewayOf(project));
      await channelReady(project);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Three unclean ends within five minutes: the gateway comes up, and leaves Telegram alone. */
export function crashLoop(project: TestProject): Fault {
  const gateway = gatewayOf(project);
  return {
    make: async () => {
      for (let kill = 1; kill <= 3; kill += 1) {
        await docker("kill", "--signal", "KILL", gateway);
        await docker("start", gateway);
        await until("the gateway to be healthy", async () => ((await health(gateway)) === "healthy" ? true : undefined), 240_000);
      }
    },
    mend: async () => {
      await startChannel(project);
      await channelReady(project);
    },
  };
}

const health = (container: string) => docker("inspect", "--format", "{{.State.Health.Status}}", container);

/** Stopped, not killed: three kills within five minutes suppress the channel. */
export async function remove(gateway: string): Promise<void> {
  await docker("stop", "--time", "330", gateway);
  await docker("rm", gateway);
}

/** The same container to the letter, made by somebody else: only its id tells. */
export async function replaceByHand(gateway: string, network: string): Promise<void> {
  const inspected = JSON.parse(await docker("inspect", gateway))[0];
  const { Config, HostConfig, Image } = inspected;
  const flags = [
    ...[
      "--name",
      gateway,
      "--user",
      Config.User,
      "--init",
      "--cap-drop",
      "ALL",
      "--security-opt",
      "no-new-privileges",
      "--restart",
      "unless-stopped",
    ],
    ...[
      "--memory",
      String(HostConfig.Memory),
      "--pids-limit",
      String(HostConfig.PidsLimit),
      "--network",
      network,
      "--network-alias",
      "openclaw-gateway",
      "--hostname",
      Config.Hostname,
    ],
    ...["--health-cmd", `node -e '${Config.Healthcheck.Test.at(-1)}'`, "--health-interval", "5s", "--health-start-period", "90s"],
    ...Config.Env.flatMap((value: string) => ["--env", value]),
    ...Object.entries(Config.Labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]),
    ...HostConfig.Mounts.flatMap((mount: { Source: string; Target: string; ReadOnly?: boolean }) => [
      "--mount",
      `type=bind,source=${mount.Source},target=${mount.Target}${mount.ReadOnly ? ",readonly" : ""}`,
    ]),
    ...Object.entries(HostConfig.PortBindings as Record<string, { HostIp: string; HostPort: string }[]>).flatMap(
      ([inner, [bound]]) => ["--publish", `${bound?.HostIp}:${bound?.HostPort}:${inner.split("/")[0]}`],
    ),
  ];
  await remove(gateway);
  await docker("run", "--detach", ...flags, Image);
}
