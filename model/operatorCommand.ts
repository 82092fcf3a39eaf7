/** What an operator types: on the stack's host, in an editor, or for a stack other than the one that a bare command means. */

import type { Settings } from "./settings.ts";

/** The command itself where the host is this machine, else the same through ssh. It is for a person to read and paste. */
export function onHost(host: Settings["host"], command: string): string {
  if (host.kind === "local") return command;
  const port = host.port === 22 ? "" : `-p ${host.port} `;
  const quoted = /^[A-Za-z0-9 ._:/-]*$/.test(command) ? command : `'${command.replaceAll("'", `'\\''`)}'`;
  return `ssh ${port}${host.user}@${host.address} ${quoted}`;
}

/** Opens a file of the project's: where nobody says which editor, the one that POSIX has. */
export function edit(path: string): string {
  return `\${EDITOR:-vi} ${path}`;
}

const defaultStack = "dev";

/** The remedy for this stack: a bare `npx deck up` would mean another one. A command that names its stack is left as it is. */
export function forStack(remedy: string, stack: string): string {
  if (stack === defaultStack) return remedy;
  return remedy.replace(
    /npx deck (?:(?:docs|schema|secrets|backup|release|roles|trust|history|mode|lease) )?[a-z]+(?!\S*[^;&|()#]*--stack)/g,
    `$& --stack ${stack}`,
  );
}
