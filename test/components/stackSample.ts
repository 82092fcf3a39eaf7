/** What components are made from in tests: checked settings, secrets of this run, and what a stack has around them. */

import { randomBytes } from "node:crypto";
import * as docker from "@pulumi/docker";
import type { Route } from "../../host/files.ts";
import { layoutOf } from "../../model/layout.ts";
import { Secret } from "../../model/secret.ts";
import type { Settings } from "../../model/settings.ts";
import { parseSettings } from "../../model/settingsParse.ts";
import { localSettings, withValue } from "../model/settingsSample.ts";

export const direct: Route = { kind: "direct" };

/** Settings of a development stack, with some of them changed by their dotted keys. */
export function settingsWith(values: Readonly<Record<string, unknown>> = {}): Settings {
  const raw = Object.entries(values).reduce((all, [key, value]) => withValue(all, key, value), localSettings());
  const parsed = parseSettings(raw, "dev");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.settings;
}

export function freshSecrets(): ReadonlyMap<string, Secret> {
  const names = ["TELEGRAM_BOT_TOKEN", "OPENCLAW_GATEWAY_TOKEN", "MEMORY_BOT_KEY", "MEMORY_PUBLISHABLE_KEY"];
  return new Map([...names, "MEMORY_DATABASE_PASSWORD"].map((name) => [name, new Secret(randomBytes(20).toString("hex"))]));
}

/** What a component is given by the program around it; to be made once mocks are set. */
export function surroundings(values: Readonly<Record<string, unknown>> = {}) {
  const settings = settingsWith(values);
  const network = new docker.Network("network", { name: settings.name });
  return { settings, layout: layoutOf(settings), network, via: direct, labels: { "phillbot.stack": "test" } };
}
