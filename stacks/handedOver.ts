/** The environment that secrets are looked up in: the program's own, and what `deck` hands over so that nobody inherits it. */

import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { z } from "zod";

const values = z.record(z.string(), z.string());

/** @throws Error where a socket is named and does not answer: its values are not looked for elsewhere. */
export async function operatorEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Readonly<Record<string, string | undefined>>> {
  const socket = environment.PHILLBOT_SECRETS_SOCKET;
  if (socket === undefined || socket === "") return environment;
  return { ...environment, ...values.parse(JSON.parse(await text(connect(socket)))) };
}
