/** Tokens of every known shape, made anew at each run so that none of them ever stands in the tree. */

import { generateKeyPairSync, randomBytes, randomInt } from "node:crypto";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const alphanumeric = letters + digits;
const word = `${alphanumeric}_-`;

export function random(length: number, alphabet = alphanumeric): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}

const hex = (length: number) => random(length, "0123456789abcdef");
const base64url = (value: string | Buffer) => Buffer.from(value).toString("base64url");

export const telegramToken = () => `${random(10, "123456789")}:A${random(34, word)}`;
export const supabaseSecretKey = () => `sb_secret_${random(31, word)}`;

/** @param shift letters before the role, to move it within its group of three bytes. */
export function jwt(role: string, shift = 0): string {
  const payload = JSON.stringify({ iss: `supabase${"x".repeat(shift)}`, ref: random(20), role, exp: 2_000_000_000 });
  return [base64url('{"alg":"HS256","typ":"JWT"}'), base64url(payload), base64url(randomBytes(32))].join(".");
}

function pem(type: "ed25519" | "rsa" | "ec", form: "pkcs8" | "sec1" = "pkcs8"): string {
  const pair =
    type === "ed25519"
      ? generateKeyPairSync("ed25519")
      : type === "rsa"
        ? generateKeyPairSync("rsa", { modulusLength: 1024 })
        : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return pair.privateKey.export({ type: form, format: "pem" } as { type: "pkcs8"; format: "pem" }).toString();
}

function opensshKey(): string {
  const body = base64Lines(Buffer.concat([Buffer.from("openssh-key-v1\0"), randomBytes(220)]));
  return `-----BEGIN OPENSSH ${"PRIVATE"} KEY-----\n${body}\n-----END OPENSSH ${"PRIVATE"} KEY-----\n`;
}

function base64Lines(bytes: Buffer): string {
  return (bytes.toString("base64").match(/.{1,70}/g) ?? []).join("\n");
}

/** One text for each kind of token: what it is called here, and the text it stands in. */
export function tokenCorpus(): Record<string, string> {
  return {
    "Telegram bot token": telegramToken(),
    "Telegram bot token in a Bot API URL": `GET https://api.telegram.org/bot${telegramToken()}/getMe`,
    "Telegram bot token in an encoded URL": `/proxy/bot${telegramToken().replace(":", "%3A")}/getMe`,
    "Supabase access token": `sbp_${hex(40)}`,
    "Supabase OAuth access token": `sbp_oauth_${hex(40)}`,
    "Supabase v0 access token": `sbp_v0_${hex(40)}`,
    "Supabase secret key": supabaseSecretKey(),
    "service_role JWT, first place": jwt("service_role", 0),
    "service_role JWT, second place": jwt("service_role", 1),
    "service_role JWT, third place": jwt("service_role", 2),
    "OpenRouter key": `sk-or-v1-${hex(64)}`,
    "Anthropic key": `sk-ant-api03-${random(93, word)}AA`,
    "Anthropic admin key": `sk-ant-admin01-${random(93, word)}AA`,
    "Anthropic OAuth token": `sk-ant-oat01-${random(93, word)}AA`,
    "OpenAI project key": `sk-proj-${random(74, word)}T3BlbkFJ${random(74, word)}`,
    "OpenAI key": `sk-${random(20)}T3BlbkFJ${random(20)}`,
    "Google API key": `AIza${random(35, word)}`,
    "Pulumi access token": `pul-${hex(40)}`,
    "age secret key": `AGE-SECRET-KEY-1${random(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L")}`,
    "Hetzner token": `HCLOUD_TOKEN=${random(64)}`,
    "Ed25519 private key": pem("ed25519"),
    "RSA private key": pem("rsa"),
    "EC private key": pem("ec", "sec1"),
    "OpenSSH private key": opensshKey(),
    "private key within JSON": JSON.stringify({ private_key: pem("ed25519") }),
    "GitHub classic token": `ghp_${random(36)}`,
    "GitHub server token": `ghs_${random(36)}`,
    "GitHub fine-grained token": `github_pat_${random(22)}_${random(59)}`,
    "GitLab token": `glpat-${random(20, word)}`,
    "npm token": `npm_${random(36)}`,
    "Docker token": `dckr_pat_${random(27, word)}`,
    "Slack bot token": `xoxb-${random(12, digits)}-${random(12, digits)}-${random(24)}`,
    "Slack webhook": `https://hooks.slack.com/services/T${random(8)}/B${random(8)}/${random(24)}`,
    "AWS access key id": `AKIA${random(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")}`,
    "AWS secret access key": `aws_secret_access_key = ${random(40)}`,
    "SendGrid key": `SG.${random(22)}.${random(43)}`,
    "Stripe key": `sk_live_${random(24)}`,
    "Hugging Face token": `hf_${random(34, letters)}`,
    "Groq key": `gsk_${random(52)}`,
    "Vault token": `hvs.${random(95, word)}`,
    "gateway token by its name": `OPENCLAW_GATEWAY_TOKEN=${hex(48)}`,
    "password in a PostgreSQL address": `postgresql://postgres:${random(20)}@db.${random(8)}.supabase.co:5432/postgres`,
    "password in a web address": `https://deploy:${random(20)}@git.${random(8)}.com/x`,
  };
}

/** Texts that look like secrets and are none. */
export function benignCorpus(): Record<string, string> {
  return {
    "publishable key": `sb_publishable_${random(31, word)}`,
    "anon JWT": jwt("anon"),
    UUID: "9b2e4f1c-3d5a-4b6c-8d7e-0f1a2b3c4d5e",
    "image digest": `openclaw@sha256:${hex(64)}`,
    "commit id": `commit ${hex(40)}`,
    "integrity hash": `"integrity": "sha512-${randomBytes(64).toString("base64")}"`,
    "public ssh key": `ssh-ed25519 ${Buffer.concat([Buffer.from("\0\0\0\x0bssh-ed25519\0\0\0 "), randomBytes(32)]).toString("base64")} ops@host`,
    "age recipient": `age1${random(58, "qpzry9x8gf2tvdw0s3jn54khce6mua7l")}`,
    "placeholder of a token": "TELEGRAM_BOT_TOKEN=<the token that @BotFather gave>",
    "reference to a secret": 'OPENCLAW_GATEWAY_TOKEN: { source: "env", id: "OPENCLAW_GATEWAY_TOKEN" }',
    "address without a password": "postgresql://postgres@127.0.0.1:5432/postgres",
    "address with a variable": "postgresql://postgres:${PASSWORD}@db.example.com:5432/postgres",
    "time and number": "1790899200:A short line about user 123456789:Alice",
    "public key in PEM": generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }).toString(),
    "private key in prose": `A file that starts with -----BEGIN ${"PRIVATE"} KEY----- is refused.`,
  };
}
