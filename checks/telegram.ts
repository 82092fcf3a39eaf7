/** The check `telegram`: the channel is healthy by the gateway's and the Bot API's own word, and on development stacks the bot answers. */

import { channelStateCommand } from "../host/gateway.ts";
import { clockSkewMs } from "../host/open.ts";
import type { Finding } from "../model/check.ts";
import { jsonIn } from "../model/jsonIn.ts";
import { onHost } from "../model/operatorCommand.ts";
import { standInsOf } from "../model/rehearsal.ts";
import { type Fault, notRunning } from "../model/runtime.ts";
import type { Secret } from "../model/secret.ts";
import { secretSourceAdvice, stackPlaceholder } from "../model/settingsAdvice.ts";
import { judgeTelegram, type Reading, telegramTerms } from "../model/telegramHealth.ts";
import { telegramRemedy, tokenPlace } from "../model/telegramRemedy.ts";
import type { Check, Target } from "./check.ts";
import { EngineSilent, findGateway } from "./engine.ts";
import { GatewaySilent, type GatewayTrouble, gatewayHealth } from "./gatewayClient.ts";
import { askBotApi } from "./telegramApi.ts";
import { roundTrip } from "./telegramRoundTrip.ts";

/** One question, longer than the gateway gives its own to Telegram; the check as a whole asks again until its deadline. */
const questionLimitMs = 15_000;

export const telegramCheck: Check = {
  id: "telegram",
  title:
    "The Telegram channel is ready and connected, no webhook is set, no update waits; on development stacks the bot answers.",
  settles: true,
  // As long as `runtime` gives the container to become healthy: before that there is no channel to ask.
  deadlineMs: 180_000,
  probe: async (target, { signal, now, progress }) => {
    const gatewayToken = target.secrets.get("OPENCLAW_GATEWAY_TOKEN");
    const botToken = target.secrets.get("TELEGRAM_BOT_TOKEN");
    if (gatewayToken === undefined) return absent("OPENCLAW_GATEWAY_TOKEN", target.stack);
    if (botToken === undefined) return absent("TELEGRAM_BOT_TOKEN", target.stack);
    const botId = /^(\d+):/.exec(botToken.reveal())?.[1];
    if (botId === undefined) return misshapen(target);

    const { apiRoot, gatewayApiRoot } = target.settings.telegram;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(questionLimitMs)]);
    const botApi = { apiRoot, token: botToken, signal: limited };
    // The gateway tells times by its host's clock.
    const skewMs = await clockSkewMs(target.host, now);
    const askedAtMs = now().getTime() + skewMs;
    const [gateway, me, webhook] = await Promise.all([
      askGateway(target, gatewayToken, limited),
      askBotApi(botApi, "getMe"),
      askBotApi(botApi, "getWebhookInfo"),
    ]);
    // Each question starts a Node in the container, which a gateway that boots there waits for.
    const container = "silent" in gateway ? notAsked : await askContainer(target, limited);
    const terms = telegramTerms({ gateway, container, me, webhook, botId, askedAtMs });
    const finding = judgeTelegram(terms);
    if (finding.status !== "pass") {
      const { host } = target.settings;
      const vain = await inVain(target, gateway, limited);
      if (vain !== undefined)
        return { ...finding, summary: `${vain.reason} ${finding.summary}`, remedy: vain.remedy, isFinal: true };
      const [fromHere, fromGateway] = [apiRoot, gatewayApiRoot ?? apiRoot].map((root) => new URL(root).origin) as [
        string,
        string,
      ];
      const isStandIn = standInsOf(target.settings).some(({ path }) => path[0] === "telegram");
      const token = target.settings.secrets.TELEGRAM_BOT_TOKEN?.from;
      const container = target.declared.gateway.name;
      const remedy = telegramRemedy(terms, { host, container, fromHere, fromGateway, token, isStandIn });
      const isRefused = "refused" in me && me.refused === 401;
      return { ...finding, ...(remedy === undefined ? {} : { remedy }), ...(isRefused ? { isFinal: true } : {}) };
    }
    if (target.settings.devServices === undefined) return { ...finding, summary: `${finding.summary} ${unproven}` };
    progress("The channel is ready; saying /whoami to the bot.");
    return await roundTrip(target, finding, signal);
  },
};

const unproven = "Not proven: that it answers a message (only a development stack can send it one).";

type GatewayReading = Reading & { readonly trouble?: GatewayTrouble };

async function askGateway({ host, declared }: Target, token: Secret, signal: AbortSignal): Promise<GatewayReading> {
  await using forward = await host.forward(declared.gateway.port);
  try {
    return { answer: await gatewayHealth({ port: forward.port, token, signal }) };
  } catch (error) {
    if (error instanceof GatewaySilent) return { silent: error.message, trouble: error.trouble };
    throw error;
  }
}

/** What no waiting mends, unlike a boot or a lost connection: the gateway was stopped or removed, or another token was deployed. */
async function inVain(
  { host, settings, declared }: Target,
  read: GatewayReading,
  signal: AbortSignal,
): Promise<Fault | undefined> {
  if (read.trouble === "token") {
    const reason = "What runs was deployed with another gateway token than the one in use here.";
    return { reason, remedy: "npx deck up" };
  }
  try {
    const { named } = await findGateway(host, declared.gateway, signal);
    // A container that the engine is starting anew, or that somebody is replacing, has not come to its end.
    if (named?.status === "restarting" || named?.status === "removing") return undefined;
    return notRunning(named, declared.gateway, { onHost: (command) => onHost(settings.host, command) });
  } catch (error) {
    if (error instanceof EngineSilent) return undefined;
    throw error;
  }
}

const notAsked: Reading = { silent: "What its container says was not asked, since the gateway does not answer." };

async function askContainer({ host, settings, declared }: Target, signal: AbortSignal): Promise<Reading> {
  const container = declared.gateway.name;
  const { gatewayApiRoot, apiRoot } = settings.telegram;
  const { code, stdout } = await host.run(channelStateCommand(host, container, gatewayApiRoot ?? apiRoot), { signal });
  if (code === 0) return { answer: jsonIn(stdout) };
  return { silent: `The channel's state in \`${container}\` could not be read (exit ${code ?? "none"}, wanted 0).` };
}

const misshapen = ({ settings }: Target): Finding => ({
  status: "fail",
  summary: "The value of `TELEGRAM_BOT_TOKEN` has no token's shape: it must be the bot's numeric id, a colon and a secret.",
  measured: { tokenShape: false },
  remedy: `npx deck up # once ${tokenPlace(settings.secrets.TELEGRAM_BOT_TOKEN?.from)} gives a token as @BotFather issues it`,
});

function absent(name: string, stack: string): Finding {
  return {
    status: "error",
    summary: `The secret \`${name}\` has no value here, so the channel cannot be asked.`,
    measured: { [name]: null },
    remedy: secretSourceAdvice(name, true).replaceAll(stackPlaceholder, stack),
  };
}
