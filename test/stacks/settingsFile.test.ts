import assert from "node:assert/strict";
import { stringify } from "yaml";
import { differingKeys, structured } from "../../stacks/settingsFile.ts";

describe("The settings that the engine hands over", () => {
  const config = {
    "phillbot:name": "bot",
    "phillbot:requireSignOff": "true",
    "phillbot:rehearsal": false,
    "phillbot:gateway": { image: "openclaw:1", memoryMb: 2048, configuration: {} },
    "phillbot:telegram": '{"owners":["42"]}',
    "docker:host": "unix:///run/docker.sock",
  };
  const file = stringify({ encryptionsalt: "v1:salt", config });
  /** As Pulumi's Node host has them: every value a text. */
  const handedOver = (over: Readonly<Record<string, unknown>> = {}) =>
    Object.fromEntries(
      Object.entries({ ...config, ...over })
        .filter(([key, value]) => key.startsWith("phillbot:") && value !== undefined)
        .map(([key, value]) => [
          key.slice("phillbot:".length),
          structured(typeof value === "string" ? value : JSON.stringify(value)),
        ]),
    );
  const differing = (over: Readonly<Record<string, unknown>> = {}, text = file) =>
    differingKeys(text, "phillbot", handedOver(over));

  it("are those of the tree's file, however the values are written there", () => {
    assert.deepEqual(differing(), []);
    assert.deepEqual(differing({ "phillbot:gateway": { memoryMb: 2048, configuration: {}, image: "openclaw:1" } }), []);
  });

  for (const [title, over, keys] of [
    ["another value", { "phillbot:name": "other" }, ["name"]],
    ["another value within", { "phillbot:gateway": { image: "openclaw:1", memoryMb: 4096, configuration: {} } }, ["gateway"]],
    ["one more key", { "phillbot:baseFolder": "/srv" }, ["baseFolder"]],
    ["one key less", { "phillbot:telegram": undefined, "phillbot:requireSignOff": "false" }, ["requireSignOff", "telegram"]],
  ] as const) {
    it(`are told from the file's: ${title}`, () => assert.deepEqual(differing(over), keys));
  }

  for (const [title, text] of [
    ["empty", ""],
    ["not YAML", "config: [\n"],
    ["without config", "encryptionsalt: v1\n"],
  ] as const) {
    it(`are none of a file's that is ${title}`, () =>
      assert.deepEqual(differing({}, text), ["gateway", "name", "rehearsal", "requireSignOff", "telegram"]));
  }
});
