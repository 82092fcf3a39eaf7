/** Asks Telegram's Bot API directly. The token is part of every address, so no error of a call is passed on as it is. */

import type { Secret } from "../model/secret.ts";
import type { BotApiReading } from "../model/telegramHealth.ts";

export interface BotApi {
  /** The Bot API's root, without a token. */
  readonly apiRoot: string;
  readonly token: Secret;
  /** Ends the asking. */
  readonly signal: AbortSignal;
}

/** The methods that a probe may call: none of them competes with the gateway, as `getUpdates` would, and none changes anything. */
export type ProbeMethod = "getMe" | "getWebhookInfo";

/** Calls one method. Never throws: what goes wrong is a reading, told by codes. */
export async function askBotApi({ apiRoot, token, signal }: BotApi, method: ProbeMethod): Promise<BotApiReading> {
  const root = apiRoot.replace(/\/+$/, "");
  try {
    // A redirect would carry the token to another address.
    const response = await fetch(`${root}/bot${token.reveal()}/${method}`, { signal, redirect: "error" });
    const body = (await response.json().catch(() => undefined)) as { ok?: unknown; result?: unknown } | undefined;
    if (!response.ok) return { refused: response.status };
    return { answer: body?.ok === true ? body.result : undefined };
  } catch (error) {
    return { silent: `The Bot API at ${new URL(apiRoot).origin} did not answer \`${method}\` (${codeOf(error, signal)}).` };
  }
}

/** A short word for what went wrong with a call; nothing of the call itself is in it. */
export function codeOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return "no answer in time";
  const cause = error instanceof Error ? error.cause : undefined;
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && /^[A-Z0-9_]{1,40}$/.test(code) ? code : "connection failed";
}
