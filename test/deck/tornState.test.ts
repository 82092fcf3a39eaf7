import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mendTornState } from "../../deck/tornState.ts";

describe("a state that a killed update left torn", () => {
  let root: string;
  let folder: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "phillbot-torn-"));
    folder = join(root, "state", ".pulumi", "stacks", "phillbot");
    mkdirSync(folder, { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const put = (...names: string[]) => {
    for (const name of names) writeFileSync(join(folder, name), "");
  };
  const mend = (backend: string | undefined = `file://${join(root, "state")}`) =>
    mendTornState({ root, stack: "dev", environment: { PULUMI_BACKEND_URL: backend } });

  for (const text of ["", '{"user.cache_control":"","user.md5":"nC', "\0\0"])
    it(`loses notes that say ${JSON.stringify(text)}, by which Pulumi would not read it`, async () => {
      put("dev.json");
      for (const name of ["dev.json.attrs", "dev.json.bak.attrs"]) writeFileSync(join(folder, name), text);
      await mend();
      assert.deepEqual(readdirSync(folder), ["dev.json"]);
    });

  it("keeps notes that are whole, and everything that is none of this stack's notes", async () => {
    writeFileSync(join(folder, "dev.json.attrs"), '{"user.cache_control":""}');
    put("dev.json", "other.json.attrs", "dev2.json.attrs", "attrs");
    const before = readdirSync(folder);
    await mend();
    assert.deepEqual(readdirSync(folder), before);
  });

  it("is found where the backend is named from the project's folder", async () => {
    put("dev.json.attrs");
    await mend("file://./state");
    assert.deepEqual(readdirSync(folder), []);
  });

  it("is nothing that another backend could have", async () => {
    put("dev.json.attrs");
    for (const backend of ["s3://bucket", "", `file://${join(root, "nowhere")}`]) await mend(backend);
    await mendTornState({ root, stack: "dev", environment: {} });
    assert.deepEqual(readdirSync(folder), ["dev.json.attrs"]);
  });
});
