/** The check `provider`: the model provider accepts the key, has the model, and answers the gateway; without one there is nothing to accept. */

import { reachFromGateway } from "../host/gateway.ts";
import type { Finding } from "../model/check.ts";
import { onHost } from "../model/operatorCommand.ts";
import { judgeModel, judgeProvider, type ProviderName, providerCalls } from "../model/provider.ts";
import type { Secret } from "../model/secret.ts";
import { providerSecret, type Settings } from "../model/settings.ts";
import { secretSourceAdvice, stackPlaceholder } from "../model/settingsAdvice.ts";
import type { Check, Target } from "./check.ts";
import { codeOf } from "./telegramApi.ts";

const requestLimitMs = 15_000;

export const providerCheck: Check = {
  id: "provider",
  title:
    "The model provider accepts the key, has the model and is reached by the gateway; with no provider the bot answers commands only.",
  deadlineMs: 40_000,
  probe: async (target, { signal }) => {
    const { settings, secrets, stack } = target;
    const { provider } = settings;
    if (provider.name === "none") {
      return {
        status: "pass",
        summary: "No model provider is configured: the bot answers commands only.",
        measured: { provider: "none" },
      };
    }
    const key = secrets.get(providerSecret[provider.name]);
    if (key === undefined) return absent(provider.name, stack);
    const asked = await ask(provider, key, signal);
    return asked.status === "pass" ? await reached(target, asked, signal) : asked;
  },
};

type Provider = Exclude<Settings["provider"], { readonly name: "none" }>;

const withoutSlash = (root: string) => root.replace(/\/+$/, "");

/** Whether the key is accepted, and then whether there is the model. */
async function ask({ name, model, apiRoot }: Provider, key: Secret, signal: AbortSignal): Promise<Finding> {
  const call = providerCalls[name];
  const base = withoutSlash(apiRoot ?? call.root);
  const origin = new URL(base).origin;
  const measured = { provider: name, origin, model };
  const limited = AbortSignal.any([signal, AbortSignal.timeout(requestLimitMs)]);
  const get = async (path: string) => {
    // A redirect would carry the key to another address.
    const options: RequestInit = { headers: call.headers(key.reveal()), redirect: "error", signal: limited };
    const response = await fetch(`${base}${path}`, options);
    return { status: response.status, body: (await response.json().catch(() => undefined)) as unknown };
  };
  try {
    const { status: httpStatus, body } = await get(call.path);
    const accepted = judgeProvider(name, httpStatus, body);
    if (accepted.status !== "pass")
      return { ...remedy(accepted.status, name, origin), ...accepted, measured: { ...measured, httpStatus } };
    const answer = await get(call.modelPath(model));
    const judged = judgeModel(name, model, answer);
    const seen = { ...measured, httpStatus, modelStatus: answer.status };
    if (judged.status === "pass") return { status: "pass", summary: `${accepted.summary} ${judged.summary}`, measured: seen };
    const own = judged.status === "fail" ? { remedy: modelRemedy } : remedy(judged.status, name, origin);
    return { ...judged, measured: seen, ...own };
  } catch (error) {
    const summary = `${name} at ${origin} did not answer (${codeOf(error, limited)}).`;
    return { status: "error", summary, measured: { ...measured, httpStatus: null }, ...remedy("error", name, origin) };
  }
}

/** The gate asks from the operator's machine; the bot asks from its container. */
async function reached({ settings, host, declared }: Target, asked: Finding, signal: AbortSignal): Promise<Finding> {
  const { provider } = settings;
  if (provider.name === "none") return asked;
  const container = declared.gateway.name;
  const address = withoutSlash(provider.gatewayApiRoot ?? provider.apiRoot ?? providerCalls[provider.name].root);
  const { origin } = new URL(address);
  const way = await reachFromGateway(host, container, { address, signal });
  const measured = { ...asked.measured, fromGateway: "status" in way ? way.status : null };
  if ("status" in way) return { ...asked, summary: `${asked.summary} The gateway reaches ${origin}.`, measured };
  const byHand = `docker exec ${container} node -e 'console.log((await fetch("${origin}")).status)'`;
  const found = { measured, remedy: onHost(settings.host, byHand) };
  if ("silent" in way)
    return { ...found, status: "fail", summary: `The gateway cannot reach ${origin} (${way.silent}); any answer is required.` };
  return { ...found, status: "error", summary: `Whether the gateway reaches ${origin} could not be told (${way.unread}).` };
}

const modelRemedy = "npx deck up # once `phillbot:provider.model` names a model that the provider has";

function remedy(status: Finding["status"], name: ProviderName, origin: string): Pick<Finding, "remedy"> {
  if (status === "pass") return {};
  if (status === "fail") return { remedy: `npx deck up # once the source of \`${providerSecret[name]}\` gives a valid key` };
  return { remedy: `curl -sS -o /dev/null -w '%{http_code}\\n' ${origin}` };
}

function absent(name: ProviderName, stack: string): Finding {
  return {
    status: "fail",
    summary: `The provider is \`${name}\`, but its key \`${providerSecret[name]}\` has no value.`,
    measured: { provider: name, key: null },
    remedy: secretSourceAdvice(providerSecret[name], true).replaceAll(stackPlaceholder, stack),
  };
}
