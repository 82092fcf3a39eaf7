/** Settings are accepted whole or refused with every fault at once, and no fault repeats a secret. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { formatFaults } from "../../model/settingsFault.ts";
import { parseSettings } from "../../model/settingsParse.ts";
import { localSettings, sshSettings, withValue } from "./settingsSample.ts";

const faultsOf = (raw: Record<string, unknown>) => {
  const parsed = parseSettings(raw);
  return parsed.ok ? [] : parsed.faults;
};
const keysOf = (raw: Record<string, unknown>) => faultsOf(raw).map(({ key }) => key);
const only = (raw: Record<string, unknown>) => {
  const faults = faultsOf(raw);
  assert.equal(faults.length, 1, formatFaults(faults));
  const [fault] = faults;
  assert.ok(fault);
  return fault;
};
/** Shaped like a bot token; made here, so that none is committed. */
const botToken = () =>
  `${randomBytes(5).readUIntBE(0, 4) + 1_000_000_000}:AA${randomBytes(40).toString("base64url").slice(0, 33)}`;

describe("parseSettings", () => {
  it("accepts an ssh stack and a local stack, and gives valid settings back unchanged", () => {
    for (const raw of [sshSettings(), localSettings()]) assert.deepEqual(parseSettings(raw), { ok: true, settings: raw });
  });

  it("fills in the defaults, and only tightening ones", () => {
    let raw = sshSettings();
    for (const key of [
      "contextFolder",
      "requireSignOff",
      "rehearsal",
      "memory.database.tls",
      "gateway.pids",
      "host.port",
      "backups",
      "rollback",
    ]) {
      raw = withValue(raw, key, undefined);
    }
    assert.deepEqual(parseSettings(raw), { ok: true, settings: sshSettings() });
  });

  it("names every key that only the user has, each once and with the command that sets it", () => {
    let raw = sshSettings();
    for (const key of ["host.hostKey", "gateway.digest", "telegram.owners", "memory.url", "memory.database"]) {
      raw = withValue(raw, key, undefined);
    }
    const remedies = new Map(faultsOf(raw).map(({ key, remedy }) => [key, remedy ?? ""]));
    const wanted = {
      "phillbot:host.hostKey": `eval "$(npx deck env --stack <stack>)" && pulumi config set --stack <stack> --type string --path 'phillbot:host.hostKey' 'ssh-ed25519 <base64>' # ssh-keyscan -t ed25519 phill prints it`,
      "phillbot:gateway.digest": `eval "$(npx deck env --stack <stack>)" && pulumi config set --stack <stack> --type string --path 'phillbot:gateway.digest' 'sha256:<64 hex digits>' # docker pull ghcr.io/openclaw/openclaw:2026.9.6 prints it`,
      "phillbot:telegram.owners": `eval "$(npx deck env --stack <stack>)" && pulumi config set --stack <stack> --type string --path 'phillbot:telegram.owners[0]' '<id>'`,
      "phillbot:memory.url": `eval "$(npx deck env --stack <stack>)" && pulumi config set --stack <stack> --type string --path 'phillbot:memory.url' 'https://<reference id>.supabase.co' # npx supabase`,
      "phillbot:memory.database.host": `eval "$(npx deck env --stack <stack>)" && pulumi config set --stack <stack> --type string --path 'phillbot:memory.database.host' 'db.<reference id>.supabase.co' # npx supabase`,
    };
    assert.deepEqual([...remedies.keys()].sort(), Object.keys(wanted).sort());
    for (const [key, command] of Object.entries(wanted))
      assert.ok(remedies.get(key)?.startsWith(command), `${key}: ${remedies.get(key)}`);
  });

  it("sets a port as the number that it is", () => {
    const { wanted, remedy } = only(withValue(sshSettings(), "gateway.port", "18789x"));
    assert.equal(wanted, "a whole number, at least 1 and at most 65535");
    assert.match(remedy ?? "", /pulumi config set --stack <stack> --type int --path 'phillbot:gateway.port' 18789$/);
  });

  it("scans the port that the settings name, and pastes nothing but a name into a command", () => {
    const at = (key: string, value: unknown) =>
      only(withValue(withValue(sshSettings(), "host.hostKey", undefined), key, value)).remedy;
    assert.match(at("host.port", 2222) ?? "", /# ssh-keyscan -t ed25519 -p 2222 phill /);
    assert.match(at("host.address", "$(reboot)") ?? "", /# ssh-keyscan -t ed25519 <address> /);
  });

  it("tells an empty configuration every required key, none twice", () => {
    const keys = keysOf({});
    assert.equal(new Set(keys).size, keys.length);
    const required = [
      "host.kind",
      "name",
      "baseFolder",
      "gateway.image",
      "telegram.owners",
      "memory.url",
      "memory.database.host",
    ];
    for (const key of [...required, "provider.name", "secrets.TELEGRAM_BOT_TOKEN"])
      assert.ok(keys.includes(`phillbot:${key}`), key);
  });

  const refused: readonly [string, Record<string, unknown>, string, string][] = [
    ["an ssh host without a digest", withValue(sshSettings(), "gateway.digest", undefined), "gateway.digest", "sha256"],
    [
      "a tag that moves",
      withValue(sshSettings(), "gateway.image", "ghcr.io/openclaw/openclaw:latest"),
      "gateway.image",
      "one version",
    ],
    [
      "a variant of a tag that moves",
      withValue(sshSettings(), "gateway.image", "openclaw:main-slim"),
      "gateway.image",
      "one version",
    ],
    [
      "stand-ins on an ssh host",
      withValue(sshSettings(), "devServices", localSettings().devServices),
      "devServices",
      "local host only",
    ],
    [
      "further configuration of a section that the stack generates",
      withValue(localSettings(), "gateway.configuration", { channels: { telegram: { dmPolicy: "open" } } }),
      "gateway.configuration.channels",
      "generates",
    ],
    [
      "documents in the gateway's state",
      withValue(localSettings(), "contextFolder", "state/memory"),
      "contextFolder",
      "of its own",
    ],
    ["documents in a hidden folder", withValue(sshSettings(), "contextFolder", ".git"), "contextFolder", "of its own"],
    [
      "a Bot API that the gate does not ask",
      withValue(sshSettings(), "telegram.gatewayApiRoot", "http://198.51.100.7:8081"),
      "telegram.gatewayApiRoot",
      "another service",
    ],
    [
      "a memory that the gate does not ask",
      withValue(sshSettings(), "memory.gatewayUrl", "https://other.example"),
      "memory.gatewayUrl",
      "another service",
    ],
    ["no repository to count by", withValue(sshSettings(), "github", undefined), "github.repository", "`owner/name`"],
    [
      "a repository over plain HTTP",
      withValue(sshSettings(), "origin", "http://example.org/bot.git"),
      "origin",
      "`https://…`, `ssh://…`, `user@host:path` or an absolute path",
    ],
    ["an unsigned ssh host", withValue(sshSettings(), "requireSignOff", false), "requireSignOff", "`true`"],
    ["a port taken twice", withValue(localSettings(), "devServices.restPort", 18_789), "devServices.restPort", "gateway.port"],
    ["a missing secret", withValue(sshSettings(), "secrets.MEMORY_BOT_KEY", undefined), "secrets.MEMORY_BOT_KEY", "source"],
    [
      "no key for the provider",
      withValue(sshSettings(), "provider", { name: "openai", model: "m" }),
      "secrets.OPENAI_API_KEY",
      "source",
    ],
    [
      "a needed secret withheld from the gateway",
      withValue(sshSettings(), "secrets.TELEGRAM_BOT_TOKEN.gateway", false),
      "secrets.TELEGRAM_BOT_TOKEN.gateway",
      "`true`",
    ],
    [
      "the database's password in the gateway",
      withValue(sshSettings(), "secrets.MEMORY_DATABASE_PASSWORD.gateway", true),
      "secrets.MEMORY_DATABASE_PASSWORD.gateway",
      "`false`",
    ],
    [
      "two sources",
      withValue(sshSettings(), "secrets.MEMORY_BOT_KEY.from", { env: "A", file: "b" }),
      "secrets.MEMORY_BOT_KEY.from",
      "one of",
    ],
    [
      "plain text to a database elsewhere",
      withValue(sshSettings(), "memory.database.tls", "disable"),
      "memory.database.tls",
      "verify-full",
    ],
    [
      "plain text to a memory elsewhere",
      withValue(sshSettings(), "memory.url", "http://example.supabase.co"),
      "memory.url",
      "https",
    ],
    [
      "plain text to the Bot API elsewhere",
      withValue(sshSettings(), "telegram.apiRoot", "http://10.0.0.1"),
      "telegram.apiRoot",
      "https",
    ],
    [
      "a context folder that is the base folder",
      withValue(sshSettings(), "contextFolder", "."),
      "contextFolder",
      "below `baseFolder`",
    ],
    ["a context folder that climbs", withValue(sshSettings(), "contextFolder", "docs/../.."), "contextFolder", "without `..`"],
    ["a base folder that climbs", withValue(sshSettings(), "baseFolder", "/home/../etc"), "baseFolder", "without `.`"],
    ["a number for a text", withValue(sshSettings(), "name", 7), "name", "lower-case"],
    ["an unknown provider", withValue(sshSettings(), "provider", { name: "other" }), "provider.name", "openrouter"],
    ["a port out of range", withValue(sshSettings(), "gateway.port", 70_000), "gateway.port", "at most 65535"],
    ["an owner that is no id", withValue(sshSettings(), "telegram.owners", ["@phill"]), "telegram.owners[0]", "numeric"],
  ];
  for (const [what, raw, key, wanted] of refused) {
    it(`refuses ${what}, at \`${key}\` and nowhere else`, () => {
      const fault = only(raw);
      assert.equal(fault.key, `phillbot:${key}`);
      assert.ok(fault.wanted.includes(wanted), fault.wanted);
    });
  }

  it("accepts a loopback database in plain text", () => {
    const rehearsed = withValue(sshSettings(), "rehearsal", true);
    assert.deepEqual(
      keysOf(withValue(withValue(rehearsed, "memory.database.host", "127.0.0.1"), "memory.database.tls", "disable")),
      [],
    );
  });

  it("judges the rules although other keys are malformed", () => {
    const raw = withValue(withValue(sshSettings(), "gateway.digest", undefined), "gateway.memoryMb", "much");
    assert.deepEqual(keysOf(raw).sort(), ["phillbot:gateway.digest", "phillbot:gateway.memoryMb"]);
  });

  it("names any unknown key, at the top and within a section", () => {
    const word = fc.stringMatching(/^[a-z][A-Za-z]{0,12}$/).map((text) => `un${text}`);
    fc.assert(
      fc.property(
        word,
        fc.constantFrom("", "gateway.", "memory.database.", "telegram.", "host."),
        fc.jsonValue(),
        (name, section, value) => {
          assert.deepEqual(keysOf(withValue(sshSettings(), `${section}${name}`, value)), [`phillbot:${section}${name}`]);
        },
      ),
    );
  });

  for (const [key, known] of [
    ["gatway", ["gateway", "memory", "secrets"]],
    ["memory.databse", ["database", "url"]],
    ["memory.database.hots", ["host", "port"]],
    ["host.adress", ["address", "hostKey"]],
  ] as const) {
    it(`names the keys that there are where \`${key}\` is not known`, () => {
      const { wanted } = only(withValue(sshSettings(), key, "x"));
      for (const each of known) assert.ok(wanted.includes(`\`${each}\``), wanted);
    });
  }

  it("says of a text that it is one where it reads like another type", () => {
    assert.equal(only(withValue(sshSettings(), "gateway.port", "18789")).found, "the text `18789`");
  });

  it("takes a truth value at the top as Pulumi writes it, and no other text", () => {
    const parsed = parseSettings(withValue(localSettings(), "requireSignOff", "false"));
    assert.ok(parsed.ok && parsed.settings.requireSignOff === false);
    assert.equal(only(withValue(sshSettings(), "requireSignOff", "no")).key, "phillbot:requireSignOff");
  });

  it("needs no name on GitHub where the repository's address is given, nor where nothing is signed off", () => {
    const elsewhere = withValue(withValue(sshSettings(), "github", undefined), "origin", "git@git.example.org:bot.git");
    for (const raw of [elsewhere, withValue(localSettings(), "github", undefined)]) assert.ok(parseSettings(raw).ok);
  });

  it("names the stack in the commands to type, where it is known", () => {
    const parsed = parseSettings(withValue(sshSettings(), "host.user", undefined), "prod");
    assert.ok(!parsed.ok);
    assert.equal(
      parsed.faults[0]?.remedy,
      `eval "$(npx deck env --stack prod)" && pulumi config set --stack prod --type string --path 'phillbot:host.user' '<user>'`,
    );
  });
});

describe("a secret in the settings", () => {
  it("is refused at its key when it stands where its source belongs", () => {
    const fault = only(withValue(sshSettings(), "secrets.TELEGRAM_BOT_TOKEN", botToken()));
    assert.equal(fault.key, "phillbot:secrets.TELEGRAM_BOT_TOKEN");
    assert.match(fault.wanted, /not even encrypted/);
  });

  it("is refused when Pulumi encrypted it", () => {
    for (const key of ["secrets.TELEGRAM_BOT_TOKEN", "secrets.MEMORY_BOT_KEY.from"]) {
      assert.match(only(withValue(sshSettings(), key, { secure: "v1:abc" })).found, /encrypted by Pulumi/);
    }
  });

  it("is refused by its shape in an otherwise valid place, such as an argument of a command", () => {
    const command = ["printf", "%s", botToken()];
    const fault = only(withValue(sshSettings(), "secrets.TELEGRAM_BOT_TOKEN.from", { command }));
    assert.equal(fault.key, "phillbot:secrets.TELEGRAM_BOT_TOKEN.from.command[2]");
  });

  it("is refused within a URL", () => {
    const withUser = new URL("https://example.supabase.co");
    withUser.username = "postgres";
    withUser.password = randomBytes(6).toString("hex");
    const [fault] = faultsOf(withValue(sshSettings(), "memory.url", withUser.href));
    assert.equal(fault?.key, "phillbot:memory.url");
  });

  it("appears in no fault when it is short and has no shape, below `secrets` or a key that says secret", () => {
    for (const key of ["secrets.TELEGRAM_BOT_TOKEN.gateway", "secrets.MEMORY_BOT_KEY.from.env", "host.hostKey"]) {
      assert.ok(!formatFaults(faultsOf(withValue(sshSettings(), key, "hunter two"))).includes("hunter"), key);
    }
  });

  it("appears in no fault, wherever it was put", () => {
    const places = [
      "secrets.TELEGRAM_BOT_TOKEN",
      "secrets.TELEGRAM_BOT_TOKEN.from",
      "secrets.TELEGRAM_BOT_TOKEN.from.env",
      "secrets.TELEGRAM_BOT_TOKEN.gateway",
      "gateway.image",
      "gateway.digest",
      "gateway.port",
      "host.hostKey",
      "host.kind",
      "host.password",
      "memory.url",
      "memory.database.tls",
      "memory.database.password",
      "telegram.owners",
      "provider.name",
      "contextFolder",
      "name",
      "devServices",
      "github",
      "requireSignOff",
    ];
    const secret = fc.oneof(
      fc.constant(null).map(botToken),
      fc.uint8Array({ minLength: 18, maxLength: 40 }).map((bytes) => `sb_secret_${Buffer.from(bytes).toString("base64url")}`),
      fc.uint8Array({ minLength: 12, maxLength: 40 }).map((bytes) => `x1${Buffer.from(bytes).toString("hex")}`),
      fc.uint8Array({ minLength: 4, maxLength: 8 }).map((bytes) => `https://user:pw${Buffer.from(bytes).toString("hex")}@host/`),
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), secret, fc.boolean(), (place, value, asKey) => {
        const raw = asKey ? withValue(sshSettings(), "gateway", { [value]: true }) : withValue(sshSettings(), place, value);
        const text = formatFaults(faultsOf(raw));
        for (const part of value.split(/[:/@]/).filter((piece) => /[0-9]/.test(piece) && piece.length > 7)) {
          assert.ok(!text.includes(part), text);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe("formatFaults", () => {
  it("counts, then names key, what is there, what is wanted and the command, a line each", () => {
    const faults = [
      { key: "phillbot:a", found: "nothing", wanted: "a text", remedy: "do this" },
      { key: "phillbot:b", found: "`1`", wanted: "`2`" },
    ];
    assert.equal(
      formatFaults(faults),
      "The settings have 2 faults:\n  `phillbot:a` holds nothing; wanted: a text.\n      do this\n  `phillbot:b` holds `1`; wanted: `2`.",
    );
  });
});
