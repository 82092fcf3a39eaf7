/** Reads the parameters of a Bot API request: query, JSON, form or multipart, as Telegram accepts them. */

import type { IncomingMessage } from "node:http";
import type { Parameters } from "./methods.ts";

const bodyLimit = 20 * 1024 * 1024;

/** The request cannot be read; the text is fit for the client. */
export class BadBody extends Error {
  override readonly name = "BadBody";
}

/** Reads the body up to the limit. Throws `BadBody` beyond it. */
export async function readBody(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > bodyLimit) throw new BadBody("Request Entity Too Large");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Reads a JSON object. Throws `BadBody` on anything else. */
export function parseObject(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Not JSON at all: refused below like any other JSON that is no object.
  }
  throw new BadBody("Bad Request: the body is no JSON object");
}

/** Gives query and body as one record; a file is represented by its name. Throws `BadBody`. */
export async function readParameters(request: IncomingMessage, query: URLSearchParams): Promise<Parameters> {
  const body = await readBody(request);
  const type = request.headers["content-type"] ?? "";
  const inQuery = Object.fromEntries(query);
  if (body.length === 0) return inQuery;
  if (type.startsWith("application/json")) return { ...inQuery, ...parseObject(body) };
  return { ...inQuery, ...(await parseForm(body, type)) };
}

async function parseForm(body: Buffer<ArrayBuffer>, type: string): Promise<Parameters> {
  try {
    const form = await new Response(body, { headers: { "content-type": type } }).formData();
    return Object.fromEntries([...form].map(([name, value]) => [name, typeof value === "string" ? value : value.name]));
  } catch {
    throw new BadBody("Bad Request: can't parse the request body");
  }
}
