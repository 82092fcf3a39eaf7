/** The settings of one stack (`Pulumi.<stack>.yaml`, namespace `phillbot`): their one schema. */

import { z } from "zod";

const port = z.int().min(1).max(65_535);
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,40}$/, "lower-case letters, digits and hyphens");
const absolutePath = z.string().regex(/^\/[^\0\n]*[^/\0\n]$/, "an absolute path without a trailing slash");
const relativePath = z.string().regex(/^(?!\/)(?!.*\.\.)[^\0\n]+$/, "a relative path without `..`");
const secretName = z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/, "upper-case letters, digits and underscores");

/** Where one secret's value comes from. The value itself is never a setting. */
const secretSource = z.union([
  z.strictObject({ env: secretName }),
  /** An env file of mode 0600 on the operator's machine; the value of the line `NAME=value` whose name is the secret's. */
  z.strictObject({ file: z.string().min(1) }),
  /** An argv whose standard output, less one final newline, is the value: `["op", "read", "op://…"]`. */
  z.strictObject({ command: z.array(z.string().min(1)).min(1) }),
]);

const host = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("local") }),
  z.strictObject({
    kind: z.literal("ssh"),
    address: z.string().min(1),
    user: z.string().min(1),
    port: port.default(22),
    /** One `known_hosts` key, such as `ssh-ed25519 AAAA…`: the host is refused when it shows another. */
    hostKey: z
      .string()
      .regex(/^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/=]+$/, "a public host key: `type base64`"),
    /** Private key file on the operator's machine; without one, ssh's own agent and defaults. */
    identityFile: z.string().min(1).optional(),
  }),
]);

const gateway = z.strictObject({
  /** `repository:tag`, the tag a version, never one that moves. */
  image: z.string().regex(/^[a-z0-9.:/_-]+:[A-Za-z0-9._-]+$/, "`repository:tag`"),
  /** Required on an ssh host; a local build has none. */
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, "`sha256:` and 64 hex digits")
    .optional(),
  /** Port on the host's loopback. */
  port: port.default(18_789),
  memoryMb: z.int().min(1024).default(2048),
  pids: z.int().min(64).default(512),
  /** Uid and gid that the image runs as. */
  uid: z.int().min(1).default(1000),
  gid: z.int().min(1).default(1000),
  /** Further OpenClaw configuration, by top-level key; the keys that the stack generates are refused. */
  configuration: z.record(z.string(), z.unknown()).default({}),
});

const telegram = z.strictObject({
  /** Numeric Telegram user ids that own the bot; others get a refusal. */
  owners: z.array(z.string().regex(/^[0-9]{1,16}$/, "a numeric Telegram user id")).min(1),
  /** The Bot API as the operator's machine reaches it. */
  apiRoot: z.url().default("https://api.telegram.org"),
  /** The Bot API as the gateway's container reaches it, where that differs. */
  gatewayApiRoot: z.url().optional(),
});

const memory = z.strictObject({
  /** The Supabase project's URL (REST) as the operator's machine reaches it. */
  url: z.url(),
  /** The same as the gateway's container reaches it, where that differs. */
  gatewayUrl: z.url().optional(),
  /** PostgreSQL, for migrations. The password is the secret `MEMORY_DATABASE_PASSWORD`. */
  database: z.strictObject({
    host: z.string().min(1),
    port: port.default(5432),
    name: z.string().min(1).default("postgres"),
    user: z.string().min(1).default("postgres"),
    /** `verify-full` wherever the connection leaves this machine. */
    tls: z.enum(["verify-full", "disable"]).default("verify-full"),
    /** PEM file, on the operator's machine, of the authority that signed the server's certificate; without one, the system's authorities. */
    authorityFile: z.string().min(1).optional(),
  }),
});

const provider = z.discriminatedUnion("name", [
  /** No model: the bot answers commands only. */
  z.strictObject({ name: z.literal("none") }),
  z.strictObject({
    name: z.enum(["anthropic", "openai", "openrouter"]),
    model: z.string().min(1),
    /** The provider's API where that is not its own address: as the operator's machine reaches it, and the gateway. */
    apiRoot: z.url().optional(),
    /** The same as the gateway's container reaches it, where that differs. */
    gatewayApiRoot: z.url().optional(),
  }),
]);

const secret = z.strictObject({
  from: secretSource,
  /** True for a value that the gateway's env file holds; false for one that only the operator's machine uses. */
  gateway: z.boolean().default(false),
});

const github = z.strictObject({
  /** `owner/name`. */
  repository: z.string().regex(/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/, "`owner/name`"),
  defaultBranch: z.string().min(1).default("main"),
  /** The widest scopes that the token (secret `GITHUB_TOKEN`) may have. */
  scopes: z.array(z.string().min(1)).default([]),
});

/** How many backups of the gateway's state are kept: the newest `keep`, of them none older than `days`; the newest one always. */
const backups = z
  .strictObject({ keep: z.int().min(1).max(1000).default(10), days: z.int().min(1).max(3650).default(30) })
  .prefault({});

/** How many older releases are kept ready to come back, besides the one that runs. */
const rollback = z.strictObject({ keep: z.int().min(1).max(20).default(3) }).prefault({});

/** Present on development stacks only: what stands in for Telegram and Supabase on this machine. */
const devServices = z.strictObject({
  telegramPort: port,
  restPort: port,
  postgresPort: port,
  images: z.strictObject({ telegram: z.string().min(1), rest: z.string().min(1), postgres: z.string().min(1) }),
});

export const settingsSchema = z.strictObject({
  host,
  /** Prefix of every container, network and volume, and the compose project. */
  name,
  /** Folder on the host that holds the gateway's state, configuration and env file. */
  baseFolder: absolutePath,
  /** Folder of the synced documents, below `baseFolder`. */
  contextFolder: relativePath.default("docs/phillbot-context"),
  gateway,
  telegram,
  memory,
  provider,
  secrets: z.record(secretName, secret),
  github: github.optional(),
  /** The repository's exact address, as git contacts it, where it is not `github.repository` on github.com. */
  origin: z
    .string()
    .regex(
      /^(?:https:\/\/|ssh:\/\/|file:\/\/\/|\/|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:)[^\s\0]+$/,
      "`https://…`, `ssh://…`, `user@host:path` or an absolute path",
    )
    .optional(),
  backups,
  rollback,
  devServices: devServices.optional(),
  /** True where only what the Judge signed deploys. */
  requireSignOff: z.boolean().default(true),
  /** True where what only the Judge signs is tried with stand-ins: all that is said and written of it then says so. */
  rehearsal: z.boolean().default(false),
});

export type Settings = z.output<typeof settingsSchema>;
export type SecretSource = z.output<typeof secretSource>;

/** The names every stack must have a source for. */
export const requiredSecrets = [
  "TELEGRAM_BOT_TOKEN",
  "OPENCLAW_GATEWAY_TOKEN",
  /** The bot's own key: its role is `memory_bot`. */
  "MEMORY_BOT_KEY",
  /** A key without rights on the memory (publishable), to prove that it is refused. */
  "MEMORY_PUBLISHABLE_KEY",
  "MEMORY_DATABASE_PASSWORD",
] as const;

/** The secret that holds a model provider's key; null where there is no model. */
export const providerSecret = {
  none: null,
  anthropic: "ANTHROPIC_API_KEY",
  openai: "OPENAI_API_KEY",
  openrouter: "OPENROUTER_API_KEY",
} as const satisfies Record<Settings["provider"]["name"], string | null>;

/** What the gateway's env file must hold, besides the provider's key. */
export const gatewaySecretNames = ["TELEGRAM_BOT_TOKEN", "OPENCLAW_GATEWAY_TOKEN", "MEMORY_BOT_KEY"] as const;

/** What the gateway must never hold: each opens more than the bot may do. */
export const operatorSecretNames = ["MEMORY_DATABASE_PASSWORD", "GITHUB_TOKEN"] as const;
