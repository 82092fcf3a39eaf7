/** Whose a base folder on a host is: which stack may write there, and in which folder it may delete what is no document. */

import { z } from "zod";
import { compareManifests, type Manifest } from "./manifest.ts";

/** The project as `Pulumi.yaml` names it, which is the namespace of its settings as well. */
const project = "phillbot";

const ownerSchema = z.looseObject({
  project: z.string(),
  stack: z.string(),
  /** Below the base folder; left out by whoever takes a folder over by hand, which says nothing about its documents. */
  contextFolder: z.string().optional(),
});

type Owner = z.output<typeof ownerSchema>;

/** A stack of this project. */
export interface Tenant {
  readonly stack: string;
  readonly contextFolder?: string;
}

/** The owner file's content. */
export function renderOwner({ stack, contextFolder }: Tenant): string {
  return `${JSON.stringify({ project, stack, contextFolder } satisfies Record<keyof Owner, unknown>)}\n`;
}

/** What lies on the host where the stack would put its own. */
export interface Ground {
  /** The owner file as text; undefined where there is none. */
  readonly owner: string | undefined;
  /** By path: what an owner keeps there, besides the documents, that is more than nothing. */
  readonly taken: ReadonlyMap<string, "filled" | "closed">;
  /**
   * The context folder's files beside the list of what was synced last, whichever folder that was; undefined where the folder
   * cannot be read.
   */
  readonly context: { readonly files: Manifest; readonly listed: Manifest } | undefined;
}

/** Where it lies, and what an operator types there. */
export interface GroundPlace {
  readonly baseFolder: string;
  readonly context: string;
  readonly ownerFile: string;
  /** The host as a person knows it. */
  readonly host: string;
  /** Writes the owner file by hand. */
  readonly takeOver: string;
}

/**
 * Why the stack must not write there, as sentences with the remedy; undefined where it may. Without an owner file that names
 * this stack, nothing that is there is taken for ours; and a folder that the owner file does not name holds no document that
 * a sync may delete, unless it is one of those that were synced, to the byte.
 */
export function refuseGround(own: Required<Tenant>, ground: Ground, place: GroundPlace): string | undefined {
  const { baseFolder, context, ownerFile, host } = place;
  const owner = ground.owner === undefined ? undefined : parseOwner(ground.owner);
  if (ground.owner !== undefined && (owner?.project !== project || owner.stack !== own.stack)) {
    const whose =
      owner === undefined
        ? "cannot be read as an owner file"
        : `names the stack \`${owner.stack}\` of project \`${owner.project}\``;
    return `${baseFolder} on ${host} is not this stack's: ${ownerFile} ${whose}; wanted is \`${own.stack}\` of project \`${project}\`.\n  Give this stack a \`phillbot:baseFolder\` of its own. Where the other stack is gone for good, take its folder over: ${place.takeOver}`;
  }
  if (owner === undefined && ground.taken.size > 0) {
    const found = [...ground.taken].map(([path, how]) => `${path} (${how === "closed" ? "closed to us" : "not empty"})`);
    return `On ${host} there is already ${found.join(", ")}, and no ${ownerFile} says that it is this stack's: an update would take it over.\n  Move it away, or choose another \`phillbot:baseFolder\`. Where this stack shall have it: ${place.takeOver}`;
  }
  if (owner?.contextFolder === own.contextFolder) return undefined;
  const remedy = "Move them away, or choose another `phillbot:contextFolder`.";
  if (ground.context === undefined) {
    return `${context} on ${host} cannot be read, so what a sync would delete there is not known.\n  ${remedy}`;
  }
  const { added, changed } = compareManifests(ground.context.listed, ground.context.files);
  const strangers = [...added, ...changed].toSorted();
  if (strangers.length === 0) return undefined;
  const named = strangers.slice(0, 3).map((path) => JSON.stringify(path));
  const more = strangers.length > named.length ? ` and ${strangers.length - named.length} more` : "";
  return `${context} on ${host} holds files that were not synced from here: ${named.join(", ")}${more}. A sync would delete them.\n  ${remedy}`;
}

function parseOwner(text: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
