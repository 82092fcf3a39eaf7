/** The REST server's shell: `/rest/v1` for holders of a key, `/healthz`, and an answer in bounded time whatever the database does. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Backends } from "./backend.ts";
import type { RestSettings } from "./settings.ts";

const requestLimitMs = 10_000;
const pingLimitMs = 2000;
const bodyLimit = 1024 * 1024;

/** An answer of our own, in the shape and with the codes of PostgREST. */
const trouble = (status: number, code: string, message: string) =>
  Response.json({ code, message, details: null, hint: null }, { status });
const unreachable = () => trouble(503, "PGRST000", "Could not connect with the database.");
const timedOut = () => trouble(504, "PGRST003", "The database did not answer in time.");

/** Settles as `work` does, or with `late` once the time is up. The work itself may go on. */
async function within<T, U>(work: Promise<T>, limitMs: number, late: () => U): Promise<T | U> {
  const { promise, resolve } = Promise.withResolvers<U>();
  const timer = setTimeout(() => resolve(late()), limitMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function read(request: IncomingMessage): Promise<Buffer<ArrayBuffer> | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > bodyLimit) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** A key comes in `apikey`; a token of another issuer has no meaning here, and must not be taken for one. */
function strangeAuthorization(headers: Headers): boolean {
  const authorization = headers.get("authorization");
  return authorization !== null && authorization !== `Bearer ${headers.get("apikey")}`;
}

/** True where a function is not in the schema that the server remembers: a migration may have brought it since. */
async function unknownFunction(response: Response): Promise<boolean> {
  if (response.status !== 404) return false;
  const body = (await response
    .clone()
    .json()
    .catch(() => ({}))) as { code?: unknown };
  return body.code === "PGRST202" || body.code === "PGRST205";
}

export function restServer(settings: RestSettings, log: (line: string) => void): Server {
  const backends = new Backends(settings);

  const reachable = async (): Promise<boolean> => {
    const backend = backends.current;
    const seen = await within(
      backend.connection.exec("select 1").then(
        () => "yes",
        () => "no",
      ),
      pingLimitMs,
      () => "late",
    );
    if (seen === "late") backends.renew(backend);
    return seen === "yes";
  };

  const ask = async (request: () => Request, peerAddress: string | null): Promise<Response> => {
    const backend = backends.current;
    const answer = await within(backend.app.fetch(request(), { peerAddress }), requestLimitMs, timedOut);
    if (answer.status === 504) backends.renew(backend);
    // The library reports a lost database as its own fault, or as a function that does not exist.
    if ((answer.status >= 500 && answer.status !== 504) || (await unknownFunction(answer))) {
      if (!(await reachable())) return unreachable();
    }
    return answer;
  };

  const answerTo = async (incoming: IncomingMessage): Promise<Response> => {
    const url = new URL(incoming.url ?? "/", "http://rest");
    if (url.pathname === "/healthz") return (await reachable()) ? Response.json({ ok: true }) : unreachable();
    if (!url.pathname.startsWith("/rest/v1/")) return trouble(404, "PGRST125", "Only `/rest/v1/` is served.");
    const headers = new Headers();
    for (const [name, value] of Object.entries(incoming.headers)) if (typeof value === "string") headers.set(name, value);
    if (strangeAuthorization(headers)) return trouble(401, "PGRST301", "Only the key itself is accepted as a bearer token.");
    const body = await read(incoming);
    if (body === undefined) return trouble(413, "PGRST102", `The body is above the limit of ${bodyLimit} bytes.`);
    const method = incoming.method ?? "GET";
    const request = () => new Request(url, { method, headers, ...(body.length > 0 ? { body } : {}) });
    const peer = incoming.socket.remoteAddress ?? null;
    const first = await ask(request, peer);
    if (!(await unknownFunction(first))) return first;
    await backends.current.connection.clearSchemaCache();
    return await ask(request, peer);
  };

  return createServer((incoming, outgoing) => {
    const started = Date.now();
    answerTo(incoming)
      .catch((error: unknown) => {
        log(`A request failed: ${error instanceof Error ? error.name : "unknown error"}.`);
        return trouble(500, "PGRST000", "The request failed within the server.");
      })
      .then(async (response) => {
        const path = (incoming.url ?? "").split("?")[0];
        if (path !== "/healthz") log(`${incoming.method} ${path} ${response.status} ${Date.now() - started} ms`);
        await send(outgoing, response);
      })
      .catch(() => outgoing.destroy());
  });
}

async function send(outgoing: ServerResponse, response: Response): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer());
  outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(body);
}
