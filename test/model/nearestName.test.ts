import assert from "node:assert/strict";
import fc from "fast-check";
import { knownKeys } from "../../model/knownKeys.ts";
import { nearestName } from "../../model/nearestName.ts";
import { settingsSchema } from "../../model/settings.ts";
import { parseSettings } from "../../model/settingsParse.ts";

const keys = ["gateway", "memory", "provider", "secrets", "telegram", "host"].flatMap((section) =>
  knownKeys(settingsSchema, [section]),
);
const letter = fc.constantFrom(..."abcxyz");

describe("nearestName", () => {
  it("gives the name that one slip was made in, wherever it was made", () => {
    const one = fc.constantFrom(...keys.filter((key) => key.length > 3));
    fc.assert(
      fc.property(one, fc.nat(), letter, fc.constantFrom(0, 1, 2, 3), (key, place, other, slip) => {
        const at = place % (key.length - 1);
        const [before, here, next, after] = [key.slice(0, at), key[at], key[at + 1], key.slice(at + 2)];
        const slips = [`${before}${next}${after}`, `${before}${other}${here}${next}${after}`, `${before}${other}${next}${after}`];
        assert.equal(nearestName([...slips, `${before}${next}${here}${after}`][slip] ?? "", [key]), key);
      }),
    );
  });

  it("gives the very name before any other, however it is written", () => {
    fc.assert(
      fc.property(fc.constantFrom(...keys), (key) => {
        assert.equal(nearestName(key.toUpperCase(), keys)?.toLowerCase(), key.toLowerCase());
      }),
    );
  });

  it("gives one of the names or nothing, and nothing for what is far from all, at once", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (name, names) => {
        const nearest = nearestName(name, names);
        assert.ok(nearest === undefined || names.includes(nearest));
      }),
    );
    assert.equal(nearestName("colour", ["memoryMb", "digest", "cpus"]), undefined);
    assert.equal(nearestName("x".repeat(1_000_000), ["memoryMb"]), undefined);
    assert.equal(nearestName("ab", ["cd", "a"]), undefined);
  });

  it("is asked where a setting's key is not known, which then names the one that was meant first", () => {
    const found = (section: object) => {
      const parsed = parseSettings({ gateway: section });
      return parsed.ok ? [] : parsed.faults.map((fault) => `${fault.key}: ${fault.found}`);
    };
    assert.ok(found({ memoryMB: 512 }).includes("phillbot:gateway.memoryMB: a key that is not known (did you mean `memoryMb`?)"));
    assert.ok(found({ colour: 1 }).includes("phillbot:gateway.colour: a key that is not known"));
  });
});
