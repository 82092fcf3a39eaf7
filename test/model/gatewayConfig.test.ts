/** The gateway asks the model where the gate has proven the key, and nowhere else. */

import assert from "node:assert/strict";
import { largestBytes } from "../../checks/scan/scanner.ts";
import { gatewayConfig } from "../../model/gatewayConfig.ts";
import { mounts } from "../../model/layout.ts";
import { providerCalls } from "../../model/provider.ts";
import { providerSecret, type Settings } from "../../model/settings.ts";
import { parseSettings } from "../../model/settingsParse.ts";
import { sshSettings, withValue } from "./settingsSample.ts";

type Provider = Settings["provider"];

describe("The gateway's configuration", () => {
  const withProvider = (provider: Provider) => {
    const parsed = parseSettings(sshSettings());
    assert.ok(parsed.ok);
    return gatewayConfig({ ...parsed.settings, provider }) as {
      models?: { mode: string; providers: Record<string, { baseUrl: string }> };
    };
  };
  const whole = (name: Exclude<Provider["name"], "none">) => ({
    auth: "api-key",
    apiKey: { source: "env", provider: "default", id: providerSecret[name] },
    models: [{ id: "m", name: "m", input: name === "openrouter" ? ["text"] : ["text", "image"] }],
  });
  const elsewhere = "https://models.example.org";

  it("keeps all of OpenClaw's log files together small enough for the gate to read them", () => {
    const { logging } = withProvider({ name: "none" }) as unknown as { logging: Record<string, unknown> };
    assert.equal(logging.file, `${mounts.state}/logs/openclaw.log`);
    assert.ok(6 * Number(logging.maxFileBytes) <= largestBytes);
  });

  for (const [name, wanted] of [
    ["anthropic", { baseUrl: elsewhere, api: "anthropic-messages" }],
    ["openai", { baseUrl: `${elsewhere}/v1`, api: "openai-responses" }],
    ["openrouter", { baseUrl: `${elsewhere}/v1`, api: "openai-completions" }],
  ] as const) {
    it(`sends the gateway to the ${name} that the gate asks`, () => {
      const { models } = withProvider({ name, model: "m", apiRoot: `${elsewhere}/` });
      assert.deepEqual(models, { mode: "replace", providers: { [name]: { ...wanted, ...whole(name) } } });
      // What the gate asks lies below what the gateway asks.
      assert.ok(`${elsewhere}${providerCalls[name].path}`.startsWith(wanted.baseUrl));
    });
  }

  for (const [name, baseUrl] of [
    ["anthropic", "https://api.anthropic.com"],
    ["openai", "https://api.openai.com/v1"],
    ["openrouter", "https://openrouter.ai/api/v1"],
  ] as const) {
    it(`leaves nothing of ${name} to the gateway's state folder: neither address nor key, where the settings name no address`, () => {
      const { models } = withProvider({ name, model: "m" });
      assert.equal(models?.mode, "replace");
      assert.deepEqual(Object.keys(models.providers), [name]);
      assert.deepEqual(models.providers[name], { api: providerCalls[name].base.api, baseUrl, ...whole(name) });
    });
  }

  it("names no provider where there is none", () => {
    assert.equal(withProvider({ name: "none" }).models, undefined);
  });

  it("sends the gateway where its container reaches a stand-in", () => {
    const played = { apiRoot: "http://127.0.0.1:9", gatewayApiRoot: "http://provider:8080" };
    const { models } = withProvider({ name: "anthropic", model: "m", ...played });
    assert.equal(models?.providers.anthropic?.baseUrl, "http://provider:8080");
  });

  it("has no other provider than the gate asks: another address for the gateway alone is refused", () => {
    const provider = { name: "anthropic", model: "m", apiRoot: elsewhere, gatewayApiRoot: "https://other.example.org" };
    const raw = withValue(sshSettings(), "secrets.ANTHROPIC_API_KEY", { from: { env: "ANTHROPIC_API_KEY" }, gateway: true });
    const parsed = parseSettings(withValue(raw, "provider", provider));
    assert.deepEqual(parsed.ok ? [] : parsed.faults.map(({ key }) => key), ["phillbot:provider.gatewayApiRoot"]);
    assert.ok(parseSettings(withValue(raw, "provider", { ...provider, gatewayApiRoot: undefined })).ok);
  });
});
