/** The command to type next when the Telegram channel is not healthy. */

import { onHost } from "./operatorCommand.ts";
import type { SecretSource, Settings } from "./settings.ts";
import type { Term } from "./telegramHealth.ts";

export interface RemedyContext {
  readonly host: Settings["host"];
  /** Name of the gateway's container. */
  readonly container: string;
  /** The Bot API's origins, as the gate asks it and as the gateway does. */
  readonly fromHere: string;
  readonly fromGateway: string;
  /** Where the bot's token comes from; never its value. */
  readonly token: SecretSource | undefined;
  /** True where a stand-in plays Telegram. */
  readonly isStandIn: boolean;
}

/** Where `TELEGRAM_BOT_TOKEN` is changed, as the settings name it. */
export function tokenPlace(source: SecretSource | undefined): string {
  const name = "`TELEGRAM_BOT_TOKEN`";
  if (source === undefined) return `the source of ${name}`;
  if ("file" in source) return `the line ${name} of \`${source.file}\``;
  return "env" in source ? `the variable \`${source.env}\`` : `the command behind ${name}`;
}

function issuer({ isStandIn }: Pick<RemedyContext, "isStandIn">): string {
  return isStandIn ? "the stand-in takes any of the form `<digits>:<35 letters, digits, _ or ->`" : "@BotFather issues one";
}

/** Starts a channel that stands still: after a crash loop, or after a token that was refused for a while. */
export function startChannel({ host, container }: Pick<RemedyContext, "host" | "container">): string {
  return onHost(host, `docker exec ${container} openclaw gateway call channels.start --params '{"channel":"telegram"}'`);
}

/** Chosen by the term nearest to the cause: a refused token stops the channel, so the token comes first. */
export function telegramRemedy(terms: readonly Term[], context: RemedyContext): string | undefined {
  const { host, container, fromHere, fromGateway } = context;
  const is = (id: string, status: Term["status"]) => terms.some((term) => term.id === id && term.status === status);
  const notPassed = (id: string) => terms.some((term) => term.id === id && term.status !== "pass");
  const logs = "npx deck logs --since 5m";
  if (is("getMe", "fail")) return `npx deck up # once ${tokenPlace(context.token)} gives a valid token; ${issuer(context)}`;
  if (is("getMe", "error") || is("webhook", "error")) return `curl -sS -o /dev/null -w '%{http_code}\\n' ${fromHere}`;
  if (notPassed("gateway")) return logs;
  const way = onHost(host, `docker exec ${container} node -e 'console.log((await fetch("${fromGateway}")).status)'`);
  // Where the gateway's own question to Telegram runs out of time, it says that and nothing else of the channel.
  if (is("running", "inconclusive") && is("lastError", "fail")) return way;
  if (notPassed("running") || is("lifecycle", "fail")) {
    return terms.some((term) => term.id === "running" && term.value === true) ? recovering(logs) : startChannel(context);
  }
  if (is("webhook", "fail")) return onHost(host, `docker restart --time 330 ${container}`);
  if (is("lastTransportActivityAt", "fail") || is("fromGateway", "error")) return way;
  if (notPassed("connected") || notPassed("lastError")) return recovering(logs);
  if (is("muted", "fail")) return "npx deck smoke telegram # once the owner who told the bot `/send off` has sent it `/send on`";
  return terms.some((term) => term.status !== "pass") ? logs : undefined;
}

/** The gateway tries by itself; what it needs is that the other poller ends. */
const recovering = (logs: string) => `${logs} # a getUpdates conflict there means that another poller uses the token: end it`;
