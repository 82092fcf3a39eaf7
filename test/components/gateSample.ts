/** Checks that end as a test wants, and a target for them to look at. */

import type { Check, Target } from "../../checks/check.ts";
import { LocalHost } from "../../host/local.ts";
import { type CheckStatus, requiredChecks } from "../../model/check.ts";
import type { Declared } from "../../model/declared.ts";
import { freshSecrets, settingsWith } from "./stackSample.ts";

export const declared: Declared = {
  gateway: {
    name: "phillbot-openclaw-gateway-1",
    id: "0123456789ab",
    image: "phillbot/gateway:1",
    spec: "0".repeat(64),
    imageId: `sha256:${"0".repeat(64)}`,
    port: 18_789,
    memoryMb: 2048,
    pids: 512,
    network: "phillbot",
    composeProject: "phillbot",
  },
  config: { path: "/srv/bot/config/openclaw.json", sha256: "0".repeat(64) },
  envFile: { path: "/srv/bot/state/.env", uid: 1000, gid: 1000 },
  context: { folder: "/srv/bot/docs", manifest: "/srv/bot/context.sha256", sha256: "0".repeat(64), files: 1 },
  plugin: null,
};

export function targetIn(projectRoot: string, evidenceFolder: string): Omit<Target, "declared"> {
  const settings = settingsWith();
  return { stack: "test", settings, host: new LocalHost(), secrets: freshSecrets(), projectRoot, evidenceFolder };
}

/** All required checks; they pass but where told otherwise. `onProbe` is called as each begins. */
export function checksThat(
  statuses: Readonly<Partial<Record<string, CheckStatus>>> = {},
  onProbe: (id: string) => void = () => {},
): Check[] {
  return requiredChecks.map((id) => ({
    id,
    title: `${id} holds.`,
    deadlineMs: 5000,
    probe: async () => {
      onProbe(id);
      const status = statuses[id] ?? "pass";
      return { status, summary: `${id} is ${status}.`, measured: {}, remedy: `mend ${id}` };
    },
  }));
}
