/** The evidence as JSON: the report itself, members sorted, so that two runs can be compared line by line. */

import { canonicalJson } from "../../model/canonical.ts";
import type { Report } from "./report.ts";

export function toJson(report: Report): string {
  return `${canonicalJson(report, 2)}\n`;
}
