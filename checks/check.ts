/** What a check is given and what it gives back. One probe a file; the runner in `checks/run.ts` bounds and times it. */

import type { Host } from "../host/host.ts";
import type { Finding } from "../model/check.ts";
import type { Declared } from "../model/declared.ts";
import type { GatePolicy } from "../model/gate.ts";
import type { Secret } from "../model/secret.ts";
import type { Settings } from "../model/settings.ts";

/** Everything a check may look at. */
export interface Target {
  readonly stack: string;
  readonly settings: Settings;
  readonly host: Host;
  /** What the last update declared. */
  readonly declared: Declared;
  /** Secret values by name, resolved from their sources. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Absolute path of the project's folder (a git work tree). */
  readonly projectRoot: string;
  /** Absolute path of the folder that holds this stack's evidence, one folder a run. */
  readonly evidenceFolder: string;
  /**
   * Where what is judged is an older release that comes back: its name, and the project's own folder (`projectRoot` is where its
   * tree lies). Newer releases are no fault of it then. `byNewer` where these checks are a newer tree's than what they judge: what
   * that one would declare, only its own program can tell.
   */
  readonly rollback?: { readonly name: string; readonly home: string; readonly byNewer?: boolean };
}

/** What judging before the first resource needs: no host has been touched yet. */
export type TreeTarget = Pick<Target, "stack" | "settings" | "secrets" | "projectRoot" | "evidenceFolder" | "rollback">;

export interface CheckContext {
  /** Aborted at the check's deadline: hand it to every call that can wait. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly policy: GatePolicy;
  /** A live line while the check works; no secret. */
  readonly progress: (line: string) => void;
}

/** Looks, and says what it saw. It may throw: the runner makes that an `error`. */
export type Probe<T = Target> = (target: T, context: CheckContext) => Promise<Finding>;

export interface Check<T = Target> {
  readonly id: string;
  /** What passes, in one sentence, for previews and for the page. */
  readonly title: string;
  readonly probe: Probe<T>;
  /**
   * A second reading, taken once all other checks have ended, and only where `probe` passed: its finding is the check's.
   * Handed the first one, so that both can be compared.
   */
  readonly confirm?: (target: T, context: CheckContext, first: Finding) => Promise<Finding>;
  /** True where what runs settles slowly: a probe that does not pass is tried again until its deadline. */
  readonly settles?: boolean;
  /** Milliseconds, unless the policy says otherwise. */
  readonly deadlineMs: number;
}
