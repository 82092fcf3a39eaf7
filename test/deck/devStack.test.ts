import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { devFolders, ensureDevStack } from "../../deck/devStack.ts";
import { readSettings } from "../../deck/stackSettings.ts";
import { findValuesInUse } from "../../model/redact.ts";
import { Secret } from "../../model/secret.ts";
import { parseEnvLines } from "../../model/secretSources.ts";

const images = { gateway: "test/gateway:1", telegram: "test/telegram:1", rest: "test/rest:1", postgres: "test/postgres:1" };

describe("ensureDevStack", () => {
  let root: string;
  const make = (more: Partial<Parameters<typeof ensureDevStack>[0]> = {}) =>
    ensureDevStack({ projectRoot: root, stack: "dev", images, ownPorts: true, ...more });
  const folders = () => devFolders(root, "dev");
  const read = (file: "settingsFile" | "secretsFile" | "passphraseFile") => readFileSync(folders()[file], "utf8");
  const secrets = () => parseEnvLines(read("secretsFile")).values;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "phillbot-dev-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("writes settings that the deck accepts, with a value for each secret that they name", async () => {
    await make();
    const settings = await readSettings(root, "dev");
    assert.deepEqual(Object.keys(settings.secrets).sort(), [...secrets().keys()].sort());
    assert.equal(settings.host.kind, "local");
    assert.equal(settings.requireSignOff, false);
  });

  it("keeps what is secret in files that nobody else reads, also where somebody had opened them", async () => {
    await make();
    const files = [folders().secretsFile, folders().passphraseFile];
    for (const file of files) assert.equal(statSync(file).mode & 0o777, 0o600);
    for (const file of files) chmodSync(file, 0o644);
    await make();
    for (const file of files) assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("puts no secret into the settings", async () => {
    await make();
    const values = new Map([...secrets()].map(([name, value]) => [name, new Secret(value)]));
    assert.equal(values.size, 5);
    assert.deepEqual(findValuesInUse(read("settingsFile"), values), []);
  });

  it("changes nothing the second time", async () => {
    await make();
    const before = [read("settingsFile"), read("secretsFile"), read("passphraseFile")];
    const written = statSync(folders().settingsFile).mtimeMs;
    await make();
    assert.deepEqual([read("settingsFile"), read("secretsFile"), read("passphraseFile")], before);
    assert.equal(statSync(folders().settingsFile).mtimeMs, written);
  });

  it("takes over a new image and keeps the ports, the secrets and Pulumi's own lines", async () => {
    await make();
    const { gateway, devServices } = await readSettings(root, "dev");
    writeFileSync(folders().settingsFile, `encryptionsalt: v1:salt\n${read("settingsFile")}`);
    const before = read("secretsFile");
    await make({ images: { ...images, gateway: "test/gateway:2" } });
    const after = await readSettings(root, "dev");
    assert.equal(after.gateway.image, "test/gateway:2");
    assert.equal(after.gateway.port, gateway.port);
    assert.deepEqual(
      [after.devServices?.restPort, after.devServices?.postgresPort, after.devServices?.telegramPort],
      [devServices?.restPort, devServices?.postgresPort, devServices?.telegramPort],
    );
    assert.match(read("settingsFile"), /^encryptionsalt: v1:salt$/m);
    assert.equal(read("secretsFile"), before);
  });

  it("keeps the keys that somebody added, and the bot's owners, and not a name or an address that somebody changed", async () => {
    await make();
    const file = parse(read("settingsFile"));
    Object.assign(file.config["phillbot:gateway"], { memoryMb: 3000, image: "test/other:1" });
    file.config["phillbot:telegram"].owners = ["7"];
    file.config["phillbot:github"] = { repository: "example/bot" };
    file.config["phillbot:name"] = "other";
    writeFileSync(folders().settingsFile, stringify(file));
    await make();
    const { gateway, telegram, github, name } = await readSettings(root, "dev");
    assert.deepEqual([gateway.memoryMb, gateway.image, telegram.owners, name], [3000, images.gateway, ["7"], "phillbot-dev"]);
    assert.equal(github?.repository, "example/bot");
  });

  it("accepts the model provider that the README shows, and keeps it", async () => {
    await make();
    const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
    const example = parse(/```yaml\n(config:\n {2}phillbot:provider[\s\S]*?)```/.exec(readme)?.[1] ?? "").config;
    const file = parse(read("settingsFile"));
    file.config["phillbot:provider"] = example["phillbot:provider"];
    Object.assign(file.config["phillbot:secrets"], example["phillbot:secrets"]);
    writeFileSync(folders().settingsFile, stringify(file));
    const written = await readSettings(root, "dev");
    assert.equal(written.provider.name, "anthropic");
    await make({ images: { ...images, gateway: "test/gateway:2" } });
    const kept = await readSettings(root, "dev");
    assert.deepEqual([kept.provider, kept.secrets], [written.provider, written.secrets]);
    assert.deepEqual(kept.secrets.ANTHROPIC_API_KEY, { from: { file: ".phillbot/secrets/dev.env" }, gateway: true });
  });

  it("generates other secrets and another passphrase for each clone", async () => {
    await make();
    const [mine, phrase] = [secrets(), read("passphraseFile")];
    rmSync(root, { recursive: true });
    root = mkdtempSync(join(tmpdir(), "phillbot-dev-"));
    await make();
    for (const [name, value] of secrets()) assert.notEqual(value, mine.get(name), name);
    assert.notEqual(read("passphraseFile"), phrase);
  });

  it("gives four ports that are free and differ", async () => {
    await make();
    const { gateway, devServices } = await readSettings(root, "dev");
    const ports = [gateway.port, devServices?.restPort, devServices?.postgresPort, devServices?.telegramPort];
    assert.equal(new Set(ports).size, 4);
    for (const port of ports) {
      await new Promise<void>((resolve, reject) => {
        const server = createServer().once("error", reject);
        server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
      });
    }
  });

  it("keeps two stacks of one project apart", async () => {
    await make();
    await make({ stack: "other" });
    const [one, other] = [await readSettings(root, "dev"), await readSettings(root, "other")];
    assert.notEqual(one.name, other.name);
    assert.notEqual(one.baseFolder, other.baseFolder);
    assert.notEqual(devFolders(root, "dev").secretsFile, devFolders(root, "other").secretsFile);
  });
});
