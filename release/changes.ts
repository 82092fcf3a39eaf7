/** Reads the commits that a release brings on top of its baseline, and asks whether the mode allows them. */

import { type ReleasedChange, refuseChanges } from "../model/modeChanges.ts";
import type { ModeState } from "../model/modeMoves.ts";
import { type Mode, modeNames } from "../model/modes.ts";
import { isAncestor, pathsBetween, pathsChanged, plain, readLog } from "./log.ts";
import { ObjectMissing, withObjects } from "./objects.ts";
import { type GitOptions, gitText } from "./repository.ts";

export interface ReleaseAsked extends GitOptions {
  /** The commit that is to be released. */
  readonly commit: string;
  /** Where the project stands, as `readModes` read it. */
  readonly state: ModeState;
  /**
   * `deploy`: what production would be given now, measured from the release that Operate was last entered with.
   * `milestone`: what the move from Stabilize to Operate would name, which may hold all that was built before Stabilize was entered.
   */
  readonly purpose: "deploy" | "milestone";
}

/**
 * Why a release may not go out in the mode that the project is in, as sentences; none where it may. A rollback is exempt and is
 * not asked about here: that a commit was released before is on record elsewhere.
 * @throws GitFailed where the repository cannot say.
 */
export async function refuseRelease(
  folder: string,
  { commit, state, purpose, ...options }: ReleaseAsked,
): Promise<readonly string[]> {
  const { mode, entered, released, operated } = state;
  if (purpose === "milestone" && mode !== "C")
    return [`Operate is entered from C (Stabilize); the mode is ${mode} (${modeNames[mode]}).`];
  return refuseSince(folder, { commit, baseline: purpose === "milestone" ? entered : released, mode, operated, ...options });
}

export interface SinceAsked extends GitOptions {
  readonly commit: string;
  /** Undefined: from the start of history. */
  readonly baseline: string | undefined;
  readonly mode: Mode;
  /** As the mode's state has it. */
  readonly operated: string | undefined;
}

/** Why what a commit changes since another is not what a mode allows, as sentences. @throws GitFailed */
export async function refuseSince(
  folder: string,
  { commit, baseline, mode, operated, ...options }: SinceAsked,
): Promise<readonly string[]> {
  if (mode === "A") return refuseChanges({ mode, changes: [], unnamed: [], holdsTest: () => false });
  if (await isShallow(folder, options))
    return ["This clone holds a part of the history only, so what the release changes cannot be told: git fetch --unshallow"];
  // It changes nothing.
  if (baseline === commit) return refuseChanges({ mode, changes: [], unnamed: [], holdsTest: () => false });
  if (baseline !== undefined && !(await isAncestor(folder, baseline, commit, options)))
    return [`It does not contain the baseline ${baseline.slice(0, 12)}, and would take back what that one holds.`];
  const [changes, tests, differing] = await Promise.all([
    readChanges(folder, { from: baseline, to: commit, ...options }),
    testsAt(folder, commit, options),
    baseline === undefined ? [] : pathsBetween(folder, baseline, commit, options),
  ]);
  const since = operated === undefined ? undefined : await commitsSince(folder, { from: operated, to: commit, ...options });
  const named = new Set(changes.flatMap(({ paths }) => paths));
  const unnamed = differing.filter((path) => !named.has(path));
  return refuseChanges({
    ...{ mode, changes, unnamed },
    isOperated: (id) => since?.has(id) === false,
    holdsTest: (path) => tests.has(path),
  });
}

/** Asked once by all that share a reader: each release that a move names is measured, and git is the same for all of them. */
const isShallow = (folder: string, options: GitOptions): Promise<boolean> =>
  withObjects(folder, options, (objects) =>
    objects.once(
      "is shallow",
      async () => (await gitText(folder, ["rev-parse", "--is-shallow-repository"], options)) !== "false",
    ),
  );

/** Ids of the commits of a range. */
export async function commitsSince(folder: string, { from, to, ...options }: ChangeRange): Promise<ReadonlySet<string>> {
  const listed = await gitText(folder, [...plain, "rev-list", from === undefined ? to : `${from}..${to}`, "--"], options);
  return new Set(listed.split("\n"));
}

export interface ChangeRange extends GitOptions {
  /** Left out; undefined: from the start of history. */
  readonly from: string | undefined;
  readonly to: string;
}

const trailer = "%(trailers:key=Regression-Test,valueonly,unfold,separator=%x02)";
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

export interface ChangeRead extends ReleasedChange {
  readonly parents: readonly string[];
}

/** Oldest first. A merge counts with what it changes itself. */
export async function readChanges(folder: string, { from, to, ...options }: ChangeRange): Promise<readonly ChangeRead[]> {
  const which = [from === undefined ? to : `${from}..${to}`];
  const fields = ["%H", "%T", "%P", "%s", "%B", trailer];
  const changes: ChangeRead[] = [];
  const rows = await readLog(folder, { fields, which, ...options });
  const parentsOf = (row: readonly string[]) => (row[2] ?? "").split(" ").filter((each) => each !== "");
  const changed = await pathsChanged(
    folder,
    rows.map((row) => ({ id: row[0] ?? "", parents: parentsOf(row) })),
    options,
  );
  for (const row of rows) {
    const [id = "", tree = "", , subject = "", message = "", tests = ""] = row;
    const parents = parentsOf(row);
    const paths = changed.get(id) ?? [];
    // What a merge brings is told by the commits that it brings, and by what differs from the baseline in the end.
    const isUntold = parents.length < 2 && paths.length === 0 && tree !== (await treeOf(folder, parents[0], options));
    const regressionTests = tests.split("\x02").filter((test) => test.trim() !== "");
    changes.push({ id, parents, subject, message, paths, isUntold, regressionTests });
  }
  return changes;
}

async function treeOf(folder: string, commit: string | undefined, options: GitOptions): Promise<string> {
  if (commit === undefined) return emptyTree;
  const tree = await withObjects(folder, options, (objects) => objects.object(`${commit}^{tree}`));
  if (tree === undefined) throw new ObjectMissing(`\`${commit}\` is no commit that is here.`);
  return tree.id;
}

/** Files of tests that a commit holds: links and folders are none. */
export async function testsAt(folder: string, commit: string, options: GitOptions): Promise<ReadonlySet<string>> {
  const files = await withObjects(folder, options, (objects) => objects.files(commit, "test"));
  const paths = files.filter(({ mode }) => mode.startsWith("100")).map(({ path }) => path);
  return new Set(paths.filter((path) => /\.test\.[cm]?[jt]s$/.test(path)));
}
