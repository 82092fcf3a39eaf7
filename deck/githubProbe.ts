/** The check behind `deck smoke github`: the token works, may no more than declared, and reads repository and default branch. */

import { z } from "zod";
import type { Check, CheckContext, TreeTarget } from "../checks/check.ts";
import type { Finding } from "../model/check.ts";
import { excessScopes, scopesIn } from "../model/githubToken.ts";
import type { Secret } from "../model/secret.ts";
import type { Settings } from "../model/settings.ts";
import { setCommand } from "../model/settingsAdvice.ts";
import { DeckError } from "./verb.ts";

const publicApi = "https://api.github.com";
const requestTimeoutMs = 10_000;
const repositoryShape = z.object({ full_name: z.string(), default_branch: z.string() });

interface Subject {
  readonly api: string;
  readonly token: Secret;
  readonly github: NonNullable<Settings["github"]>;
  readonly stack: string;
}

/** @param environment may hold `GITHUB_API_URL`, GitHub's own or a stand-in's. @throws DeckError with code 2 where it is not fit to be sent a token. */
export function githubCheck(environment: Readonly<Record<string, string | undefined>>): Check<TreeTarget> {
  const api = checkedApi(environment.GITHUB_API_URL || publicApi);
  return {
    id: "github",
    title: "The token is valid, its scopes are no wider than declared, and repository and default branch are readable.",
    deadlineMs: 30_000,
    async probe({ settings, secrets, stack }, context) {
      const token = secrets.get("GITHUB_TOKEN");
      if (settings.github === undefined || token === undefined) {
        const missing =
          settings.github === undefined ? "`phillbot:github` is not set" : "the secret `GITHUB_TOKEN` has no source";
        const remedy = setCommand("github.repository", "<owner/name>", stack);
        return { status: "error", summary: `GitHub cannot be asked: ${missing}.`, measured: {}, remedy };
      }
      return probe({ api, token, github: settings.github, stack }, context);
    },
  };
}

/** A token goes over TLS, or no further than this machine. */
function checkedApi(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isLoopback = parsed !== undefined && ["localhost", "127.0.0.1", "[::1]"].includes(parsed.hostname);
  if (parsed?.protocol === "https:" || (parsed?.protocol === "http:" && isLoopback)) return url.replace(/\/+$/, "");
  throw new DeckError("usage", "`GITHUB_API_URL` must be an `https:` URL, or `http:` on this machine.");
}

async function probe(subject: Subject, { signal }: CheckContext): Promise<Finding> {
  const { repository, defaultBranch, scopes: allowed } = subject.github;
  const answer = await ask(subject, `/repos/${repository}`, signal);
  if (answer.status !== 200) return refused(answer.status, `The repository \`${repository}\``);
  const { full_name, default_branch } = repositoryShape.parse(await answer.json());
  const measured = {
    repository: full_name,
    defaultBranch: default_branch,
    expires: answer.headers.get("github-authentication-token-expiration"),
  };
  if (default_branch !== defaultBranch) {
    const summary = `The default branch of \`${full_name}\` is \`${default_branch}\`; declared is \`${defaultBranch}\`.`;
    const remedy = setCommand("github.defaultBranch", default_branch, subject.stack);
    return { status: "fail", summary, measured, remedy };
  }
  const branch = await ask(subject, `/repos/${repository}/branches/${encodeURIComponent(defaultBranch)}`, signal);
  await branch.body?.cancel();
  if (branch.status !== 200) return refused(branch.status, `The branch \`${defaultBranch}\` of \`${full_name}\``);
  return judgeScopes(answer.headers.get("x-oauth-scopes"), allowed, measured);
}

const tokens = "npx deck smoke # once the token is put right at https://github.com/settings/tokens";

/** GitHub tells the scopes of classic tokens only. What is not told is not known to be narrow. */
function judgeScopes(header: string | null, allowed: readonly string[], measured: Finding["measured"]): Finding {
  const remedy = tokens;
  if (header === null) {
    const summary =
      "Token, repository and default branch are well, but GitHub does not tell the scopes of a fine-grained token: compare them by eye.";
    return { status: "inconclusive", summary, measured: { ...measured, scopes: null, allowed }, remedy };
  }
  const scopes = scopesIn(header);
  const excess = excessScopes(scopes, allowed);
  const found = { ...measured, scopes, allowed };
  if (excess.length > 0) {
    const permitted = allowed.length === 0 ? "none is allowed" : `allowed are \`${allowed.join("`, `")}\``;
    return {
      status: "fail",
      summary: `The token has the scopes \`${excess.join("`, `")}\` too many; ${permitted}.`,
      measured: found,
      remedy,
    };
  }
  const summary = `The token is valid with ${scopes.length} scopes, none beyond those declared; repository and default branch are readable.`;
  return { status: "pass", summary, measured: found };
}

/** Told by the status code alone. */
function refused(status: number, what: string): Finding {
  const measured = { status };
  if (status === 401) return { status: "fail", summary: "GitHub does not accept the token (401).", measured, remedy: tokens };
  if (status === 404)
    return { status: "fail", summary: `${what} is not readable with this token (404).`, measured, remedy: tokens };
  if (status === 301 || status === 307 || status === 308) {
    return { status: "fail", summary: `${what} was moved (${status}); name its new place.`, measured, remedy: "git remote -v" };
  }
  // GitHub answers 403 to a missing right as well as to a spent rate.
  if (status === 403 || status === 429) {
    return {
      status: "inconclusive",
      summary: `${what} was refused (${status}): no right to it, or too many requests.`,
      measured,
      remedy: tokens,
    };
  }
  return {
    status: "error",
    summary: `GitHub answered ${status}; 200 is wanted.`,
    measured,
    remedy: "npx deck smoke # GitHub tells at https://www.githubstatus.com how it is",
  };
}

/** Redirects are not followed: the token is for one place. */
function ask({ api, token }: Subject, path: string, signal: AbortSignal): Promise<Response> {
  return fetch(`${api}${path}`, {
    headers: {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${token.reveal()}`,
      "user-agent": "phillbot-deck",
      "x-github-api-version": "2022-11-28",
    },
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
  });
}
