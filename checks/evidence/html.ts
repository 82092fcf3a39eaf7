/** The evidence as one self-contained page: what blocks and what to type first, then every check on a timeline. */

import { createHash } from "node:crypto";
import type { CheckItem } from "../../model/check.ts";
import type { Waiver } from "../../model/gate.ts";
import { outcomeWords, rehearsalNote, unsignedNote, unsignedOf } from "../../model/rehearsal.ts";
import { type CheckRow, inSeconds, type Report, rowsOf } from "./report.ts";
import { style } from "./style.ts";

const words: Readonly<Record<CheckRow["standing"], string>> = {
  pass: "pass",
  waived: "waived",
  shown: "shown, blocks no rollback",
  fail: "fail",
  inconclusive: "could not tell",
  error: "could not measure",
  absent: "did not run",
};
/** What a person can act on first stands first. */
const urgency: readonly CheckRow["standing"][] = ["fail", "error", "inconclusive", "absent", "shown", "waived", "pass"];
const mostItems = 12;

export function toHtml(report: Report): string {
  const rows = rowsOf(report);
  const blocking = rows
    .filter(({ reason }) => reason !== undefined)
    .toSorted((a, b) => urgency.indexOf(a.standing) - urgency.indexOf(b.standing));
  const styleHash = createHash("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`;
  const unsigned = unsignedCard(report);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(titled(outcomeWords(report)))}: release gate of ${escapeHtml(report.stack)}</title>
<style>${style}</style>
</head>
<body>
${header(report, rows, blocking)}
<main>
${blocking.length === 0 ? "" : `<h2>What blocks, and what to type next</h2>\n${blocking.map(card).join("\n")}`}
${unsigned === "" ? "" : `<h2>Why this is not released${blocking.length === 0 ? "" : ", besides"}</h2>\n${unsigned}`}
<h2>${rows.length} checks, side by side</h2>
${timeline(report, rows)}
${waivers(report)}
${footer(report)}
</main>
</body>
</html>
`;
}

function header(report: Report, rows: readonly CheckRow[], blocking: readonly CheckRow[]): string {
  const isOpen = report.verdict.outcome === "open";
  const passed = rows.filter(({ standing }) => standing === "pass" || standing === "waived").length;
  const { rehearsal, rollbackTo } = report.verdict;
  const unsigned = unsignedNote(report.signOff);
  const released =
    unsigned === undefined ? "Open: the gate lets this release through" : `The gate is open; not released: ${unsigned}`;
  const opened = rehearsal ? "Rehearsed, not released: the gate would be open" : released;
  const judged = isOpen
    ? opened
    : `${rehearsal ? "Rehearsed: blocked" : "Blocked"} by ${blocking.length} of ${rows.length} checks`;
  const title = rollbackTo === undefined ? judged : escapeHtml(titled(outcomeWords(report)));
  const note = rehearsalNote(report.verdict);
  const waived = report.verdict.waived.length;
  const facts = [
    `<strong>${escapeHtml(report.stack)}</strong> on ${escapeHtml(report.host)}`,
    escapeHtml(clockTime(report.startedAt)),
    `${passed} of ${rows.length} passed${waived === 0 ? "" : `, ${waived} ${waived === 1 ? "item" : "items"} waived`}`,
    inSeconds(report.durationMs),
  ];
  const links = blocking.map(({ id }) => `<a href="#blocks-${escapeHtml(id)}">${escapeHtml(id)}</a>`).join("");
  const tone = rehearsal || rollbackTo !== undefined ? "rehearsed" : unsigned === undefined ? "open" : "unsigned";
  return `<header class="${isOpen ? tone : "blocked"}"><div>
<h1>${!isOpen ? "✕" : tone === "unsigned" ? "!" : "✓"} ${title}</h1>
<p>${facts.join(" · ")}</p>
${note === undefined ? "" : `<p>${prose(note)}</p>`}
${links === "" ? "" : `<nav>${links}</nav>`}
</div></header>`;
}

function card({ id, standing, reason, result, remedy }: CheckRow): string {
  return `<article class="${standing}" id="blocks-${escapeHtml(id)}">
<h3>${escapeHtml(id)} <span class="chip">${words[standing]}</span></h3>
<p>${prose(reason ?? "")}</p>
${itemList(result?.items ?? [])}
${remedy === undefined ? "" : `<div class="label">Type next</div>\n<pre class="type">${escapeHtml(remedy)}</pre>`}
</article>`;
}

function unsignedCard({ signOff }: Report): string {
  const unsigned = unsignedOf(signOff);
  if (unsigned === undefined) return "";
  const { note, reasons, remedy } = unsigned;
  return `<article class="absent">
<h3>sign-off <span class="chip">${signOff?.kind === "unsigned" ? "not signed" : "could not tell"}</span></h3>
<p>${prose(titled(note))}.</p>
${reasons.length === 0 ? "" : `<ul>${reasons.map((reason) => `<li>${prose(reason)}</li>`).join("")}</ul>`}
<div class="label">Type next</div>\n<pre class="type">${escapeHtml(remedy)}</pre>
</article>`;
}

function itemList(items: readonly CheckItem[]): string {
  if (items.length === 0) return "";
  const shown = items.slice(0, mostItems).map(({ id, summary, location }) => {
    const place = location === undefined ? "" : ` <span class="soft">${escapeHtml(location)}</span>`;
    return `<li><code>${escapeHtml(id)}</code> ${prose(summary)}${place}</li>`;
  });
  const rest = items.length - shown.length;
  return `<ul>${shown.join("")}${rest > 0 ? `<li>and ${rest} more, in report.json</li>` : ""}</ul>`;
}

/** Every check as a bar from its start to its end, on the run's own axis. */
function timeline(report: Report, rows: readonly CheckRow[]): string {
  const from = Date.parse(report.startedAt);
  const ends = rows.map(({ result }) => (result === undefined ? 0 : Date.parse(result.startedAt) - from + result.durationMs));
  const total = Math.max(1, report.durationMs, ...ends.filter(Number.isFinite));
  const axis = [0, 0.25, 0.5, 0.75, 1].map((part) => `<span>${inSeconds(total * part)}</span>`).join("");
  const head = `<div class="axis"><span></span><span></span><span class="track">${axis}</span><span></span></div>`;
  return `<div class="rows">\n${head}\n${rows.map((row) => timelineRow(row, from, total)).join("\n")}\n</div>`;
}

function timelineRow({ id, title, standing, result, reason }: CheckRow, from: number, total: number): string {
  const offset = result === undefined ? 0 : Date.parse(result.startedAt) - from;
  const percent = (milliseconds: number) => Math.min(100, Math.max(0, (milliseconds / total) * 100)) || 0;
  // An SVG, because its geometry is not style: the page's policy then needs no inline styles.
  const bar =
    result === undefined
      ? ""
      : `<svg class="bar" width="100%" height="100%" aria-hidden="true"><rect x="${percent(offset).toFixed(2)}%" width="${Math.max(0.4, percent(result.durationMs)).toFixed(2)}%" height="100%" rx="3"/></svg>`;
  const time = result === undefined ? "" : inSeconds(result.durationMs);
  return `<details class="${standing}"><summary class="row"><b>${escapeHtml(id)}</b><span><span class="chip">${words[standing]}</span></span><span class="track">${bar}</span><span class="time">${time}</span></summary>
<div class="detail"><p>${prose(result?.summary ?? reason ?? "")}</p><p class="soft">Passes if: ${prose(title)}</p>${itemList(result?.items ?? [])}${measuredList(result?.measured ?? {})}</div></details>`;
}

function measuredList(measured: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(measured).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value, null, typeof value === "object" ? 2 : 0);
    return `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text ?? "")}</dd>`;
  });
  return entries.length === 0 ? "" : `<dl>${entries.join("")}</dl>`;
}

function waivers({ verdict }: Report): string {
  const list = (title: string, all: readonly Waiver[]) =>
    all.map(
      ({ check, item, reason, owner, until }) =>
        `<li><strong>${title}</strong>: <code>${escapeHtml(item)}</code> of ${escapeHtml(check)}, until ${escapeHtml(until)}, by ${escapeHtml(owner)}: ${prose(reason)}</li>`,
    );
  const lines = [
    ...list("Waived", verdict.waived),
    ...list("Void, its date has passed", verdict.expired),
    ...list("Not needed any more", verdict.unused),
  ];
  return lines.length === 0 ? "" : `<h2>Waivers</h2>\n<ul>${lines.join("\n")}</ul>`;
}

function footer({ verdict, commit, image, toolVersion, trigger }: Report): string {
  const tree =
    commit === undefined
      ? "no commit"
      : `commit <code>${escapeHtml(commit.sha.slice(0, 12))}</code>${commit.dirty ? " with uncommitted changes" : ""}`;
  return `<footer>
<p>Judged at ${escapeHtml(clockTime(verdict.effectiveAt))} by policy <code>${escapeHtml(verdict.policyDigest.slice(0, 12))}</code>, phillbot ${escapeHtml(toolVersion)}, from <code>${trigger === "up" ? "up" : "deck gate"}</code>, ${tree}.</p>
<p>Gateway image <code>${escapeHtml(image)}</code>.</p>
</footer>`;
}

function titled(words: string): string {
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}

function clockTime(iso: string): string {
  return iso.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
}

/** A sentence: its code spans become code. */
function prose(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
