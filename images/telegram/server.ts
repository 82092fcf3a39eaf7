/** The emulator's HTTP shell: checks the token, hands calls on, and never writes a path (which holds the token) to its log. */

import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Bot } from "./chat.ts";
import { control } from "./control.ts";
import { Emulator, type Fate } from "./emulator.ts";
import { type Answer, failure } from "./methods.ts";
import { page } from "./page.ts";
import { BadBody, readParameters } from "./parameters.ts";

export interface ServerOptions {
  /** Gives the bot's token now, or undefined where none can be read; asked at every call, so a rotation needs no restart. */
  readonly token: () => string | undefined;
  readonly log: (line: string) => void;
  readonly now?: () => Date;
}

const botUsername = "phillbot_dev_bot";

/** The part before the colon of a token is the bot's id; undefined where the token has no such shape. */
function botOf(token: string | undefined): Bot | undefined {
  const id = /^(\d{1,15}):./.exec(token ?? "")?.[1];
  return id === undefined ? undefined : { id: Number(id), username: botUsername };
}

function same(given: string, wanted: string | undefined): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted ?? "")];
  return b.length > 0 && a.length === b.length && timingSafeEqual(a, b);
}

function respond(response: ServerResponse, fate: Fate): void {
  if (fate === "close") {
    response.destroy();
    return;
  }
  const body = Buffer.from(JSON.stringify(fate.body));
  response.writeHead(fate.status, { "content-type": "application/json", "content-length": body.length }).end(body);
}

/** Carries out `/bot<token>/<method>`. */
async function botCall(
  request: IncomingMessage,
  url: URL,
  use: { readonly options: ServerOptions; readonly emulator: Emulator; readonly left: AbortSignal },
): Promise<Fate> {
  const [, given = "", method = ""] = /^\/bot([^/]+)\/([A-Za-z]{1,64})$/.exec(decodeURIComponent(url.pathname)) ?? [];
  if (method === "") return failure(404, "Not Found");
  const token = use.options.token();
  const bot = botOf(token);
  const parameters = await readParameters(request, url.searchParams);
  const fate =
    bot === undefined || !same(given, token)
      ? failure(401, "Unauthorized")
      : await use.emulator.call(method, { parameters, bot, left: use.left });
  const unknown = use.emulator.calls.unknown.includes(method) ? ` Unknown Bot API method \`${method}\`: not emulated.` : "";
  use.options.log(`${method} ${fate === "close" ? "closed" : fate.status}${unknown}`);
  return fate;
}

async function answer(request: IncomingMessage, response: ServerResponse, use: Parameters<typeof botCall>[2]): Promise<void> {
  const url = new URL(request.url ?? "/", "http://emulator");
  const bot = botOf(use.options.token());
  if (url.pathname === "/" && request.method === "GET") {
    const html = page();
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": html.policy });
    response.end(html.body);
    return;
  }
  if (url.pathname === "/healthz") {
    const health: Answer = bot === undefined ? failure(503, "No bot token can be read.") : { status: 200, body: { ok: true } };
    respond(response, health);
    return;
  }
  if (url.pathname.startsWith("/_control/")) {
    const by = bot ?? { id: 0, username: botUsername };
    respond(response, await control(request, url, { emulator: use.emulator, bot: by, left: use.left }));
    return;
  }
  respond(response, await botCall(request, url, use));
}

/** Makes the server; the caller listens and closes. */
export function emulatorServer(options: ServerOptions): Server {
  const emulator = new Emulator(options.now ?? (() => new Date()));
  return createServer((request, response) => {
    const left = new AbortController();
    response.once("close", () => left.abort());
    answer(request, response, { options, emulator, left: left.signal }).catch((error: unknown) => {
      if (error instanceof BadBody) respond(response, failure(400, error.message));
      else if (error instanceof URIError) respond(response, failure(404, "Not Found"));
      else {
        // The message could quote the request; its name cannot.
        options.log(`A request failed: ${error instanceof Error ? error.name : "unknown error"}.`);
        response.destroy();
      }
    });
  });
}
