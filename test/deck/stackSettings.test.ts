import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { devSettings } from "../../deck/devStack.ts";
import { readSettings } from "../../deck/stackSettings.ts";
import { DeckError } from "../../deck/verb.ts";

const images = { gateway: "bot/gateway:1", telegram: "bot/telegram:1", rest: "bot/rest:1", postgres: "bot/postgres:15" };
const ports = { gateway: 18_789, telegram: 18_790, rest: 18_791, postgres: 18_792 };

describe("readSettings", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "phillbot-settings-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (config: Record<string, unknown>) =>
    writeFileSync(join(root, "Pulumi.dev.yaml"), stringify({ config, encryptionsalt: "v1:x" }));
  const good = () => {
    const settings = devSettings({ projectRoot: root, stack: "dev", images }, ports);
    return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`phillbot:${key}`, value]));
  };
  const refusal = async (stack = "dev"): Promise<DeckError> => {
    const error = await readSettings(root, stack).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof DeckError);
    assert.equal(error.code, 2);
    return error;
  };

  it("reads what `npm start` generates, and leaves other namespaces alone", async () => {
    write({ ...good(), "aws:region": "nowhere" });
    const settings = await readSettings(root, "dev");
    assert.equal(settings.name, "phillbot-dev");
    assert.equal(settings.requireSignOff, false);
  });

  it("reads a key's own boolean or object also as Pulumi writes it back, as text", async () => {
    write({ ...good(), "phillbot:requireSignOff": "false", "phillbot:provider": '{"name":"none"}' });
    const settings = await readSettings(root, "dev");
    assert.equal(settings.requireSignOff, false);
    assert.deepEqual(settings.provider, { name: "none" });
  });

  it("refuses with every fault at once, by configuration key", async () => {
    write({ ...good(), "phillbot:name": "Not A Name", "phillbot:nonsense": 1 });
    const { message } = await refusal();
    assert.match(message, /`phillbot:name`/);
    assert.match(message, /`phillbot:nonsense`/);
  });

  it("takes a slip for the stack that is nearest", async () => {
    for (const stack of ["alpha", "prod"]) writeFileSync(join(root, `Pulumi.${stack}.yaml`), "config: {}\n");
    const { remedy } = await refusal("prdo");
    assert.equal(remedy, "npx deck ps --stack prod");
  });

  it("names the stacks that are there where the asked one is not", async () => {
    write(good());
    const { message } = await refusal("prod");
    assert.match(message, /no file `Pulumi\.prod\.yaml`; there is `dev`\.$/);
    writeFileSync(join(root, "Pulumi.other.yaml"), "");
    assert.match((await refusal("prod")).message, /; there are `dev`, `other`\.$/);
  });

  it("sends whoever has no dev stack to `npm start`", async () => {
    assert.equal((await refusal()).remedy, "npm start");
  });

  it("repeats nothing of a file that is not YAML but the line", async () => {
    const token = ["sb", "secret", "x".repeat(24)].join("_");
    writeFileSync(join(root, "Pulumi.dev.yaml"), `config:\n  phillbot:name: [${token}\n`);
    const { message, remedy } = await refusal();
    assert.equal(remedy, "${EDITOR:-vi} Pulumi.dev.yaml");
    assert.match(message, /not YAML, from line \d+ on/);
    assert.ok(!message.includes(token));
  });

  it("refuses a file whose `config` is no object", async () => {
    writeFileSync(join(root, "Pulumi.dev.yaml"), "config: 3\n");
    assert.match((await refusal()).message, /`config` is an object/);
  });
});
