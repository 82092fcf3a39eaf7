import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modeSetVerb } from "../../deck/modeSet.ts";
import { refuseUnspeakable } from "../../deck/spoken.ts";
import { sshSettings } from "../model/settingsSample.ts";
import { stackFile } from "../release/signedProject.ts";
import { callOf, fails, worldIn } from "./verbCalls.ts";

describe("refuseUnspeakable", () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "phillbot-spoken-"));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it("looks for the secrets that have a value here, and gives none of them to another's command", async () => {
    const [key, seen] = [randomBytes(12).toString("hex"), join(root, "seen")];
    const { secrets, ...settings } = sshSettings();
    const sources = {
      ...(secrets as object),
      MEMORY_BOT_KEY: { from: { env: "KEY" }, gateway: true },
      TELEGRAM_BOT_TOKEN: { from: { command: ["sh", "-c", `env >${seen}; printf from-the-command`] }, gateway: true },
    };
    await writeFile(join(root, "Pulumi.prod.yaml"), stackFile({ ...settings, secrets: sources }));
    const world = worldIn(root, { environment: { KEY: key, PATH: process.env.PATH } });
    const say = (text: string) => refuseUnspeakable({ reason: text }, callOf(modeSetVerb, "prod"), world);
    for (const held of [key, "from-the-command"]) {
      await assert.rejects(say(`It leaked ${held}.`), fails(4, /`--reason` holds the value of `\w+` in use/));
    }
    await say("It loses messages.");
    assert.ok(!(await readFile(seen, "utf8")).includes(key), "A source's command was given another secret's value.");
  });
});
