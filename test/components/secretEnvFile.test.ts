import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { SecretEnvFile } from "../../components/secretEnvFile.ts";
import { EnvFileRefused } from "../../model/envFile.ts";
import { Secret } from "../../model/secret.ts";
import { FolderHost, owner } from "./folderHost.ts";
import { plain, type Recorder, record, secretIn, settle } from "./recorder.ts";

const random = () => randomBytes(16).toString("hex");

describe("SecretEnvFile", () => {
  let recorder: Recorder;
  let host: FolderHost;
  let path: string;
  const fingerprintKey = new Secret(random());
  beforeEach(async () => {
    recorder = await record();
    host = new FolderHost();
    path = join(host.folder, ".env");
  });
  afterEach(async () => {
    await recorder.end();
    host.remove();
  });

  const make = (entries: Readonly<Record<string, string>>, key = fingerprintKey) =>
    new SecretEnvFile("env-file", {
      host,
      path,
      entries: new Map(Object.entries(entries).map(([name, value]) => [name, new Secret(value)])),
      fingerprintKey: key,
      ...owner,
      via: { kind: "direct" },
    });
  const written = async (entries: Readonly<Record<string, string>>) => {
    const file = make(entries);
    assert.equal(await settle(file.path), path);
    await recorder.end();
    return { file, command: recorder.get("env-file-write") };
  };

  it("writes all values over standard input, as a secret, with mode 600 and the container's owner", async () => {
    const [token, key] = [random(), random()];
    const { command } = await written({ B_KEY: key, A_TOKEN: token });
    const content = `A_TOKEN=${token}\nB_KEY=${key}\n`;
    assert.equal(secretIn(command.inputs.stdin), `${content.length}\n${content}`);
    assert.match(String(command.inputs.create), new RegExp(` 600 ${owner.uid}:${owner.gid}$`));
  });

  it("has none of the values in the open: no input, no output, no argument on the host, no log", async () => {
    const [token, key] = [random(), random()];
    const { file } = await written({ B_KEY: key, A_TOKEN: token });
    const open = [
      ...recorder.registered.map(({ inputs }) => plain(inputs)),
      JSON.stringify([...recorder.outputs]),
      ...host.ran.map(({ argv }) => argv.join(" ")),
      ...recorder.logs.map(({ text }) => text),
      file.fingerprint,
    ].join("\n");
    for (const value of [token, key, Buffer.from(token).toString("base64"), encodeURIComponent(key)]) {
      assert.ok(!open.includes(value));
    }
  });

  it("keeps what the command may print secret, and has none of it logged", async () => {
    const { command } = await written({ A_TOKEN: random() });
    assert.deepEqual([...command.options.additionalSecretOutputs].sort(), ["stderr", "stdout"]);
    assert.equal(command.inputs.logging, "none");
    assert.equal(command.inputs.addPreviousOutputInEnv, false);
    assert.ok(!("environment" in command.inputs));
  });

  it("has a fingerprint that changes with any value and any name, and cannot be had without the key", async () => {
    recorder = await record({ preview: true });
    const value = random();
    const of = (entries: Readonly<Record<string, string>>, key?: Secret) => make(entries, key).fingerprint;
    const first = of({ A: value, B: "b" });
    assert.match(first, /^[0-9a-f]{32}$/);
    assert.equal(of({ B: "b", A: value }), first);
    assert.notEqual(of({ A: value, B: "c" }), first);
    assert.notEqual(of({ A: value, C: "b" }), first);
    assert.notEqual(of({ A: value, B: "b" }, new Secret(random())), first);
  });

  for (const [what, entries, named] of [
    ["a name in lower case", { token: "x" }, "token"],
    ["a name with an equals sign", { "A=B": "x" }, "A=B"],
    ["a name with a line break", { "A\nB": "x" }, "A\\nB"],
    ["an empty name", { "": "x" }, '""'],
    ["a value with a newline", { A_KEY: "one\ntwo" }, "A_KEY"],
    ["a value with a carriage return", { A_KEY: "one\rtwo" }, "A_KEY"],
    ["a value with a NUL", { A_KEY: "one\0two" }, "A_KEY"],
    ["an empty value", { A_KEY: "" }, "A_KEY"],
  ] as const) {
    it(`refuses ${what} by its name, before anything is registered`, async () => {
      assert.throws(
        () => make({ ...entries, OTHER: "a-sound-value" }),
        (error) => {
          assert.ok(error instanceof EnvFileRefused);
          assert.ok(error.message.includes(named), error.message);
          assert.doesNotMatch(error.message, /one|two|a-sound-value/);
          return true;
        },
      );
      await recorder.end();
      assert.deepEqual(recorder.events, []);
    });
  }

  it("names every fault at once", () => {
    assert.throws(
      () => make({ bad: "x", A_KEY: "one\ntwo", B_KEY: "" }),
      /"bad"[\s\S]*A_KEY[\s\S]*B_KEY|A_KEY[\s\S]*B_KEY[\s\S]*"bad"/,
    );
  });

  it("refuses to write no secret at all", () => assert.throws(() => make({}), EnvFileRefused));
});
