/** Proves that git's `origin` is the repository that the settings name, before anything is believed that comes from it. */

import { isWanted, sameRepository, type WantedOrigin, wantedAddress, withoutLogin } from "../model/origin.ts";
import { GitFailed, type GitOptions, git, gitText } from "./repository.ts";

/** Where git goes when it is told `origin`, or why that is not believed. */
export type OriginRead =
  | { readonly ok: true; readonly address: string }
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

/**
 * Asks git itself, so that `url.<x>.insteadOf` counts, and refuses the settings by which an address no longer says who
 * answers. Git is run without the caller's `GIT_*` variables, here and when it fetches.
 */
export async function readOrigin(folder: string, wanted: WantedOrigin, options: GitOptions = {}): Promise<OriginRead> {
  const needed = wantedAddress(wanted);
  if (needed === undefined) {
    return refused("no setting names the repository", "npx deck preview");
  }
  // Side by side: whoever deploys waits for this.
  const reading = configured(folder, `${detourKeys}|${remoteKeys}`, options);
  reading.catch(() => undefined);
  const address = await originAddress(folder, options);
  if (address === undefined) return refused("there is no remote `origin`", `git remote add origin ${needed}`);
  if (!isWanted(address, wanted)) {
    const reason = `\`origin\` leads to ${withoutLogin(address)}, wanted is ${needed}`;
    return refused(
      reason,
      `git remote set-url origin ${needed} # and take \`url.….insteadOf\` out of what \`git config --list --show-origin\` shows`,
    );
  }
  const [settings, again] = await Promise.all([reading, addressOf(folder, address, options)]);
  const [detour] = detours(settings, address);
  // It is by its address that git is told from here on; under another name it would go elsewhere again.
  if (again !== address)
    return refused(`git's settings send ${withoutLogin(address)} on to ${withoutLogin(again)}`, showRewriting);
  return detour === undefined ? { ok: true, address } : decided(detour, "who answers for `origin`");
}

/** An address may stand in a setting's name, with whoever logs in there. */
function decided(setting: string, what: string): OriginRead & { readonly ok: false } {
  const shown = withoutLogin(setting);
  return refused(`git's setting \`${shown}\` decides ${what}`, `git config --show-origin --get-all '${shown}'`);
}

/** Where git goes when it is told `origin`, unproven; undefined where it knows no such remote, by whatever setting. */
export async function originAddress(folder: string, options: GitOptions): Promise<string | undefined> {
  const address = await addressOf(folder, "origin", options);
  // Git takes a name that it does not know for a path.
  return address === "origin" || address === "" ? undefined : address;
}

const addressOf = (folder: string, name: string, options: GitOptions): Promise<string> =>
  gitText(folder, ["ls-remote", "--get-url", "--", name], options);

/**
 * Where to push what is for the repository at `address`: there, or by the road to it that `origin` has for pushes. What git's
 * settings send to another repository instead would be said to be there, and is not.
 */
export async function readPush(folder: string, address: string, options: GitOptions = {}): Promise<OriginRead> {
  const named = await gitText(folder, ["remote", "get-url", "--push", "--all", "origin"], options).catch((error: unknown) => {
    // A remote that is not of this clone's own configuration, or none.
    if (error instanceof GitFailed && error.code !== undefined) return "";
    throw error;
  });
  const to = named.split("\n").find((each) => sameRepository(each, address)) ?? address;
  const [settings, plainly] = await Promise.all([
    configured(folder, `${pushRules}|${remoteKeys}`, options),
    addressOf(folder, to, options),
  ]);
  const [own] = ofRemote(settings, to);
  if (own !== undefined) return decided(own, "what is done with a push");
  // As git does it: the longest beginning that fits. Where one stands twice, it must not matter which is taken.
  const rules = settings.filter(({ key, value }) => new RegExp(pushRules, "s").test(key) && to.startsWith(value ?? ""));
  const longest = Math.max(...rules.map(({ value = "" }) => value.length));
  const leads = rules
    .filter(({ value = "" }) => value.length === longest)
    .map(({ key, value = "" }) => key.replace(/^url\./, "").replace(/\.pushinsteadof$/, "") + to.slice(value.length));
  const astray = (leads.length === 0 ? [plainly] : leads).find((each) => !sameRepository(each, address));
  if (astray === undefined) return { ok: true, address: to };
  return refused(`git's settings send what is pushed to ${withoutLogin(to)} to ${withoutLogin(astray)}`, showRewriting);
}

const showRewriting = "git config --show-origin --get-regexp '^url\\.' # and take out what leads elsewhere";

function refused(reason: string, remedy: string): OriginRead & { readonly ok: false } {
  return { ok: false, reason, remedy };
}

const detourKeys =
  "^(remote\\.origin\\.(vcs|uploadpack)|core\\.sshcommand|http\\.(.*\\.)?(sslverify|sslcainfo|sslcapath|curloptresolve))$";
const remoteKeys = "^remote\\.";
const pushRules = "^url\\..*\\.pushinsteadof$";
/** The system's own ssh with a key of the operator's choice: who answers is still proven. */
const plainSsh = /^(?:\/usr\/bin\/)?ssh(?: +-i +\S+| +-o +IdentitiesOnly=yes)*$/;

/** Settings under which another program, or an unproven server, answers for the address. */
function detours(settings: readonly Setting[], address: string): readonly string[] {
  const misleading = settings.flatMap(({ key, value }) => {
    if (!new RegExp(detourKeys, "s").test(key)) return [];
    if (key === "core.sshcommand") return /^(?:https|file):|^\//.test(address) || plainSsh.test(value ?? "") ? [] : [key];
    // To git a key without a value is true, and one with an empty value false.
    if (key.endsWith(".sslverify")) return value === undefined || /^(?:true|yes|on|1)$/i.test(value) ? [] : [key];
    return [key];
  });
  return [...misleading, ...ofRemote(settings, address)];
}

/** Git takes an address for a remote of that name where there is one, whose settings then count. */
const ofRemote = (settings: readonly Setting[], address: string): readonly string[] =>
  settings.map(({ key }) => key).filter((key) => key.startsWith(`remote.${address}.`));

interface Setting {
  readonly key: string;
  /** Undefined where the key stands without `=`. */
  readonly value: string | undefined;
}

async function configured(folder: string, keys: string, options: GitOptions): Promise<readonly Setting[]> {
  const listed = await git(folder, ["config", "-z", "--get-regexp", keys], options).catch(noneSet);
  const entries = listed.toString("utf8").split("\0");
  return entries
    .filter((entry) => entry !== "")
    .map((entry) => {
      const end = entry.indexOf("\n");
      return end < 0 ? { key: entry, value: undefined } : { key: entry.slice(0, end), value: entry.slice(end + 1) };
    });
}

function noneSet(error: unknown): Buffer {
  if (error instanceof GitFailed && error.code === 1) return Buffer.alloc(0);
  throw error;
}
