import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { portsFile, readFacts, readPublishedPorts } from "../../policy/facts.ts";

const project = join(import.meta.dirname, "../..");
const port = { container: "phillbot-openclaw-gateway-1", port: 443, address: "10.0.0.7", reason: "The VPN.", owner: "ada" };

describe("what the stack's policy takes from the tree", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "phillbot-facts-"));
    mkdirSync(join(folder, "operations"));
    list([]);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const list = (published: unknown) => writeFileSync(join(folder, portsFile), stringify({ version: 1, published }));
  const settings = (text: string) => writeFileSync(join(folder, "Pulumi.it.yaml"), text);

  it("is that no port is published by this project", () => assert.deepEqual(readPublishedPorts(project), []));

  it("is that a stack is development only where its file says so", () => {
    for (const value of ["false", '"false"']) {
      settings(`config:\n  phillbot:requireSignOff: ${value}\n`);
      assert.equal(readFacts(folder, "it").production, false, value);
    }
    for (const text of [
      "config:\n  phillbot:requireSignOff: true\n",
      "config: {}\n",
      "",
      "config: [",
      "config:\n  phillbot:requireSignOff: no\n",
    ]) {
      settings(text);
      assert.equal(readFacts(folder, "it").production, true, text);
    }
    assert.equal(readFacts(folder, "another").production, true);
  });

  it("is that a rehearsal is no production on this machine alone", () => {
    const rehearsal = (host: string) =>
      `config:\n  phillbot:requireSignOff: true\n  phillbot:rehearsal: "true"\n  phillbot:host: ${host}\n`;
    settings(rehearsal("{ kind: local }"));
    assert.equal(readFacts(folder, "it").production, false);
    for (const host of ["{ kind: ssh }", "local", "~"]) {
      settings(rehearsal(host));
      assert.equal(readFacts(folder, "it").production, true, host);
    }
    settings("config:\n  phillbot:host: { kind: local }\n");
    assert.equal(readFacts(folder, "it").production, true);
  });

  it("is each port by container, port, protocol and address", () => {
    list([port]);
    assert.deepEqual(readFacts(folder, "it").published, [{ ...port, protocol: "tcp" }]);
  });

  for (const [what, published] of [
    ["a port without a reason", [{ ...port, reason: " " }]],
    ["a port without an owner", [{ ...port, owner: undefined }]],
    ["no address", [{ ...port, address: "anywhere" }]],
    ["a key that nobody knows", [{ ...port, all: true }]],
    ["no list", "all"],
  ] as const) {
    it(`is nothing from a file with ${what}: it is named`, () => {
      list(published);
      assert.throws(() => readFacts(folder, "it"), /`operations\/ports.yaml` cannot be used\. `published/);
    });
  }

  it("is nothing where the file is not there", () => {
    rmSync(join(folder, portsFile));
    assert.throws(() => readFacts(folder, "it"));
  });
});
