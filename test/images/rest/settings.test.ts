import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { restSettings } from "../../../images/rest/settings.ts";

const random = () => randomBytes(12).toString("hex");

describe("The settings of the REST stand-in", () => {
  const values = { MEMORY_BOT_KEY: random(), MEMORY_PUBLISHABLE_KEY: random(), MEMORY_DATABASE_PASSWORD: random() };
  const file = (entries: Readonly<Record<string, string>>) =>
    Object.entries(entries)
      .map(([name, value]) => `${name}='${value}'`)
      .join("\n");

  it("give each key its own role, and no other key any", () => {
    const { roles } = restSettings({}, file(values));
    assert.deepEqual(
      [...roles],
      [
        [values.MEMORY_BOT_KEY, "memory_bot"],
        [values.MEMORY_PUBLISHABLE_KEY, "anon"],
      ],
    );
  });

  it("take the password from the file and the rest from variables", () => {
    const { database, port } = restSettings({ REST_PORT: "1", REST_DATABASE_HOST: "db", REST_DATABASE_USER: "u" }, file(values));
    assert.deepEqual(database, {
      host: "db",
      port: 5432,
      database: "postgres",
      user: "u",
      password: values.MEMORY_DATABASE_PASSWORD,
    });
    assert.equal(port, 1);
  });

  it("refuse a file that lacks values, naming every one and showing none", () => {
    const refused = () => restSettings({}, file({ ...values, MEMORY_BOT_KEY: "", MEMORY_DATABASE_PASSWORD: "" }));
    assert.throws(refused, { message: "The env file has no value for MEMORY_BOT_KEY, MEMORY_DATABASE_PASSWORD." });
  });

  it("refuse one value for two keys: the bot's would become anonymous, or the public one the bot's", () => {
    const refused = () => restSettings({}, file({ ...values, MEMORY_PUBLISHABLE_KEY: values.MEMORY_BOT_KEY }));
    assert.throws(refused, { message: "The env file has the same value for two keys." });
  });
});
