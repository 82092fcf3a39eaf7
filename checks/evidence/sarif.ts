/** The exposures of a run as SARIF 2.1.0, so that a code host shows each one where it stands. */

import type { CheckItem } from "../../model/check.ts";
import type { Waiver } from "../../model/gate.ts";
import { outcomeWords } from "../../model/rehearsal.ts";
import type { Report } from "./report.ts";

const ruleId = "exposure";

export function toSarif(report: Report): string {
  const check = report.checks.find(({ id }) => id === ruleId);
  const ran = check !== undefined && (check.status === "pass" || check.status === "fail");
  const run = {
    tool: {
      driver: {
        name: "phillbot",
        version: report.toolVersion,
        rules: [
          {
            id: ruleId,
            shortDescription: { text: "A secret stands where it can be read." },
            help: { text: "Remove it; what was published must be rotated as well, and the rotation recorded." },
            defaultConfiguration: { level: "error" },
          },
        ],
      },
    },
    // Without this an empty list of results would read as: nothing is exposed.
    invocations: [{ executionSuccessful: ran, ...(!ran && { exitCodeDescription: check?.summary ?? "The check did not run." }) }],
    properties: {
      outcome: outcomeWords(report),
      ...(report.verdict.rehearsal && { rehearsal: true, standIns: report.verdict.standIns }),
      ...(report.commit !== undefined && { commit: report.commit }),
    },
    results: (check?.items ?? []).map((item) => resultOf(item, report.verdict.waived)),
  };
  return `${JSON.stringify({ $schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] }, null, 2)}\n`;
}

function resultOf(item: CheckItem, waived: readonly Waiver[]) {
  const waiver = waived.find(({ check, item: id }) => check === ruleId && id === item.id);
  return {
    ruleId,
    ruleIndex: 0,
    level: "error",
    message: { text: item.summary },
    locations: item.location === undefined ? [] : [locationOf(item.location)],
    partialFingerprints: { "phillbot/v1": item.id },
    ...(waiver !== undefined && {
      suppressions: [
        { kind: "external", status: "accepted", justification: `${waiver.reason} (${waiver.owner}, until ${waiver.until})` },
      ],
    }),
  };
}

/** `Documentation/handoff.md:12` is a place in the tree; anything else, such as a container's log, has a name only. */
function locationOf(location: string) {
  const [, path, line] = /^([^\s:][^:]*):(\d+)$/.exec(location) ?? [];
  if (path === undefined || path.startsWith("/")) return { logicalLocations: [{ fullyQualifiedName: location }] };
  return {
    physicalLocation: {
      artifactLocation: { uri: path.split("/").map(encodeURIComponent).join("/") },
      region: { startLine: Math.max(1, Number(line)) },
    },
  };
}
