/** The shapes of known kinds of secret, as data: what the scan looks for, and what `redact` removes. */

/** One kind of secret that shows by its shape. A match is the value alone, without what surrounds it. */
export interface ExposurePattern {
  /** Stable name, used in `operations/exposures.yaml`. */
  readonly kind: string;
  /** What a person calls it, with its article. */
  readonly title: string;
  /** With the flags `u` and `g`; what surrounds the value stands in a look-behind or look-ahead. */
  readonly pattern: RegExp;
}

/** A token of URL-safe characters with a prefix of its own, neither glued to a word before it nor cut short. */
function prefixed(prefix: string, body: string): RegExp {
  return new RegExp(`(?<![A-Za-z0-9])${prefix}${body}(?![A-Za-z0-9_-])`, "gu");
}

/** A quotation mark, escaped where JSON stands within JSON. */
const quote = "(?:\\\\{0,3}[\"'`])?";

/** A value without a prefix, known only by the name that it is given: `NAME=value`, `"name": "value"`. */
function named(name: string, value: string): RegExp {
  return new RegExp(
    `(?<=(?:${name})[A-Za-z_-]{0,24}${quote}\\s{0,4}(?:=>|[:=])\\s{0,4}${quote})${value}(?![A-Za-z0-9_/+=-])`,
    "giu",
  );
}

const word = "[A-Za-z0-9_-]";
/** `service_role` in base64, at each of the three places a byte can have in a group of three. */
const serviceRole = "(?:c2VydmljZV9yb2xl|NlcnZpY2Vfcm9sZ|zZXJ2aWNlX3JvbG)";
const pemBody = "(?:[A-Za-z0-9+/=\\s]|\\\\{1,3}[nr]|(?:Proc-Type|DEK-Info|Version|Comment): [^\\n\\\\]{0,80}){40,20000}?";
const pemEdge = (edge: string) => `-----${edge} (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----`;
/** The first and the last line of a private key. */
export const privateKeyEdges = { begin: new RegExp(pemEdge("BEGIN"), "gu"), end: new RegExp(pemEdge("END"), "gu") } as const;
/** Secrets of this project and its neighbours whose values have no shape: at least 24 characters, a digit among them. A `_FILE` is a path. */
const ownNames =
  "(?:OPENCLAW_GATEWAY_TOKEN|MEMORY_BOT_KEY|MEMORY_DATABASE_PASSWORD|PULUMI_CONFIG_PASSPHRASE|SUPABASE_DB_PASSWORD|AWS_SECRET_ACCESS_KEY)(?!_FILE)";

/** What the scan looks for. secretlint's own rules run beside these; where both match, these name the finding. */
export const exposurePatterns: readonly ExposurePattern[] = [
  {
    kind: "telegram-bot-token",
    title: "a Telegram bot token",
    pattern: /(?<![0-9])[0-9]{8,12}(?::|%3[Aa])A[A-Za-z0-9_-]{34}(?![A-Za-z0-9_-])/gu,
  },
  {
    kind: "supabase-access-token",
    title: "a Supabase access token",
    pattern: prefixed("sbp_", "(?:oauth_|v0_)?[a-f0-9]{40}"),
  },
  { kind: "supabase-secret-key", title: "a Supabase secret key", pattern: prefixed("sb_secret_", `${word}{20,200}`) },
  {
    kind: "supabase-service-role-jwt",
    title: "a Supabase service_role key",
    pattern: prefixed("eyJ", `${word}{8,2000}\\.${word}{0,4000}${serviceRole}${word}{0,4000}\\.${word}{20,2000}`),
  },
  { kind: "openrouter-key", title: "an OpenRouter key", pattern: prefixed("sk-or-v1-", "[a-f0-9]{64}") },
  { kind: "anthropic-admin-key", title: "an Anthropic admin key", pattern: prefixed("sk-ant-admin[0-9]{2}-", `${word}{60,200}`) },
  {
    kind: "anthropic-oauth-token",
    title: "an Anthropic OAuth token",
    pattern: prefixed("sk-ant-o[ar]t[0-9]{2}-", `${word}{60,200}`),
  },
  { kind: "anthropic-key", title: "an Anthropic key", pattern: prefixed("sk-ant-(?:api|sid)[0-9]{2}-", `${word}{60,200}`) },
  {
    kind: "openai-key",
    title: "an OpenAI key",
    pattern: prefixed("sk-", `(?:(?:proj|svcacct|admin|None)-${word}{40,200}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})`),
  },
  { kind: "google-api-key", title: "a Google API key", pattern: prefixed("AIza", `${word}{35}`) },
  { kind: "pulumi-access-token", title: "a Pulumi access token", pattern: prefixed("pul-", "[a-f0-9]{40}") },
  { kind: "age-secret-key", title: "an age secret key", pattern: prefixed("AGE-SECRET-KEY-(?:PQ-)?1", "[A-Z0-9]{58,}") },
  { kind: "hetzner-token", title: "a Hetzner token", pattern: named("hcloud|hetzner", "[A-Za-z0-9]{64}") },
  {
    kind: "private-key",
    title: "a private key",
    pattern: new RegExp(`${pemEdge("BEGIN")}${pemBody}${pemEdge("END")}`, "gu"),
  },
  { kind: "github-token", title: "a GitHub token", pattern: prefixed("gh[pousr]_", "[A-Za-z0-9]{36,255}") },
  { kind: "github-fine-grained-token", title: "a GitHub token", pattern: prefixed("github_pat_", "[A-Za-z0-9_]{82}") },
  { kind: "gitlab-token", title: "a GitLab token", pattern: prefixed("gl(?:pat|dt|rt|cbt|ptt|soat|agent)-", `${word}{20,128}`) },
  { kind: "npm-token", title: "an npm token", pattern: prefixed("npm_", "[A-Za-z0-9]{36}") },
  { kind: "pypi-token", title: "a PyPI token", pattern: prefixed("pypi-AgEIcHlwaS5vcmc", `${word}{50,400}`) },
  { kind: "docker-token", title: "a Docker token", pattern: prefixed("dckr_(?:pat|oat)_", `${word}{27,64}`) },
  { kind: "slack-token", title: "a Slack token", pattern: prefixed("xox[abeoprs]-", "[A-Za-z0-9-]{20,200}") },
  { kind: "slack-app-token", title: "a Slack app token", pattern: prefixed("xapp-", "[0-9]-[A-Za-z0-9-]{20,200}") },
  {
    kind: "slack-webhook",
    title: "a Slack webhook",
    pattern: /https:\/\/hooks\.slack\.com\/services\/T[A-Za-z0-9]{1,40}\/B[A-Za-z0-9]{1,40}\/[A-Za-z0-9]{1,40}/gu,
  },
  {
    kind: "aws-access-key-id",
    title: "an AWS access key id",
    pattern: prefixed("(?:AKIA|ASIA)", "(?!IOSFODNN7EXAMPLE)[A-Z0-9]{16}"),
  },
  {
    kind: "aws-secret-access-key",
    title: "an AWS secret access key",
    pattern: named("aws_?secret_?access_?key", "(?!wJalrXUtnFEMI)[A-Za-z0-9/+=]{40}"),
  },
  { kind: "sendgrid-key", title: "a SendGrid key", pattern: prefixed("SG\\.", `${word}{16,32}\\.${word}{32,64}`) },
  { kind: "stripe-key", title: "a Stripe key", pattern: prefixed("(?:sk|rk)_live_", "[A-Za-z0-9]{20,200}") },
  { kind: "shopify-token", title: "a Shopify token", pattern: prefixed("shp(?:pa|ca|at|ss)_", "[a-fA-F0-9]{32,64}") },
  {
    kind: "1password-token",
    title: "a 1Password service account token",
    pattern: prefixed("ops_ey", "[A-Za-z0-9+/=_-]{100,1400}"),
  },
  { kind: "linear-key", title: "a Linear key", pattern: prefixed("lin_(?:api|oauth)_", "[A-Za-z0-9]{32,128}") },
  { kind: "notion-token", title: "a Notion token", pattern: prefixed("ntn_", "[0-9]{11}[A-Za-z0-9]{35}") },
  { kind: "groq-key", title: "a Groq key", pattern: prefixed("gsk_", "[A-Za-z0-9]{52}") },
  { kind: "huggingface-token", title: "a Hugging Face token", pattern: prefixed("hf_", "[A-Za-z]{34}") },
  { kind: "xai-key", title: "an xAI key", pattern: prefixed("xai-", "[A-Za-z0-9]{70,90}") },
  { kind: "perplexity-key", title: "a Perplexity key", pattern: prefixed("pplx-", "[A-Za-z0-9]{48,64}") },
  {
    kind: "grafana-token",
    title: "a Grafana token",
    pattern: prefixed("gl(?:c_[A-Za-z0-9+/]{32,400}={0,2}|sa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})", ""),
  },
  { kind: "vault-token", title: "a Vault token", pattern: prefixed("hv[sbr]\\.", `${word}{90,300}`) },
  { kind: "databricks-token", title: "a Databricks token", pattern: prefixed("dapi", "[a-fA-F0-9]{32}(?:-[0-9])?") },
  { kind: "vercel-token", title: "a Vercel token", pattern: prefixed("vc[piark]_", "[A-Za-z0-9]{20,60}") },
  { kind: "figma-token", title: "a Figma token", pattern: prefixed("figd_", `${word}{40,200}`) },
  { kind: "digitalocean-token", title: "a DigitalOcean token", pattern: prefixed("do[opr]_v1_", "[a-f0-9]{64}") },
  {
    kind: "tailscale-key",
    title: "a Tailscale key",
    pattern: prefixed("tskey-[a-z]{3,10}-", "[A-Za-z0-9]{8,24}-[A-Za-z0-9]{16,64}"),
  },
  {
    kind: "named-secret",
    title: "a secret of this project",
    pattern: named(ownNames, "(?=[A-Za-z_/+=-]{0,200}[0-9])[A-Za-z0-9_/+=-]{24,200}"),
  },
];

/** Too broad to accuse anybody, and cheap to remove: `redact` alone uses them. */
export const redactionPatterns: readonly ExposurePattern[] = [
  {
    kind: "address-credential",
    title: "a credential in an address",
    pattern: /(?<=[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{0,256}:)[^\s/@]{1,256}(?=@)/giu,
  },
  { kind: "bearer", title: "a bearer token", pattern: /(?<=\b(?:bearer|basic)[ :=]{1,3})[A-Za-z0-9._~+/=-]{16,4000}/giu },
  { kind: "registry-token", title: "a registry token", pattern: /(?<=_auth(?:Token)?=)(?!\[redacted)[^\s$"'\\]{4,400}/giu },
  {
    kind: "private-key",
    title: "a private key cut short",
    pattern: new RegExp(`${pemEdge("BEGIN")}[A-Za-z0-9+/=\\s]{40,20000}`, "gu"),
  },
];

/** True where text holds a secret of a known shape. */
export function holdsKnownSecret(text: string): boolean {
  // `search` ignores the pattern's own position, which `test` would move.
  return exposurePatterns.some(({ pattern }) => text.search(pattern) >= 0);
}
