/** The evidence as Markdown for a pull request: the verdict, what blocks it and what to type, then every check. */

import { rehearsalNote, unsignedOf, verdictSentence } from "../../model/rehearsal.ts";
import { inSeconds, type Report, rowsOf } from "./report.ts";

const marks = {
  pass: "✅ pass",
  waived: "☑️ waived",
  shown: "ℹ️ shown, blocks no rollback",
  fail: "❌ fail",
  inconclusive: "❔ could not tell",
  error: "⚠️ error",
  absent: "⚠️ did not run",
};

export function toMarkdown(report: Report): string {
  const rows = rowsOf(report);
  const blocking = rows.filter(({ reason }) => reason !== undefined);
  const blocked = report.verdict.outcome !== "open";
  const note = rehearsalNote(report.verdict);
  const unsigned = unsignedOf(report.signOff);
  const { rollbackTo } = report.verdict;
  const head =
    rollbackTo !== undefined
      ? `## ${blocked ? "⛔" : "↩️"} ${escapeText(verdictSentence(report))}`
      : blocked
        ? `## ⛔ ${note === undefined ? "The" : "Rehearsed: the"} release gate is blocked by ${blocking.length} ${blocking.length === 1 ? "check" : "checks"}`
        : note === undefined
          ? unsigned === undefined
            ? `## ✅ The release gate is open`
            : `## ⚠️ The gate is open; not released: ${unsigned.note}`
          : `## 🎭 Rehearsed, not released: the gate would be open`;
  return [
    head,
    "",
    ...(note === undefined ? [] : [cell(note), ""]),
    `Stack ${code(report.stack)} on ${escapeText(report.host)}, ${report.startedAt}, ${inSeconds(report.durationMs)}, ${commitText(report)}.`,
    "",
    ...blocking.flatMap(({ id, reason, remedy }) => [
      `- **${escapeText(id)}**: ${cell(reason ?? "")}`,
      ...(remedy === undefined ? [] : toType(remedy)),
    ]),
    ...(blocking.length > 0 ? [""] : []),
    ...unsignedLines(unsigned),
    "| check | result | time | what was measured |",
    "|---|---|---|---|",
    ...rows.map(({ id, standing, result, reason }) => {
      const time = result === undefined ? "" : inSeconds(result.durationMs);
      return `| ${cell(id)} | ${marks[standing]} | ${time} | ${cell(result?.summary ?? reason ?? "")} |`;
    }),
    "",
    ...waiverLines(report),
    `<sub>Judged by policy ${code(report.verdict.policyDigest.slice(0, 12))} at ${report.verdict.effectiveAt}, phillbot ${escapeText(report.toolVersion)}.</sub>`,
    "",
  ].join("\n");
}

function unsignedLines(unsigned: ReturnType<typeof unsignedOf>): string[] {
  if (unsigned === undefined) return [];
  return [`- **sign-off**: ${unsigned.note}. ${unsigned.reasons.map(cell).join(" ")}`, ...toType(unsigned.remedy)];
}

/** A block below a list's item, out of which nothing breaks. */
function toType(remedy: string): string[] {
  const lines = remedy.replaceAll("```", "'''").split("\n");
  return ["", "  ```sh", ...lines.map((line) => `  ${line}`), "  ```", ""];
}

function waiverLines({ verdict }: Report): string[] {
  const lists = [
    ["Waived", verdict.waived],
    ["Void, because its date has passed", verdict.expired],
    ["Not needed any more", verdict.unused],
  ] as const;
  const lines = lists.flatMap(([title, waivers]) =>
    waivers.map(({ check, item, reason, owner, until }) => {
      return `- ${title}: ${code(item)} of ${escapeText(check)}, until ${escapeText(until)}, by ${escapeText(owner)}: ${escapeText(reason)}`;
    }),
  );
  return lines.length === 0 ? [] : [...lines, ""];
}

function commitText({ commit }: Report): string {
  if (commit === undefined) return "no commit";
  return `commit ${code(commit.sha.slice(0, 12))}${commit.dirty ? " with uncommitted changes" : ""}`;
}

/** Nothing in a text may become markup, a link, a mention or a reference. */
function escapeText(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/([\\*_{}[\]()#+!|~])/g, "\\$1")
    .replaceAll(/@(?=\w)/g, "@\u200b")
    .replaceAll("://", ":\u200b//");
}

/** Code spans stay as they are, so that a summary's own backticks keep working. */
export function cell(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (/^`[^`]*`$/.test(part) ? part.replaceAll(/\s+/g, " ").replaceAll("|", "\\|") : escapeText(part)))
    .join("");
}

export function code(text: string): string {
  return `\`${text.replaceAll("`", "'").replaceAll(/\s+/g, " ")}\``;
}
