/** What a release may change in the mode that the project is in. */

import { allowedChanges, type Change, kindOf, type Mode, modeNames } from "./modes.ts";

/** One commit of a release. */
export interface ReleasedChange extends Change {
  readonly id: string;
  /** Values of its `Regression-Test` trailers. */
  readonly regressionTests: readonly string[];
}

export interface ChangeRules {
  readonly mode: Mode;
  /** Every commit since the baseline, oldest first. */
  readonly changes: readonly ReleasedChange[];
  /** Paths that differ from the baseline, and that none of the changes names. */
  readonly unnamed: readonly string[];
  /** True for a commit of before an incident, which may also be what Operate allows: it may run already. */
  readonly isOperated?: (commit: string) => boolean;
  /** True where the release's own tree holds a file of tests at this path. */
  readonly holdsTest: (path: string) => boolean;
}

/** Why a release may not go out in this mode, as sentences; none where it may. */
export function refuseChanges({ mode, changes, unnamed, isOperated = () => false, holdsTest }: ChangeRules): readonly string[] {
  if (mode === "A") return ["The mode is A (Build): production accepts nothing that is still being built."];
  const allowed = allowedChanges[mode];
  const faults = changes.flatMap((change) => {
    const kind = kindOf(change);
    const which = `${change.id.slice(0, 12)} (${shortened(change.subject)})`;
    if (!allowed.includes(kind) && !(isOperated(change.id) && allowedChanges.D.includes(kind)))
      return [`${which} is a change of kind \`${kind}\`; ${mode} (${modeNames[mode]}) allows ${allowed.join(", ")}.`];
    return kind === "fix" ? testFaults(change, holdsTest).map((problem) => `${which} ${problem}`) : [];
  });
  const [path] = unnamed;
  if (path === undefined || allowed.includes("feature")) return faults;
  const which = `\`${path}\`${unnamed.length > 1 ? ` and ${unnamed.length - 1} more` : ""}`;
  const allows = `${mode} (${modeNames[mode]}) allows ${allowed.join(", ")}`;
  return [...faults, `No commit since the baseline names what is changed of ${which}: that is of kind \`feature\`; ${allows}.`];
}

/** `test/deck/up.test.ts`, or that and, after a blank, which test of it. */
const pathIn = (trailer: string): string => trailer.trim().split(/\s/, 1)[0] ?? "";

function testFaults({ regressionTests }: ReleasedChange, holdsTest: ChangeRules["holdsTest"]): readonly string[] {
  const paths = regressionTests.map(pathIn).filter((path) => path !== "");
  if (paths.length === 0) return ["is a fix without a `Regression-Test: <file>` trailer."];
  return paths
    .filter((path) => !holdsTest(path))
    .map((path) => `is a fix whose \`Regression-Test\` names \`${path}\`, which is no file of tests in this release.`);
}

const shortened = (subject: string): string => (subject.length > 60 ? `${subject.slice(0, 59)}…` : subject);
