/** Secrets are fetched whole or refused by name, all at once, and no message holds a value. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import {
  availableSecrets,
  resolveSecrets,
  SecretsUnresolved,
  type SourceRunner,
  secretEnvNames,
} from "../../host/secretSource.ts";
import type { SecretSource } from "../../model/settings.ts";
import { assertPasteable } from "../model/pasteable.ts";

const source = (from: SecretSource) => ({ from, gateway: false });

describe("resolveSecrets", () => {
  const value = randomBytes(24).toString("base64url");
  let projectRoot = "";

  beforeEach(async () => {
    projectRoot = await mkdtemp(join(tmpdir(), "phillbot-secrets-"));
  });
  afterEach(() => rm(projectRoot, { recursive: true }));

  const file = async (text: string, mode = 0o600) => {
    await writeFile(join(projectRoot, "prod.env"), text, { mode });
    await chmod(join(projectRoot, "prod.env"), mode);
    return source({ file: "prod.env" });
  };
  const resolved = async (from: ReturnType<typeof source>, run?: SourceRunner) => {
    const secrets = await resolveSecrets(
      { TOKEN: from },
      { env: { SET: value, PATH: process.env.PATH }, projectRoot, ...(run && { run }) },
    );
    return secrets.get("TOKEN")?.reveal();
  };
  /** The faults of one secret; asserts that none of them, in any form of printing, holds the value. */
  const refusal = async (from: ReturnType<typeof source>, run?: SourceRunner) => {
    const error = await resolved(from, run).then(
      () => assert.fail("It was accepted."),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof SecretsUnresolved, inspect(error));
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(value));
    assert.deepEqual(
      error.faults.map(({ name }) => name),
      ["TOKEN"],
    );
    return error.faults[0] ?? assert.fail();
  };

  it("reads a variable, a line of a private file, and a command's output less one newline", async () => {
    assert.equal(await resolved(source({ env: "SET" })), value);
    assert.equal(await resolved(await file(`# ours\n\nOTHER=1\nTOKEN=${value}\n`)), value);
    assert.equal(await resolved(source({ command: ["printf", "%s\\n", "from a command"] })), "from a command");
  });

  it("takes a file's value as it stands, without a shell", async () => {
    assert.equal(await resolved(await file("TOKEN=$HOME `id` = #x\n")), "$HOME `id` = #x");
  });

  it("finds a file below the operator's home", async () => {
    await file(`TOKEN=${value}\n`);
    const secrets = { TOKEN: source({ file: "~/prod.env" }) };
    const found = await resolveSecrets(secrets, { env: { HOME: projectRoot }, projectRoot: "/" });
    assert.equal(found.get("TOKEN")?.reveal(), value);
  });

  for (const mode of [0o640, 0o604, 0o620, 0o601]) {
    it(`refuses a file of mode ${mode.toString(8)}, with the command that mends it`, async () => {
      const fault = await refusal(await file(`TOKEN=${value}\n`, mode));
      assert.match(fault.problem, new RegExp(`mode ${mode.toString(8)}; at most 600`));
      assert.equal(fault.remedy, `chmod 600 ${join(projectRoot, "prod.env")}`);
    });
  }

  it("refuses what is not there: the variable, the file, the line", async () => {
    assert.match((await refusal(source({ env: "UNSET" }))).problem, /`UNSET` is not set/);
    assert.match((await refusal(source({ file: "missing.env" }))).problem, /is not there/);
    assert.match((await refusal(await file(`OTHER=${value}\n`))).problem, /no line `<name>=…` for it\.$/);
  });

  it("refuses a malformed file by line, quoted values and repeated names included", async () => {
    assert.match((await refusal(await file(`TOKEN ${value}\n`))).problem, /Line 1 is not/);
    assert.match((await refusal(await file(`A=1\nTOKEN="${value}"\n`))).problem, /Line 2 puts the value of `TOKEN` in quotes/);
    assert.match((await refusal(await file(`TOKEN=${value}\nTOKEN=${value}\n`))).problem, /Line 2 sets `TOKEN` a second time/);
  });

  const bad: readonly [string, string, RegExp][] = [
    ["empty", "", /is empty/],
    ["of spaces only", "  ", /is empty/],
    ["with a line break", `${value}\n${value}`, /holds a line break/],
    ["with a carriage return", `${value}\r`, /holds a line break/],
    ["with a NUL", `${value}\0`, /holds a NUL/],
  ];
  for (const [what, text, problem] of bad) {
    it(`refuses a value ${what}`, async () => {
      assert.match((await refusal(source({ command: ["any"] }), async () => ({ code: 0, stdout: text }))).problem, problem);
    });
  }

  it("names where an empty value is to be put right: the variable, the file's line, the command", async () => {
    const path = await file("TOKEN=\n");
    const remedies = [source({ env: "EMPTY" }), path, source({ command: ["op", "read", "a b"] })].map(async (from) => {
      const asked = resolveSecrets(
        { TOKEN: from },
        { env: { EMPTY: "" }, projectRoot, run: async () => ({ code: 0, stdout: "" }) },
      );
      const error = await asked.then(
        () => assert.fail("An empty value was taken."),
        (thrown: SecretsUnresolved) => thrown,
      );
      return error.faults[0]?.remedy;
    });
    assert.deepEqual(await Promise.all(remedies), [
      "read -rs EMPTY && export EMPTY",
      `\${EDITOR:-vi} ${join(projectRoot, "prod.env")} # the line \`TOKEN=…\``,
      "op read 'a b'",
    ]);
  });

  it("refuses a command that fails, without repeating what it wrote", async () => {
    const fault = await refusal(source({ command: ["sh", "-c", "echo $TEXT; echo $TEXT >&2; exit 3"] }));
    assert.match(fault.problem, /exit code 3; 0 is wanted/);
    assert.equal(fault.remedy, "sh -c 'echo $TEXT; echo $TEXT >&2; exit 3'");
  });

  it("refuses a command that is not there or is killed", async () => {
    assert.match((await refusal(source({ command: ["phillbot-no-such-program"] }))).problem, /could not be run/);
    assert.match((await refusal(source({ command: ["sh", "-c", "kill -9 $$"] }))).problem, /exit code none/);
  });

  it("keeps the other secrets and what opens the state from a command, and leaves it the rest, a cloud's credentials included", async () => {
    const opens = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG"];
    const names = ["OTHER", ...opens, "PULUMI_BACKEND_URL", "PHILLBOT_SECRETS_SOCKET", "OP_SESSION", "AWS_PROFILE"];
    const env = { ...Object.fromEntries(names.map((name) => [name, "kept"])), OTHER: value, PATH: process.env.PATH };
    const command = ["sh", "-c", `echo "${names.map((name) => `\${${name}-none}`).join(" ")}"`];
    const secrets = await resolveSecrets({ A: source({ env: "OTHER" }), TOKEN: source({ command }) }, { env, projectRoot });
    assert.equal(secrets.get("TOKEN")?.reveal(), `${"none ".repeat(7)}kept kept`);
  });

  it("keeps them from a command also where only its own secret is asked for, and fetches no other", async () => {
    const secrets = { A: source({ env: "OTHER" }), TOKEN: source({ command: ["sh", "-c", `echo "\${OTHER-none}"`] }) };
    const env = { OTHER: value, PATH: process.env.PATH };
    const found = await availableSecrets(secrets, { env, projectRoot, only: "TOKEN" });
    assert.deepEqual(
      [...found].map(([name, secret]) => [name, secret.reveal()]),
      [["TOKEN", "none"]],
    );
  });

  it("tells a problem once, whoever has it", async () => {
    const secrets = { A: source({ file: "missing.env" }), B: source({ file: "missing.env" }) };
    const made = join(projectRoot, "missing.env");
    await assert.rejects(resolveSecrets(secrets, { env: {}, projectRoot }), {
      message: `2 of the secrets cannot be fetched:\n  \`A\`, \`B\`: \`missing.env\` is not there.\n      install -D -m 600 /dev/null ${made} && \${EDITOR:-vi} ${made} # a line \`<name>=…\` for each`,
    });
    await file("# nothing yet\n");
    const lines = { A: source({ file: "prod.env" }), B: source({ file: "prod.env" }) };
    await assert.rejects(resolveSecrets(lines, { env: {}, projectRoot }), {
      message: `2 of the secrets cannot be fetched:\n  \`A\`, \`B\`: \`prod.env\` has no line \`<name>=…\` for it.\n      \${EDITOR:-vi} ${join(projectRoot, "prod.env")} # add the lines`,
    });
  });

  it("makes no empty file of a name that may be a slip: it says what lies beside it, and where the name stands", async () => {
    await file(`TOKEN=${value}\n`);
    const absent = await refusal(source({ file: "prdo.env" }));
    assert.equal(absent.problem, "`prdo.env` is not there; beside it lies `prod.env`.");
    assertPasteable(absent.remedy ?? "");
    assert.match(absent.remedy ?? "", /^grep -nF -- prdo\.env Pulumi\.\*\.yaml # /);
    await writeFile(join(projectRoot, "prdo.env"), "", { mode: 0o600 });
    const empty = await refusal(source({ file: "prdo.env" }));
    assert.match(empty.problem, /for it; beside it lies `prod\.env`\.$/);
    assertPasteable(empty.remedy ?? "");
  });

  it("names every secret that cannot be fetched, not only the first", async () => {
    const secrets = { A: source({ env: "UNSET_A" }), B: source({ env: "SET" }), C: source({ file: "missing.env" }) };
    await assert.rejects(resolveSecrets(secrets, { env: { SET: value }, projectRoot }), (error: unknown) => {
      assert.ok(error instanceof SecretsUnresolved);
      assert.deepEqual(
        error.faults.map(({ name }) => name),
        ["A", "C"],
      );
      return true;
    });
  });
});

describe("secretEnvNames", () => {
  it("names the variables that hold values, each once", () => {
    const secrets = {
      A: source({ env: "X" }),
      B: source({ env: "X" }),
      C: source({ file: "f" }),
      D: source({ command: ["op"] }),
    };
    assert.deepEqual(secretEnvNames(secrets), ["X"]);
  });
});
