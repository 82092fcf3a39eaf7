/** Whether this process proves whom it speaks with: Node takes any certificate where its environment says so. */

const name = "NODE_TLS_REJECT_UNAUTHORIZED";

/** Why nothing that a server says can be believed, and the command that mends it; undefined where certificates are verified. */
export function unprovenCertificates(
  environment: Readonly<Record<string, string | undefined>>,
): { readonly message: string; readonly remedy: string } | undefined {
  // Node heeds this value alone; every other one leaves verification on.
  if (environment[name] !== "0") return undefined;
  const message = `\`${name}\` is 0, wanted is that it is not set: Node would then take anybody's certificate, give the bot's token to whoever answers, and the gate would believe what it says.`;
  return { message, remedy: `unset ${name}` };
}
