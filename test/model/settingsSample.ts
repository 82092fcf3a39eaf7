/** Raw settings that are valid, for tests to break one at a time. */

const secretNames = ["TELEGRAM_BOT_TOKEN", "OPENCLAW_GATEWAY_TOKEN", "MEMORY_BOT_KEY"];
const operatorNames = ["MEMORY_PUBLISHABLE_KEY", "MEMORY_DATABASE_PASSWORD"];

export function sshSettings(): Record<string, unknown> {
  return {
    host: { kind: "ssh", address: "phill", user: "claw", port: 22, hostKey: `ssh-ed25519 ${"A".repeat(68)}` },
    name: "phillbot",
    baseFolder: "/home/claw/openclaw-upstream",
    contextFolder: "docs/phillbot-context",
    gateway: {
      image: "ghcr.io/openclaw/openclaw:2026.9.6",
      digest: `sha256:${"0123456789abcdef".repeat(4)}`,
      port: 18_789,
      memoryMb: 2048,
      pids: 512,
      uid: 1000,
      gid: 1000,
      configuration: {},
    },
    telegram: { owners: ["42"], apiRoot: "https://api.telegram.org" },
    memory: {
      url: "https://example.supabase.co",
      database: { host: "db.example.supabase.co", port: 5432, name: "postgres", user: "postgres", tls: "verify-full" },
    },
    provider: { name: "none" },
    secrets: Object.fromEntries([
      ...secretNames.map((name) => [name, { from: { env: name }, gateway: true }]),
      ...operatorNames.map((name) => [name, { from: { file: ".secrets/prod.env" }, gateway: false }]),
    ]),
    backups: { keep: 10, days: 30 },
    rollback: { keep: 3 },
    github: { repository: "example/bot", defaultBranch: "main", scopes: [] },
    requireSignOff: true,
    rehearsal: false,
  };
}

export function localSettings(): Record<string, unknown> {
  const { host: _host, gateway: _gateway, ...rest } = sshSettings();
  return {
    ...rest,
    host: { kind: "local" },
    gateway: {
      image: "phillbot/gateway:2026.9.6",
      port: 18_789,
      memoryMb: 2048,
      pids: 512,
      uid: 1000,
      gid: 1000,
      configuration: {},
    },
    memory: {
      url: "http://127.0.0.1:54321",
      gatewayUrl: "http://phillbot-rest:54321",
      database: { host: "127.0.0.1", port: 54_322, name: "postgres", user: "postgres", tls: "disable" },
    },
    devServices: {
      telegramPort: 54_320,
      restPort: 54_321,
      postgresPort: 54_322,
      images: { telegram: "phillbot/telegram:1", rest: "phillbot/rest:1", postgres: "phillbot/postgres:1" },
    },
    requireSignOff: false,
  };
}

/** Sets one value by its dotted key; `undefined` removes it. */
export function withValue(raw: Record<string, unknown>, key: string, value: unknown): Record<string, unknown> {
  const copy = structuredClone(raw);
  const steps = key.split(".");
  const last = steps.pop() ?? "";
  let at: Record<string, unknown> = copy;
  for (const step of steps) {
    at[step] ??= {};
    at = at[step] as Record<string, unknown>;
  }
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}
