/** Which repository a stack takes its live facts from (open items, releases), and whether an address leads there. */

import type { Settings } from "./settings.ts";

/** What the settings say of the repository: its exact address, or else its name on GitHub. */
export interface WantedOrigin {
  readonly address?: string;
  readonly repository?: string;
}

/** Whose release tags count: those of this clone, or those that the named repository has as well. */
export type CountedTags = { readonly from: "clone" } | { readonly from: "origin"; readonly wanted: WantedOrigin };

type OriginSettings = Pick<Settings, "requireSignOff" | "origin" | "github">;

export function wantedOrigin({ origin, github }: Omit<OriginSettings, "requireSignOff">): WantedOrigin {
  if (origin !== undefined) return { address: origin };
  return github?.repository === undefined ? {} : { repository: github.repository };
}

/** Whoever may set a tag here could shorten what is scanned: where only signed releases deploy, the repository's tags count. */
export function countedTags(settings: OriginSettings): CountedTags {
  return settings.requireSignOff ? { from: "origin", wanted: wantedOrigin(settings) } : { from: "clone" };
}

/** GitHub's addresses that prove whom one talks to: by a certificate, or by ssh's own list of known hosts. */
const github = [
  /^https:\/\/(?:[^@/]*@)?github\.com\/([^/]+\/[^/]+?)(?:\.git)?\/?$/i,
  /^ssh:\/\/git@(?:github\.com(?::22)?|ssh\.github\.com:443)\/([^/]+\/[^/]+?)(?:\.git)?\/?$/i,
  /^git@github\.com:\/?([^/]+\/[^/]+?)(?:\.git)?\/?$/i,
];

/** @param address what git contacts, its own rewriting (`insteadOf`) done. */
export function isWanted(address: string, { address: exact, repository }: WantedOrigin): boolean {
  if (exact !== undefined) return address === exact;
  const name = github.map((form) => form.exec(address)?.[1]).find((found) => found !== undefined);
  return repository !== undefined && name?.toLowerCase() === repository.toLowerCase();
}

/** The wanted address, as one types it behind `git remote set-url origin`. */
export function wantedAddress({ address, repository }: WantedOrigin): string | undefined {
  return address ?? (repository === undefined ? undefined : `https://github.com/${repository}.git`);
}

/** Host and path of an address that proves whom one talks to, without the road there. */
function placeOf(address: string): string | undefined {
  const [, host = "", path = ""] =
    /^(?:https:\/\/(?:[^@/]*@)?|ssh:\/\/git@)([^/@:]+(?::\d+)?)\/(.+)$/i.exec(address) ??
    /^git@([^/@:]+):\/?(.+)$/.exec(address) ??
    [];
  if (host === "") return undefined;
  const name = host
    .toLowerCase()
    .replace(/:(?:443|22)$/, "")
    .replace(/^ssh\.github\.com$/, "github.com");
  const folder = path.replace(/\/$/, "").replace(/\.git$/, "");
  return `${name}/${name === "github.com" ? folder.toLowerCase() : folder}`;
}

/** Whether two addresses name one repository, though one is read by https and written by ssh. */
export function sameRepository(one: string, other: string): boolean {
  const place = placeOf(one);
  return one === other || (place !== undefined && place === placeOf(other));
}

/**
 * A text without what somebody may have put into an address to log in: before the host, or as a word behind `?`. Of what cannot
 * be told apart it leaves out too much. `git@` is nobody's.
 */
export function withoutLogin(text: string): string {
  return text
    .replaceAll(/:\/\/(?!git@[^\s@]*(?:\s|$))\S*@/g, "://…@")
    .replaceAll(/(?<![^\s'"`(])[^\s'"`(:/@]+:(?!\/\/)\S*@/g, "…@")
    .replaceAll(/(:\/\/[^\s?#]*|@[^\s?#]+:[^\s?#]*)[?#][^\s'"]*/g, "$1?…");
}
