/** Asks the gateway for its health over its own protocol: one connection, one question, within the caller's time. */

import { GatewayClient, GatewayClientRequestError } from "@openclaw/gateway-client";
import { z } from "zod";
import type { Secret } from "../model/secret.ts";

/** Why the gateway gave no health: told by codes, never by a message's text. */
export type GatewayTrouble =
  /** No connection, or it closed before an answer. */
  | "unreachable"
  /** The gateway has another token than the one it was shown. */
  | "token"
  /** The gateway refused the request. */
  | "refused"
  /** The caller's time was up. */
  | "timeout";

export class GatewaySilent extends Error {
  override readonly name = "GatewaySilent";
  readonly trouble: GatewayTrouble;

  constructor(trouble: GatewayTrouble, message: string) {
    super(message);
    this.trouble = trouble;
  }
}

export interface GatewayAddress {
  /** Port on this machine's 127.0.0.1. */
  readonly port: number;
  readonly token: Secret;
  /** Ends the asking. */
  readonly signal: AbortSignal;
}

/**
 * Gives the gateway's answer to `health` as it came; `model/telegramHealth.ts` reads it.
 * @throws GatewaySilent where there is none. Its message quotes nothing that came over the wire.
 */
export async function gatewayHealth({ port, token, signal }: GatewayAddress): Promise<unknown> {
  const { promise: answer, resolve, reject } = Promise.withResolvers<unknown>();
  const where = `the gateway on 127.0.0.1:${port}`;
  const stopped = () => reject(new GatewaySilent("timeout", `No answer from ${where} in time.`));
  const client = new GatewayClient({
    url: `ws://127.0.0.1:${port}`,
    token: token.reveal(),
    onHelloOk: () => {
      // Without `probe` the answer may be a minute old.
      client
        .request("health", { probe: true }, { signal, timeoutMs: null })
        .then(resolve, (error: unknown) => reject(silence(error, where)));
    },
    // The client itself would try again for ever.
    onConnectError: (error) => reject(silence(error, where)),
    onReconnectPaused: ({ code }) => reject(new GatewaySilent("refused", `Refused by ${where} (close code ${code}).`)),
    onClose: (code) => reject(new GatewaySilent("unreachable", `The connection to ${where} closed (code ${code}).`)),
  });
  signal.addEventListener("abort", stopped);
  try {
    if (signal.aborted) stopped();
    else client.start();
    return await answer;
  } finally {
    signal.removeEventListener("abort", stopped);
    client.stop();
  }
}

/** The protocol's detail of a refused connection. */
const otherToken = z.object({ code: z.literal("AUTH_TOKEN_MISMATCH") });

function silence(error: unknown, where: string): GatewaySilent {
  if (error instanceof GatewayClientRequestError) {
    if (otherToken.safeParse(error.details).success)
      return new GatewaySilent("token", `Refused by ${where}: it has another \`OPENCLAW_GATEWAY_TOKEN\`.`);
    return new GatewaySilent("refused", `Refused by ${where} (${error.gatewayCode}).`);
  }
  const code = (error as NodeJS.ErrnoException).code;
  return new GatewaySilent("unreachable", `No connection to ${where}${code === undefined ? "" : ` (${code})`}.`);
}
