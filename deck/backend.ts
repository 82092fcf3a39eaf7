/** Where Pulumi keeps a stack's state, and the refusal of a place that only this folder has. */

import { isAbsolute, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DeckError } from "./verb.ts";

/**
 * The folder of a `file://` backend as Pulumi reads it (`file://~`, `file://./state` and `file:///…`); undefined for any other kind.
 * @param from the folder that relative paths start at.
 */
export function backendFolder(url: string, from: { readonly root: string; readonly home: string }): string | undefined {
  if (!url.startsWith("file://")) return undefined;
  const path = url.slice("file://".length).replace(/\?.*$/, "");
  if (path === "~" || path.startsWith("~/")) return resolve(from.home, path.slice(2));
  return isAbsolute(path) ? fileURLToPath(`file://${path}`) : resolve(from.root, path);
}

/**
 * Refuses state below the project for a stack that only signed releases reach.
 * @throws DeckError with code 2, because a second operator would have no state.
 */
export function refuseOwnState(stack: string, url: string, from: { readonly root: string; readonly home: string }): void {
  const folder = backendFolder(url, from);
  if (folder === undefined) return;
  const below = relative(from.root, folder);
  if (below === ".." || below.startsWith("../") || isAbsolute(below)) return;
  throw new DeckError(
    "usage",
    `The stack \`${stack}\` keeps its state in \`${folder}\`, below this project: a second operator would have none. Use a backend that all operators reach, such as \`s3://\`, \`gs://\`, \`azblob://\` or \`postgres://\`.`,
    `export PULUMI_BACKEND_URL=<url>; eval "$(npx deck env --stack ${stack})"`,
  );
}
