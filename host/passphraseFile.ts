/** The passphrase that set-up makes for development stacks: `npm run down` takes it away, so nothing else may rest on it. */

import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";

export function developmentPassphrase(projectRoot: string): string {
  return join(projectRoot, ".phillbot", "passphrase");
}

/** True where Pulumi would read it: a shell keeps what `deck env` told it for another stack. */
export function usesDevelopmentPassphrase(
  environment: Readonly<Record<string, string | undefined>>,
  projectRoot: string,
): boolean {
  const named = environment.PULUMI_CONFIG_PASSPHRASE_FILE;
  return Boolean(named) && real(resolve(projectRoot, named ?? "")) === real(developmentPassphrase(projectRoot));
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
