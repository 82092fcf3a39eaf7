/** Ports that may be reached from outside their host (`operations/ports.yaml`): each by name, with a reason and an owner. */

import { z } from "zod";

const port = z.strictObject({
  /** The container, by its name on the engine. */
  container: z.string().min(1),
  /** The host's port. */
  port: z.int().min(1).max(65_535),
  protocol: z.enum(["tcp", "udp"]).default("tcp"),
  /** The one address that it is bound to; `0.0.0.0` for all. */
  address: z.union([z.ipv4(), z.ipv6()]),
  reason: z.string().trim().min(1),
  owner: z.string().trim().min(1),
});

/** The file `operations/ports.yaml`. */
export const portsSchema = z.strictObject({ version: z.literal(1), published: z.array(port) });

export type PublishedPort = z.output<typeof port>;

export type ParsedPorts =
  | { readonly ok: true; readonly published: readonly PublishedPort[] }
  | { readonly ok: false; readonly problem: string };

/** @param raw the file's data. */
export function checkPorts(raw: unknown): ParsedPorts {
  const parsed = portsSchema.safeParse(raw);
  if (parsed.success) return { ok: true, published: parsed.data.published };
  const faults = parsed.error.issues.map(({ path, message }) => `\`${z.core.toDotPath(path) || "ports"}\`: ${message}.`);
  return { ok: false, problem: faults.join(" ") };
}
