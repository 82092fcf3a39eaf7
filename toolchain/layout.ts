/** Where set-up keeps what it brings: one ignored folder at the project's root. */

import { join, resolve } from "node:path";

export interface Layout {
  readonly project: string;
  readonly root: string;
  /** Executables: the Pulumi CLI and its language host. */
  readonly bin: string;
  /** PULUMI_HOME, with the plugin cache in it. */
  readonly pulumi: string;
  /** Pids and the logs of what keeps running. */
  readonly run: string;
  /** Output of what has run. */
  readonly log: string;
  /** Half-made things; whatever is here belongs to nobody once set-up has ended. */
  readonly temporary: string;
  /** What a finished step was made from. */
  readonly stamps: string;
}

export function layoutOf(project: string): Layout {
  const root = join(resolve(project), ".phillbot");
  return {
    project: resolve(project),
    root,
    bin: join(root, "bin"),
    pulumi: join(root, "pulumi"),
    run: join(root, "run"),
    log: join(root, "log"),
    temporary: join(root, "tmp"),
    stamps: join(root, "stamps"),
  };
}
