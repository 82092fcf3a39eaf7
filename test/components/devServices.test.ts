import assert from "node:assert/strict";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DevRest, DevServices } from "../../components/devServices.ts";
import { LocalHost } from "../../host/local.ts";
import type { Secret } from "../../model/secret.ts";
import { plain, type Recorder, record, secretIn, settle } from "./recorder.ts";
import { freshSecrets, surroundings } from "./stackSample.ts";

interface Container {
  readonly [key: string]: unknown;
  readonly labels: readonly { readonly label: string; readonly value: string }[];
  readonly ports: readonly { readonly ip: string; readonly external: number }[];
  readonly mounts: readonly { readonly readOnly: boolean }[];
}

describe("DevServices and DevRest", () => {
  let recorder: Recorder;
  const services = ["postgres", "rest", "telegram"];

  const make = async (
    secrets: ReadonlyMap<string, Secret> = freshSecrets(),
    schemaDigest = "s1",
    slow: string[] = [],
    host = new LocalHost(),
  ) => {
    // What a file holds on the host is HostFile's own matter.
    recorder = await record({ preview: true, slow });
    const around = surroundings();
    const folders = new docker.Volume("folders", { name: "folders" });
    const key = secrets.get("OPENCLAW_GATEWAY_TOKEN");
    assert.ok(key);
    const args = { ...around, host, secrets, folders, fingerprintKey: key };
    const dev = new DevServices("dev", { ...args, rolesSql: "select 1;" });
    const schema = new docker.Volume("schema", { name: "schema" }, { dependsOn: dev.roles });
    const rest = new DevRest("rest-endpoint", { ...args, schemaDigest, after: schema });
    await Promise.all([settle(rest.rest.id), settle(dev.telegram.id), settle(dev.roles.id)]);
    await recorder.end();
    const containers = services.map((name) => recorder.get(name, "Container"));
    return { secrets, containers, inputs: containers.map((each) => each.inputs as unknown as Container) };
  };
  afterEach(() => recorder.end());
  const label = ({ labels }: Container, name: string) => labels.find((each) => each.label === name)?.value;

  it("are published on loopback alone", async () => {
    const { inputs } = await make();
    assert.deepEqual(
      inputs.flatMap(({ ports }) => ports.map(({ ip, external }) => [ip, external])),
      [
        ["127.0.0.1", 54_322],
        ["127.0.0.1", 54_321],
        ["127.0.0.1", 54_320],
      ],
    );
    for (const each of inputs) assert.ok(!("networkMode" in each) && !("publishAllPorts" in each));
  });

  it("have no secret in the open: not in an environment, a label, a command or any other input", async () => {
    const { secrets } = await make();
    const open = recorder.registered.map(({ inputs }) => plain(inputs)).join("\n");
    for (const [name, secret] of secrets) assert.ok(!open.includes(secret.reveal()), name);
    for (const { inputs } of recorder.registered) assert.ok(!("envs" in inputs));
    assert.doesNotMatch(
      JSON.stringify([...recorder.outputs]),
      new RegExp([...secrets.values()].map((s) => s.reveal()).join("|")),
    );
  });

  it("get their secrets by a file of mode 600, mounted read-only, each no more than it needs", async () => {
    const { secrets, inputs } = await make();
    const holds = (service: string) => {
      const { inputs: command } = recorder.get(`${service}-file-write`);
      assert.match(String(command.create), / 600 1000:1000$/);
      const content = String(secretIn(command.stdin));
      return [...secrets].filter(([, secret]) => content.includes(secret.reveal())).map(([name]) => name);
    };
    assert.deepEqual(holds("postgres"), ["MEMORY_DATABASE_PASSWORD"]);
    assert.deepEqual(holds("telegram"), ["TELEGRAM_BOT_TOKEN"]);
    assert.deepEqual(holds("rest"), ["MEMORY_BOT_KEY", "MEMORY_PUBLISHABLE_KEY", "MEMORY_DATABASE_PASSWORD"]);
    for (const { mounts } of inputs)
      assert.deepEqual(
        mounts.map(({ readOnly }) => readOnly),
        [true],
      );
  });

  it("write no file before the folders are there", async () => {
    await make(undefined, undefined, ["folders"]);
    for (const name of services) assert.ok(recorder.isAfter(`${name}-file-write`, "folders"), name);
  });

  for (const earlier of ["file-write", "image"]) {
    it(`wait for their ${earlier}, however long that takes`, async () => {
      const slow = services.map((name) => `${name}-${earlier}`);
      await make(undefined, undefined, slow);
      for (const name of services) assert.ok(recorder.isAfter(name, `${name}-${earlier}`), name);
    });
  }

  it("are replaced by anything that changes, and go before their successor comes", async () => {
    const { containers } = await make();
    for (const { name, options } of containers) {
      assert.equal(options.deleteBeforeReplace, true, name);
      assert.deepEqual(options.replaceOnChanges, ["*"], name);
    }
  });

  it("have to be healthy within a bound, are stopped gently, and are bounded in memory", async () => {
    const { inputs } = await make();
    for (const each of inputs) {
      assert.equal(each.wait, true);
      assert.equal(each.waitTimeout, 120);
      assert.ok(Number(each.destroyGraceSeconds) > 0);
      assert.deepEqual([each.memory, each.memorySwap], [512, 512]);
    }
  });

  it("restart with a changed secret: the label changes, and tells nothing", async () => {
    const first = await make();
    const changed = new Map(first.secrets);
    const password = freshSecrets().get("MEMORY_DATABASE_PASSWORD");
    assert.ok(password);
    const second = await make(changed.set("MEMORY_DATABASE_PASSWORD", password));
    const files = (inputs: readonly Container[]) => inputs.map((each) => label(each, "phillbot.file"));
    const [before, after] = [files(first.inputs), files(second.inputs)];
    assert.deepEqual(
      before.map((value, index) => value === after[index]),
      [false, false, true],
    );
  });

  it("are asked of the engine that the operator's environment names", async () => {
    await make(freshSecrets(), "s1", [], new LocalHost("unix:///run/other.sock"));
    for (const name of ["roles", "postgres-pids"])
      assert.match(String(recorder.get(name).inputs.create), /docker --host unix:\/\/\/run\/other\.sock (?:exec|update) /);
  });

  it("make the database's roles once it is up, over standard input, and keep its data in a volume of the stack's name", async () => {
    const { inputs } = await make();
    assert.ok(recorder.isAfter("roles", "postgres"));
    assert.equal(recorder.get("roles").inputs.stdin, "select 1;");
    assert.match(
      String(recorder.get("roles").inputs.create),
      /docker exec --interactive --user postgres phillbot-postgres-1 psql .*ON_ERROR_STOP=1/,
    );
    assert.equal(recorder.get("postgres-data").inputs.name, "phillbot-postgres");
    assert.deepEqual(inputs[0]?.volumes, [{ volumeName: "phillbot-postgres", containerPath: "/var/lib/postgresql/data" }]);
  });

  it("say on the database's volume whose it is, and make no new one where another label is wanted", async () => {
    await make();
    const { inputs, options } = recorder.get("postgres-data");
    const wanted = Object.entries(surroundings().labels).map(([label, value]) => ({ label, value }));
    assert.ok(wanted.length > 0);
    assert.deepEqual(inputs.labels, wanted);
    assert.deepEqual(options.ignoreChanges, ["labels"]);
    assert.equal(options.retainOnDelete, true);
  });

  it("start the REST endpoint after the migrations, and anew when they change", async () => {
    const { inputs } = await make(undefined, undefined, ["schema"]);
    assert.ok(recorder.isAfter("rest", "schema"));
    assert.equal(label(inputs[1] as Container, "phillbot.schema"), "s1");
    const again = await make(undefined, "s2");
    assert.equal(label(again.inputs[1] as Container, "phillbot.schema"), "s2");
  });

  it("have no command that undoes anything", async () => {
    await make();
    for (const { type, inputs, name } of recorder.registered) {
      if (type !== "command:local:Command") continue;
      for (const absent of ["delete", "update", "triggers", "environment"]) assert.ok(!(absent in inputs), `${name} ${absent}`);
      assert.equal(inputs.addPreviousOutputInEnv, false, name);
    }
  });

  it("are refused without their settings, before anything of them is registered", async () => {
    recorder = await record({ preview: true });
    const around = surroundings();
    const { devServices: _, ...settings } = around.settings;
    const secrets = freshSecrets();
    const key = [...secrets.values()][0] as Secret;
    const args = { ...around, settings, host: new LocalHost(), secrets, folders: around.network, fingerprintKey: key };
    for (const refused of [
      () => new DevServices("dev", { ...args, rolesSql: "" }),
      () => new DevRest("rest", { ...args, schemaDigest: "", after: around.network }),
    ])
      assert.throws(refused, (error) => pulumi.InputPropertyError.isInstance(error));
    await recorder.end();
    assert.deepEqual(
      recorder.registered.map(({ name }) => name),
      ["network"],
    );
  });
});
