/** A drill is refused where its bot would be the stack's own, and is handed nothing that leads elsewhere. */

import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { devFolders, ensureDevStack } from "../../deck/devStack.ts";
import { drillEnvironment } from "../../deck/drillProgram.ts";
import { refuseSameToken } from "../../deck/drillSource.ts";
import type { Stack } from "../../deck/session.ts";
import { readSettings } from "../../deck/stackSettings.ts";
import { DeckError } from "../../deck/verb.ts";

const images = { gateway: "a:1", telegram: "b:1", rest: "c:1", postgres: "d:1" };
/** Of no bot: made for this run. */
const madeToken = () => `${randomInt(100_000_000, 999_999_999)}:A${randomBytes(24).toString("hex").slice(0, 34)}`;

describe("a drill", () => {
  let root: string;
  let stack: Stack;
  const drill = () => ({ root: join(root, "drill"), stack: "drill-1" });
  const tokenOf = (at: { readonly root: string; readonly stack: string }, token: string) => {
    const { secretsFile } = devFolders(at.root, at.stack);
    mkdirSync(dirname(secretsFile), { recursive: true });
    writeFileSync(secretsFile, `TELEGRAM_BOT_TOKEN=${token}\n`, { mode: 0o600 });
  };
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "phillbot-drill-"));
    mkdirSync(drill().root);
    for (const each of [{ root, stack: "own" }, drill()])
      await ensureDevStack({ projectRoot: each.root, stack: each.stack, ownPorts: true, images });
    const settings = await readSettings(root, "own");
    stack = { root, stack: "own", settings, environment: {}, evidenceFolder: join(root, "evidence") };
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("goes on with the token that was made up for it", () => refuseSameToken(stack, drill()));

  it("is refused with the token of the stack, which is nowhere in what is said", async () => {
    const token = madeToken();
    tokenOf(stack, token);
    tokenOf(drill(), token);
    await assert.rejects(refuseSameToken(stack, drill()), (error) => {
      assert.ok(error instanceof DeckError);
      assert.equal(error.code, 4);
      assert.ok(!`${error.message} ${error.remedy}`.includes(token));
      assert.match(error.message, /that of stack `own`.*Nothing was started/);
      return true;
    });
  });

  it("is refused likewise where the stack has its token from the environment", async () => {
    const token = madeToken();
    tokenOf(drill(), token);
    const secrets = { ...stack.settings.secrets, TELEGRAM_BOT_TOKEN: { from: { env: "BOT" }, gateway: true } };
    const other = { ...stack, settings: { ...stack.settings, secrets }, environment: { BOT: token } };
    await assert.rejects(refuseSameToken(other, drill()), { code: 4 });
  });

  it("goes on where the stack's token has no value on this machine", async () => {
    rmSync(devFolders(root, "own").secretsFile);
    await refuseSameToken(stack, drill());
  });

  it("hands on nothing that leads to another stack, state or update, and no secret", () => {
    const secrets = { TELEGRAM_BOT_TOKEN: { from: { env: "BOT" }, gateway: true } };
    const environment = {
      ...{ PATH: "/bin", DOCKER_HOST: "unix:///run/docker.sock", BOT: "x" },
      ...{ PULUMI_BACKEND_URL: "s3://x", PULUMI_CONFIG_PASSPHRASE: "x", PHILLBOT_STACK: "prod", PHILLBOT_ROLLBACK: "{}" },
    };
    const settings = { ...stack.settings, secrets };
    assert.deepEqual(drillEnvironment({ ...stack, settings, environment }), {
      ...{ PATH: "/bin", DOCKER_HOST: "unix:///run/docker.sock", NO_COLOR: "1" },
    });
  });
});
