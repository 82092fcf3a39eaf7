/** `Pulumi.prod.yaml` is complete but for what only PhillBot's owner has. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { parseSettings } from "../../model/settingsParse.ts";
import { sshSettings, withValue } from "../model/settingsSample.ts";

const file = parse(readFileSync(new URL("../../Pulumi.prod.yaml", import.meta.url), "utf8")) as {
  config: Record<string, unknown>;
};
const raw = Object.fromEntries(Object.entries(file.config).map(([key, value]) => [key.replace(/^phillbot:/, ""), value]));
const setting = (key: string) =>
  `eval "$(npx deck env --stack prod)" && pulumi config set --stack prod --type string --path 'phillbot:${key}' `;
/** What is absent, each with the start of the command that sets it. */
const owners = {
  "host.hostKey": setting("host.hostKey"),
  "gateway.digest": setting("gateway.digest"),
  "telegram.owners": setting("telegram.owners[0]"),
  "memory.url": setting("memory.url"),
  "memory.database.host": setting("memory.database.host"),
  "github.repository": setting("github.repository"),
};

describe("Pulumi.prod.yaml", () => {
  it("lacks only what its owner has, each with the command that sets it", () => {
    const parsed = parseSettings(raw, "prod");
    assert.ok(!parsed.ok);
    assert.deepEqual(
      parsed.faults.map(({ key }) => key).sort(),
      Object.keys(owners)
        .map((key) => `phillbot:${key}`)
        .sort(),
    );
    for (const [key, command] of Object.entries(owners)) {
      const remedy = parsed.faults.find((fault) => fault.key === `phillbot:${key}`)?.remedy;
      assert.ok(remedy?.startsWith(command), remedy);
    }
  });

  it("is valid once that is filled in, and describes PhillBot", () => {
    const sample = sshSettings() as Record<string, Record<string, unknown>>;
    let whole = raw;
    for (const key of Object.keys(owners)) {
      whole = withValue(
        whole,
        key,
        key.split(".").reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], sample),
      );
    }
    const parsed = parseSettings(whole, "prod");
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const { host, gateway, baseFolder, contextFolder, requireSignOff, devServices } = parsed.settings;
    assert.ok(host.kind === "ssh" && `${host.user}@${host.address}` === "claw@phill");
    assert.equal(gateway.image, "ghcr.io/openclaw/openclaw:2026.9.6");
    assert.equal(`${baseFolder}/${contextFolder}`, "/home/claw/openclaw-upstream/docs/phillbot-context");
    assert.deepEqual([requireSignOff, devServices], [true, undefined]);
  });
});
