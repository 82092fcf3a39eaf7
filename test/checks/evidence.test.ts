/** The evidence says the same in every format, is private, and holds no secret and no markup of its texts. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHtml } from "../../checks/evidence/html.ts";
import { toJson } from "../../checks/evidence/json.ts";
import { toJunit } from "../../checks/evidence/junit.ts";
import { toMarkdown } from "../../checks/evidence/markdown.ts";
import { inSeconds, type Report, reportSchema, rowsOf } from "../../checks/evidence/report.ts";
import { toSarif } from "../../checks/evidence/sarif.ts";
import { EvidenceIncomplete, latestPointer, writeEvidence } from "../../checks/evidence/write.ts";
import { schemaFiles } from "../../checks/schemas.ts";
import { sampleReport } from "./evidenceSample.ts";

const asIs = (text: string) => text;
const count = (text: string, part: string) => text.split(part).length - 1;

describe("rowsOf", () => {
  it("shows a failure with every item waived as waived, and what never ran as absent", () => {
    const report = sampleReport();
    const checks = report.checks.filter(({ id }) => id !== "memory");
    const blockedBy = [...report.verdict.blockedBy, { check: "memory", reason: "It did not run." }];
    const rows = rowsOf({ ...report, checks, verdict: { ...report.verdict, blockedBy } });
    const standings = Object.fromEntries(rows.map(({ id, standing }) => [id, standing]));
    assert.equal(standings.exposure, "waived");
    assert.equal(standings.telegram, "fail");
    assert.equal(standings.schema, "error");
    assert.equal(standings.memory, "absent");
    assert.equal(rows.length, report.checks.length);
  });

  it("shows a pass that blocks, such as a stale one, as no pass", () => {
    const report = sampleReport(false);
    const verdict = { ...report.verdict, outcome: "blocked" as const, blockedBy: [{ check: "memory", reason: "It is stale." }] };
    assert.equal(rowsOf({ ...report, verdict }).find(({ id }) => id === "memory")?.standing, "error");
  });
});

describe("toJson", () => {
  it("gives the report back, and the report is what the published schema describes", () => {
    const report = sampleReport();
    assert.deepEqual(JSON.parse(toJson(report)), report);
    assert.deepEqual(reportSchema.parse(JSON.parse(toJson(report))), report);
  });
});

describe("toJunit", () => {
  it("counts every check once, as what it is", () => {
    const text = toJunit(sampleReport());
    assert.match(text, /<testsuites tests="10" failures="2" errors="1" skipped="1" time="30.420">/);
    assert.equal(count(text, "<testcase "), 10);
    assert.equal(count(text, "<failure "), 2);
    assert.equal(count(text, "<skipped "), 1);
  });

  it("escapes what XML would read as its own, and replaces what XML cannot hold", () => {
    const report = sampleReport();
    const [first, ...rest] = report.verdict.blockedBy;
    assert.ok(first);
    const blockedBy = [{ ...first, reason: 'a < b & "c" \u0000\u001b[31m ]]>' }, ...rest];
    const text = toJunit({ ...report, verdict: { ...report.verdict, blockedBy } });
    assert.ok(text.includes('message="a &lt; b &amp; &quot;c&quot; \ufffd\ufffd[31m ]]&gt;"'));
  });
});

describe("toSarif", () => {
  const runOf = (report: Report) => JSON.parse(toSarif(report)).runs[0];

  it("places each exposure, with its fingerprint and the waiver that suppresses it", () => {
    const [result] = runOf(sampleReport()).results;
    assert.deepEqual(result.partialFingerprints, { "phillbot/v1": "9f2c41d07ab3" });
    assert.deepEqual(result.locations[0].physicalLocation, {
      artifactLocation: { uri: "Documentation/handoff.md" },
      region: { startLine: 12 },
    });
    assert.match(result.suppressions[0].justification, /ada, until 2026-12-31/);
  });

  it("names a place that is no file, such as a log, without inventing a path", () => {
    const report = sampleReport();
    const items = [{ id: "f1", summary: "A key.", location: "the gateway's log: line 12", waivable: true }];
    const checks = report.checks.map((check) => (check.id === "exposure" ? { ...check, items } : check));
    const [result] = runOf({ ...report, checks }).results;
    assert.deepEqual(result.locations, [{ logicalLocations: [{ fullyQualifiedName: "the gateway's log: line 12" }] }]);
    assert.equal(result.suppressions, undefined);
  });

  it("does not read as a clean scan when the scan did not end", () => {
    const report = sampleReport();
    const without = runOf({ ...report, checks: report.checks.filter(({ id }) => id !== "exposure") });
    const broken = runOf({ ...report, checks: report.checks.map((check) => ({ ...check, status: "error" as const })) });
    assert.equal(runOf(report).invocations[0].executionSuccessful, true);
    for (const run of [without, broken]) assert.equal(run.invocations[0].executionSuccessful, false);
  });
});

describe("the evidence of a rehearsal", () => {
  const standIn = "memory.url (http://localhost:54321)";
  const formats = { json: toJson, junit: toJunit, sarif: toSarif, markdown: toMarkdown, html: toHtml };
  for (const [name, project] of Object.entries(formats)) {
    it(`says so and names what was played, as ${name}, and reads nowhere as a release`, () => {
      const open = project(sampleReport(false, [standIn]));
      const plain = open.replaceAll("\u200b", "");
      assert.match(plain, name === "json" ? /"rehearsal": true/ : /rehearsed/i);
      assert.ok(plain.includes("memory.url") && plain.includes("//localhost:54321"), plain.slice(0, 800));
      assert.doesNotMatch(plain, /gate is open|lets this release through|value="open"|<title>Open|"outcome": "open",\s*"commit"/);
      assert.match(project(sampleReport(true, [standIn])), name === "json" ? /"rehearsal": true/ : /rehearsed/i);
      assert.doesNotMatch(project(sampleReport(false)).replace(/<style>.*<\/style>/s, ""), /rehearsed/i);
    });
  }
});

describe("the evidence of what nobody signed, where it must be signed", () => {
  const unsigned = {
    kind: "unsigned",
    reasons: ["The release `1.2.0` is not on record."],
    remedy: "npx deck release cut",
  } as const;
  const formats = { json: toJson, junit: toJunit, sarif: toSarif, markdown: toMarkdown, html: toHtml };
  for (const [name, project] of Object.entries(formats)) {
    it(`reads nowhere as a release, as ${name}, and what is signed does`, () => {
      const text = project(sampleReport(false, undefined, unsigned)).replaceAll("\u200b", "");
      assert.match(text, name === "json" ? /"kind": "unsigned"/ : /not released: nobody signed this for this stack/);
      assert.doesNotMatch(
        text,
        /lets this release through|gate is open$|[✓✅] (Open|The)|value="open"|class="open"|"outcome": "open",\s*"commit"/m,
      );
      if (name === "html" || name === "markdown") assert.ok(text.includes("is not on record.") && text.includes(unsigned.remedy));
      const signed = project(sampleReport(false, undefined, { kind: "signed", signer: "bo" }));
      assert.doesNotMatch(signed, /not released|could not be told/);
      const { signOff: _, ...silent } = sampleReport(false);
      if (name !== "json") assert.match(project(silent), /whether this is signed could not be told/);
      const rehearsed = project(sampleReport(false, ["memory.url (http://localhost:1)"], unsigned));
      assert.match(rehearsed, name === "json" ? /"rehearsal": true/ : /rehearsed/i);
      assert.doesNotMatch(rehearsed, /gate is open|lets this release through/);
    });
  }
});

describe("toMarkdown", () => {
  it("opens with the verdict, then each blocker with its command", () => {
    const lines = toMarkdown(sampleReport()).split("\n");
    assert.equal(lines[0], "## ⛔ The release gate is blocked by 3 checks");
    assert.ok(lines.includes("  ssh claw@phill docker ps --filter name=openclaw"));
    assert.equal(toMarkdown(sampleReport(false)).split("\n")[0], "## ✅ The release gate is open");
  });

  it("lets no text become a cell, a tag, a mention, a link or the end of a code block", () => {
    const report = sampleReport();
    const [first] = report.verdict.blockedBy;
    assert.ok(first);
    const hostile = "a | b <img src=x> @someone [x](https://evil.example) \n# head";
    const blockedBy = [{ ...first, reason: hostile, remedy: "echo\n```\n# head" }];
    const checks = report.checks.map((check) => ({ ...check, summary: hostile }));
    const text = toMarkdown({ ...report, checks, verdict: { ...report.verdict, blockedBy } });
    assert.doesNotMatch(text, /<img|@someone|\[x\]\(|^# head|https:\/\/evil|^\s*```$\n# head/m);
    for (const line of text.split("\n").filter((each) => each.startsWith("| "))) {
      assert.equal(line.replaceAll("\\|", "").split("|").length, 6, line);
    }
  });
});

describe("toHtml", () => {
  it("shows first what blocks, with the command to type, and every check once on the timeline", () => {
    const text = toHtml(sampleReport());
    assert.match(text, /<h1>✕ Blocked by 3 of 10 checks<\/h1>/);
    assert.equal(count(text, '<pre class="type">'), 3);
    assert.ok(text.indexOf("ssh claw@phill docker ps") < text.indexOf('class="rows"'));
    assert.equal(count(text, "<rect "), 10);
  });

  it("asks for nothing to type when the gate is open", () => {
    const text = toHtml(sampleReport(false));
    assert.match(text, /<h1>✓ Open/);
    assert.equal(count(text, '<pre class="type">'), 0);
  });

  it("fetches nothing and runs nothing", () => {
    const text = toHtml(sampleReport());
    assert.match(text, /default-src 'none'/);
    assert.doesNotMatch(text, /<script|<link|<img|<iframe|@import|url\(|\son\w+=|\sstyle=|src=/i);
  });

  it("escapes every text of the report", () => {
    const mark = `"'><b>&`;
    const soil = (value: unknown): unknown => {
      if (typeof value === "string") return `${value}${mark}`;
      if (Array.isArray(value)) return value.map(soil);
      if (value === null || typeof value !== "object") return value;
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, key === "startedAt" ? member : soil(member)]));
    };
    const report = sampleReport();
    const soiled = soil(report) as Report;
    const text = toHtml({ ...soiled, checks: soiled.checks.map((check) => ({ ...check, status: "fail" as const })) });
    assert.ok(text.includes("&#39;&gt;&lt;b&gt;&amp;"));
    assert.ok(!text.includes(`>${mark}`) && !text.includes(mark) && !text.includes("'><b>"));
  });
});

describe("writeEvidence", () => {
  let folder = "";
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), "phillbot-evidence-")), "prod");
  });
  afterEach(() => rm(join(folder, ".."), { recursive: true }));

  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

  it("writes every format for its owner's eyes only, under any umask, and points at the run", async () => {
    const before = process.umask(0);
    try {
      const paths = await writeEvidence(sampleReport(), folder, asIs);
      assert.equal(await modeOf(folder), "700");
      assert.equal(await modeOf(paths.folder), "700");
      const names = (await readdir(paths.folder)).sort();
      assert.deepEqual(names, ["exposures.sarif", "index.html", "junit.xml", "report.json", "summary.md"]);
      for (const name of names) assert.equal(await modeOf(join(paths.folder, name)), "600");
      assert.equal(await readFile(join(folder, latestPointer), "utf8"), "2026-03-10T02-14-07.120Z\n");
      assert.equal(paths.folder, join(folder, "2026-03-10T02-14-07.120Z"));
    } finally {
      process.umask(before);
    }
  });

  it("gives two runs of one instant two folders, and points at the later", async () => {
    const paths = [await writeEvidence(sampleReport(), folder, asIs), await writeEvidence(sampleReport(), folder, asIs)];
    assert.equal(new Set(paths.map((each) => each.folder)).size, 2);
    assert.equal(await readFile(join(folder, latestPointer), "utf8"), "2026-03-10T02-14-07.120Z-2\n");
  });

  it("holds a secret in no format, wherever in the report it stood", async () => {
    const secret = randomBytes(24).toString("base64url");
    const report = sampleReport();
    const planted = {
      ...report,
      titles: { telegram: secret },
      checks: report.checks.map((check) => ({
        ...check,
        summary: `It is ${secret}.`,
        remedy: `type ${secret}`,
        measured: { [secret]: { deep: [secret] } },
        items: [{ id: secret, summary: secret, location: `${secret}:1`, waivable: true }],
      })),
      verdict: { ...report.verdict, blockedBy: report.verdict.blockedBy.map((blocker) => ({ ...blocker, reason: secret })) },
    };
    const paths = await writeEvidence(planted, folder, (text) => text.replaceAll(secret, "[redacted]"));
    for (const name of await readdir(paths.folder)) {
      const text = await readFile(join(paths.folder, name), "utf8");
      assert.ok(!text.includes(secret), name);
      assert.ok(text.includes("[redacted]") || text.includes("\\[redacted\\]"), name);
    }
  });

  it("tries every format, and names the one that could not be written", async () => {
    const report = sampleReport();
    // Only the two formats that shorten the commit's name trip over one that is no text.
    const broken = { ...report, commit: { sha: 7 as unknown as string, dirty: false } };
    await assert.rejects(writeEvidence(broken, folder, asIs), (error: unknown) => {
      assert.ok(error instanceof EvidenceIncomplete);
      assert.deepEqual(error.failures.map(({ message }) => message.split(":")[0]).sort(), ["index.html", "summary.md"]);
      return true;
    });
    const [run] = (await readdir(folder)).filter((name) => name !== latestPointer);
    assert.deepEqual((await readdir(join(folder, run ?? ""))).sort(), ["exposures.sarif", "junit.xml", "report.json"]);
  });
});

describe("the published schemas", () => {
  for (const [name, text] of schemaFiles()) {
    it(`${name} is what the code says now (else: node checks/schemas.ts)`, async () => {
      assert.equal(await readFile(new URL(`../../operations/schemas/${name}`, import.meta.url), "utf8"), text);
    });
  }
});

describe("inSeconds", () => {
  it("keeps tenths below a minute, and no impossible seconds above", () => {
    assert.deepEqual([0, 440, 59_949, 59_960, 119_999, 125_000].map(inSeconds), [
      "0.0 s",
      "0.4 s",
      "59.9 s",
      "1 min 0 s",
      "2 min 0 s",
      "2 min 5 s",
    ]);
  });
});
