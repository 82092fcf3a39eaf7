/** The control interface under `/_control/`: what Telegram's users, and those who test, do to the emulated Bot API. */

import type { IncomingMessage } from "node:http";
import type { Bot } from "./chat.ts";
import type { Emulator } from "./emulator.ts";
import { type Answer, whole } from "./methods.ts";
import { BadBody, parseObject, readBody } from "./parameters.ts";
import { type Fault, faults, type User, type Watch } from "./state.ts";

const longestWaitMs = 60_000;

const ok = (body: Readonly<Record<string, unknown>>): Answer => ({ status: 200, body: { ok: true, ...body } });
const refused = (status: number, description: string): Answer => ({ status, body: { ok: false, description } });

/**
 * The port is published on loopback only; this keeps out web pages that a developer's browser happens to show. A page of
 * another site cannot send JSON unasked, and one whose name was rebound to this machine shows its own name as the host.
 */
function strange(request: IncomingMessage): boolean {
  const host = request.headers.host ?? "";
  const loopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
  const origin = request.headers.origin;
  const json = request.method === "GET" || (request.headers["content-type"] ?? "").startsWith("application/json");
  return !loopback || !json || (origin !== undefined && origin !== `http://${host}`);
}

function userOf(value: unknown): User {
  const { id, username } = (value ?? {}) as { id?: unknown; username?: unknown };
  const number = whole(id);
  if (number === undefined || number < 1) throw new BadBody("`from.id` must be a whole number above 0.");
  return { id: number, username: typeof username === "string" && username !== "" ? username : `user${number}` };
}

function textOf(value: unknown, property: string): string {
  if (typeof value !== "string" || value === "") throw new BadBody(`\`${property}\` must be a text that is not empty.`);
  return value;
}

function watchOf(query: URLSearchParams): Watch {
  const chat = whole(query.get("chat"));
  const by = query.get("by");
  return {
    after: whole(query.get("after")) ?? 0,
    ...(chat === undefined ? {} : { chat }),
    ...(by === "bot" || by === "user" ? { by } : {}),
  };
}

type Route = (use: {
  readonly emulator: Emulator;
  readonly bot: Bot;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly left: AbortSignal;
}) => Answer | Promise<Answer>;

const routes: Readonly<Record<string, Route>> = {
  "GET /_control/fault": ({ emulator }) => ok({ fault: emulator.state.fault }),
  "PUT /_control/fault": ({ emulator, body }) => {
    const fault = faults.find((known) => known === body.fault);
    if (fault === undefined) return refused(400, `\`fault\` must be one of ${faults.join(", ")}.`);
    emulator.setFault(fault satisfies Fault);
    return ok({ fault });
  },
  "GET /_control/messages": async ({ emulator, query, left }) => {
    const waitMs = Math.min(Math.max(whole(query.get("wait")) ?? 0, 0), longestWaitMs);
    return ok({ messages: await emulator.watch(watchOf(query), waitMs, left) });
  },
  "POST /_control/messages": ({ emulator, body }) => {
    const updateId = emulator.userWrites(userOf(body.from), textOf(body.text, "text"));
    return ok({ update_id: updateId, after: updateId });
  },
  "POST /_control/presses": ({ emulator, body, bot }) => {
    const messageId = whole(body.message_id);
    if (messageId === undefined) return refused(400, "`message_id` must be a whole number.");
    const updateId = emulator.userPresses(userOf(body.from), { messageId, data: textOf(body.data, "data"), bot });
    return ok({ update_id: updateId, after: updateId });
  },
  "GET /_control/updates": ({ emulator }) => ok({ updates: emulator.state.pending }),
  "GET /_control/calls": ({ emulator }) => ok(emulator.calls),
  "POST /_control/clear": ({ emulator }) => {
    emulator.clear();
    return ok({});
  },
};

/** Answers a request below `/_control/`. Throws `BadBody`. */
export async function control(
  request: IncomingMessage,
  url: URL,
  use: { readonly emulator: Emulator; readonly bot: Bot; readonly left: AbortSignal },
): Promise<Answer> {
  if (strange(request)) return refused(403, "The control interface takes JSON from this machine only.");
  const route = routes[`${request.method} ${url.pathname}`];
  if (route === undefined) return refused(404, "No such control call.");
  const raw = await readBody(request);
  const body = raw.length === 0 ? {} : parseObject(raw);
  return await route({ ...use, query: url.searchParams, body });
}
