/** OpenClaw's configuration file, generated from typed settings. Secrets are references by name, never values. */

import { canonicalJson } from "./canonical.ts";
import { gatewayPort, logFolder, mounts } from "./layout.ts";
import { providerCalls } from "./provider.ts";
import { providerSecret, type Settings } from "./settings.ts";

type Json = Readonly<Record<string, unknown>>;

const fromEnv = (id: string) => ({ source: "env", provider: "default", id });

/** The keys that the stack itself decides; `gateway.configuration` may add others, never these. */
export const ownedConfigKeys = [
  "gateway",
  "agents",
  "logging",
  "update",
  "commands",
  "memory",
  "plugins",
  "channels",
  // Where secrets and models come from: what the gate proved must be what the gateway asks.
  "env",
  "secrets",
  "models",
] as const;

/**
 * Builds the configuration as data. Key names are OpenClaw 2026.9.6's.
 *
 * The bot polls (no webhook), answers its owners only, and writes no configuration of its own: what runs is what was declared.
 */
export function gatewayConfig(settings: Settings): Json {
  const owners = settings.telegram.owners;
  const apiRoot = settings.telegram.gatewayApiRoot ?? settings.telegram.apiRoot;
  const provider = settings.provider;
  return {
    ...settings.gateway.configuration,
    gateway: {
      mode: "local",
      bind: "lan",
      port: gatewayPort,
      auth: { mode: "token", token: fromEnv("OPENCLAW_GATEWAY_TOKEN") },
      controlUi: { enabled: false },
    },
    agents: {
      defaults: {
        heartbeat: { every: "0m" },
        ...(provider.name === "none" ? {} : { model: { primary: `${provider.name}/${provider.model}` } }),
      },
    },
    // OpenClaw keeps six such files, and the gate reads them all.
    logging: { file: `${logFolder(mounts.state)}/openclaw.log`, maxFileBytes: 4_194_304, consoleStyle: "json" },
    update: { checkOnStart: false },
    commands: { ownerAllowFrom: owners.map((id) => `telegram:${id}`) },
    memory: { search: { provider: "none", extraPaths: [mounts.context] } },
    // The allow list filters model providers too, so the provider's own plugin must be on it.
    plugins: { allow: ["telegram", "memory-core", ...(provider.name === "none" ? [] : [provider.name])] },
    ...models(provider),
    channels: {
      telegram: {
        enabled: true,
        botToken: fromEnv("TELEGRAM_BOT_TOKEN"),
        dmPolicy: "allowlist",
        allowFrom: owners,
        groupPolicy: "disabled",
        configWrites: false,
        ...(apiRoot === "https://api.telegram.org" ? {} : { apiRoot }),
      },
    },
  };
}

/**
 * Where the gateway finds its model, and by which key: whole, since what is left open here is filled from its state folder
 * (`agents/main/agent/models.json`, keys pasted there), which the gateway can write and the gate does not ask.
 */
function models(provider: Settings["provider"]): Json {
  if (provider.name === "none") return {};
  const { root: own, base, input } = providerCalls[provider.name];
  const root = provider.gatewayApiRoot ?? provider.apiRoot ?? own;
  const declared = {
    baseUrl: `${root.replace(/\/+$/, "")}${base.path}`,
    api: base.api,
    auth: "api-key",
    apiKey: fromEnv(providerSecret[provider.name]),
    models: [{ id: provider.model, name: provider.model, input }],
  };
  return { models: { mode: "replace", providers: { [provider.name]: declared } } };
}

/** The file's bytes: keys sorted, so that the same settings give the same digest. */
export function renderGatewayConfig(settings: Settings): string {
  return `${canonicalJson(gatewayConfig(settings), 2)}\n`;
}
