/** What a GitHub token may do, compared with what it is allowed to, by the scopes that GitHub tells of it. */

/** What each wide scope holds; from GitHub's own list of OAuth scopes. */
const included: Readonly<Record<string, readonly string[]>> = {
  repo: ["repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"],
  "admin:repo_hook": ["write:repo_hook", "read:repo_hook"],
  "write:repo_hook": ["read:repo_hook"],
  "admin:org": ["write:org", "read:org", "manage_runners:org"],
  "write:org": ["read:org"],
  "admin:public_key": ["write:public_key", "read:public_key"],
  "write:public_key": ["read:public_key"],
  "admin:gpg_key": ["write:gpg_key", "read:gpg_key"],
  "write:gpg_key": ["read:gpg_key"],
  "admin:ssh_signing_key": ["write:ssh_signing_key", "read:ssh_signing_key"],
  "write:ssh_signing_key": ["read:ssh_signing_key"],
  user: ["read:user", "user:email", "user:follow"],
  project: ["read:project"],
  "write:packages": ["read:packages"],
  "write:discussion": ["read:discussion"],
};

/** The scopes in GitHub's header `X-OAuth-Scopes`. */
export function scopesIn(header: string): readonly string[] {
  return header
    .split(",")
    .map((scope) => scope.trim())
    .filter((scope) => scope !== "");
}

/** The scopes of a token that go beyond those allowed, sorted. */
export function excessScopes(held: readonly string[], allowed: readonly string[]): readonly string[] {
  const permitted = new Set(allowed.flatMap(withIncluded));
  return held.filter((scope) => !permitted.has(scope)).sort();
}

function withIncluded(scope: string): readonly string[] {
  return [scope, ...(included[scope] ?? []).flatMap(withIncluded)];
}
