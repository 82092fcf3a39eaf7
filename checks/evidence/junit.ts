/** The evidence as JUnit XML: a test case a check, so that any CI shows what blocked. */

import { outcomeWords } from "../../model/rehearsal.ts";
import { type CheckRow, type Report, rowsOf } from "./report.ts";

export function toJunit(report: Report): string {
  const rows = rowsOf(report);
  const failures = rows.filter(({ standing }) => standing === "fail").length;
  const errors = rows.filter(({ standing }) => ["error", "inconclusive", "absent"].includes(standing)).length;
  const skipped = rows.filter(({ standing }) => standing === "waived").length;
  const counts = attributes({ tests: rows.length, failures, errors, skipped, time: seconds(report.durationMs) });
  const suite = attributes({
    name: `phillbot gate${report.verdict.rehearsal ? ", rehearsed" : ""}, stack ${report.stack}`,
    timestamp: report.startedAt.replace(/\.\d+Z$/, ""),
  });
  const properties = {
    outcome: outcomeWords(report),
    ...(report.verdict.rehearsal && { rehearsal: "true", standIns: report.verdict.standIns.join(", ") }),
    signOff: report.signOff?.kind ?? "unknown",
    policyDigest: report.verdict.policyDigest,
    toolVersion: report.toolVersion,
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${counts}>`,
    `  <testsuite${suite}${counts}>`,
    "    <properties>",
    ...Object.entries(properties).map(([name, value]) => `      <property${attributes({ name, value })}/>`),
    "    </properties>",
    ...rows.map((row) => testCase(row)),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase(row: CheckRow): string {
  const name = attributes({ classname: "phillbot.gate", name: row.id, time: seconds(row.result?.durationMs ?? 0) });
  const outcome = outcomeOf(row);
  return outcome === "" ? `    <testcase${name}/>` : `    <testcase${name}>\n      ${outcome}\n    </testcase>`;
}

function outcomeOf(row: CheckRow): string {
  const message = row.reason ?? row.result?.summary ?? "";
  const details = [
    row.remedy,
    ...(row.result?.items ?? []).map(({ id, summary, location }) => `${id}: ${summary} ${location ?? ""}`.trim()),
  ];
  const text = escapeXml(details.filter((line) => line !== undefined).join("\n"));
  switch (row.standing) {
    case "pass":
      return "";
    case "waived":
      return `<skipped${attributes({ message: `Waived: ${message}` })}/>`;
    case "shown":
      return `<skipped${attributes({ message: `Shown, blocks no rollback: ${message}` })}/>`;
    case "fail":
      return `<failure${attributes({ type: "fail", message })}>${text}</failure>`;
    case "inconclusive":
    case "error":
    case "absent":
      return `<error${attributes({ type: row.standing, message })}>${text}</error>`;
  }
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value)).replaceAll("\n", "&#10;")}"`)
    .join("");
}

/** XML 1.0 has no way to write most control characters, so they are replaced. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
