/** Builds the manifest of a release from what is committed: the same commit gives the same bytes on every machine. */

import { renderGatewayConfig } from "../model/gatewayConfig.ts";
import { containerSpecText } from "../model/gatewayContainer.ts";
import { layoutOf } from "../model/layout.ts";
import { partListings, renderManifestOf } from "../model/releaseManifest.ts";
import type { Settings } from "../model/settings.ts";
import { formatFaults } from "../model/settingsFault.ts";
import { parseSettings } from "../model/settingsParse.ts";
import { committedFiles } from "./blobs.ts";
import { readDocument } from "./documentStamp.ts";
import { commitIn, fileAt, withObjects } from "./objects.ts";
import { digestOf } from "./records.ts";
import { documentsFolder, type GitOptions } from "./repository.ts";
import { settingsIn } from "./stackFile.ts";

/** The commit cannot be a release; every reason is a line. */
export class NoRelease extends Error {
  override readonly name = "NoRelease";
}

export interface Built {
  /** The manifest's bytes. */
  readonly text: string;
  /** Their sha256 (hex): the release's name on the branch `records`. */
  readonly digest: string;
  readonly releaseId: string;
  readonly commit: string;
}

const stamped = `${documentsFolder}/update_log.md`;

/**
 * @param commit anything that git takes for one; `HEAD` where the work tree is what is meant.
 * @throws NoRelease where the documents carry no stamp.
 */
export function buildManifest(folder: string, { commit: asked, ...options }: GitOptions & { commit: string }): Promise<Built> {
  return withObjects(folder, options, async (objects) => {
    const commit = await commitIn(objects, asked);
    return objects.once(`manifest ${commit}`, () => build(folder, { ...options, objects, commit }));
  });
}

async function build(folder: string, { commit, ...options }: At): Promise<Built> {
  const files = await committedFiles(folder, { commit, ...options });
  const listings = partListings([...files].map(([path, file]) => ({ path, ...file })));
  const subjects = new Map<string, string>([...listings].map(([part, listing]) => [part, digestOf(listing)]));
  for (const stack of stacksOf([...listings.keys()])) {
    const settings = await settingsAt(folder, { commit, stack, ...options }).catch(noneOfIncomplete);
    // A stack that cannot come up yet must not keep another from its release; whoever signs for it, or deploys it, is refused.
    if (settings !== undefined) for (const [name, digest] of derived(stack, settings)) subjects.set(name, digest);
  }
  const releaseId = await releaseIdAt(folder, { commit, ...options });
  const text = renderManifestOf({ releaseId, commit, subjects });
  return { text, digest: digestOf(text), releaseId, commit };
}

function noneOfIncomplete(error: unknown): undefined {
  if (!(error instanceof NoRelease)) throw error;
}

const stacksOf = (parts: readonly string[]) =>
  parts.flatMap((part) => (part.startsWith("settings/") ? [part.slice("settings/".length)] : []));

/** What the settings come to: the image by its own digest, OpenClaw's configuration, and all that is wanted of the container. */
function derived(stack: string, settings: Settings): readonly (readonly [string, string])[] {
  const container = containerSpecText({ settings, layout: layoutOf(settings), labels: { "phillbot.stack": stack } });
  const { digest } = settings.gateway;
  return [
    [`gateway-configuration/${stack}`, digestOf(renderGatewayConfig(settings))],
    [`container/${stack}`, digestOf(container)],
    ...(digest === undefined ? [] : [[`image/${stack}`, digest.replace(/^sha256:/, "")] as const]),
  ];
}

interface At extends GitOptions {
  readonly commit: string;
}

/** The settings of a stack as the commit holds them. @throws NoRelease where they are not there or not complete. */
export async function settingsAt(folder: string, { stack, ...at }: At & { readonly stack: string }): Promise<Settings> {
  const read = settingsIn((await fileAt(folder, { ...at, path: `Pulumi.${stack}.yaml` })) ?? "", stack);
  if (!read.ok) throw new NoRelease(read.problem);
  const parsed = parseSettings(read.raw, stack);
  if (!parsed.ok) throw new NoRelease(`\`Pulumi.${stack}.yaml\`, as it is committed: ${formatFaults(parsed.faults)}`);
  return parsed.settings;
}

async function releaseIdAt(folder: string, at: At): Promise<string> {
  const text = await fileAt(folder, { ...at, path: stamped });
  const { stamp, faults } = text === undefined ? { stamp: undefined, faults: ["It is not committed."] } : readDocument(text);
  if (stamp === undefined) throw new NoRelease(`\`${stamped}\` names no release. ${faults.join(" ")}`);
  return stamp.release;
}
