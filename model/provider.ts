/** The model providers: which requests prove a key and a model at the least cost, and what their answers mean. */

import { z } from "zod";
import type { CheckStatus } from "./check.ts";
import { providerSecret, type Settings } from "./settings.ts";

export type ProviderName = Exclude<Settings["provider"]["name"], "none">;

interface ProviderCall {
  /** The address that the path is appended to, unless the settings give another. */
  readonly root: string;
  /** What OpenClaw wants behind the root as its `baseUrl`, and the protocol that it then speaks there. */
  readonly base: { readonly path: string; readonly api: string };
  /** What its models take. A declared model takes text alone unless this says more, so photos would not reach it. */
  readonly input: readonly ("text" | "image")[];
  /** A question that costs no tokens. */
  readonly path: string;
  /** What the key travels in: a header, never the address. */
  readonly headers: (key: string) => Readonly<Record<string, string>>;
  /** What an accepted key is answered with: a page of something else with status 200 proves nothing. */
  readonly accepted: z.ZodType;
  /** What an accepted key may still spend, where the answer says so; undefined where nothing limits it. */
  readonly left?: (body: unknown) => number | undefined;
  /** Where a person raises that limit. */
  readonly limits?: string;
  /** Where a model is asked for by its name, as free of cost. */
  readonly modelPath: (model: string) => string;
  /** Whether an answer with status 200 says that there is the model; undefined where it says nothing of models. */
  readonly hasModel: (body: unknown, model: string) => boolean | undefined;
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const listOfModels = z.object({ data: z.array(z.object({ id: z.string() })).min(1) });

/** A question for one model: 404 where there is none. An alias is answered with another id. */
const oneModel = {
  modelPath: (model: string) => `/v1/models/${encodeURIComponent(model)}`,
  hasModel: (body: unknown) => z.object({ id: z.string().min(1) }).safeParse(body).success || undefined,
};

/** A key without a limit has null there. */
const openrouterKey = z.object({ data: z.object({ label: z.string(), limit_remaining: z.number().nullish() }) });

/** Ways to be served that openrouter takes behind any model's name, and that its list leaves out. */
const openrouterWays = /:(?:nitro|floor|online|exacto)$/;

export const providerCalls: Readonly<Record<ProviderName, ProviderCall>> = {
  anthropic: {
    root: "https://api.anthropic.com",
    base: { path: "", api: "anthropic-messages" },
    input: ["text", "image"],
    path: "/v1/models?limit=1",
    headers: (key) => ({ "x-api-key": key, "anthropic-version": "2023-06-01" }),
    accepted: listOfModels,
    ...oneModel,
  },
  openai: {
    root: "https://api.openai.com",
    base: { path: "/v1", api: "openai-responses" },
    input: ["text", "image"],
    path: "/v1/models",
    headers: bearer,
    accepted: listOfModels,
    ...oneModel,
  },
  // Its list of models is public and proves no key.
  openrouter: {
    root: "https://openrouter.ai/api",
    base: { path: "/v1", api: "openai-completions" },
    // Some of those behind it refuse images.
    input: ["text"],
    path: "/v1/key",
    headers: bearer,
    accepted: openrouterKey,
    left: (body) => openrouterKey.parse(body).data.limit_remaining ?? undefined,
    limits: "https://openrouter.ai/settings/keys",
    modelPath: () => "/v1/models",
    hasModel: (body, model) => {
      const list = listOfModels.safeParse(body);
      if (!list.success) return undefined;
      return list.data.data.some(({ id }) => id === model || id === model.replace(openrouterWays, ""));
    },
  },
};

interface Judged {
  readonly status: CheckStatus;
  readonly summary: string;
  readonly remedy?: string;
}

/** What the answer to the proving request means. */
export function judgeProvider(name: ProviderName, status: number, body: unknown): Judged {
  if (status === 401 || status === 403) {
    return {
      status: "fail",
      summary: `${name} answered ${status}; 200 is required: it does not accept the key \`${providerSecret[name]}\`.`,
    };
  }
  if (status !== 200) return { status: "error", summary: `${name} answered ${status}; 200 is required.` };
  if (!providerCalls[name].accepted.safeParse(body).success) {
    return {
      status: "inconclusive",
      summary: `${name} answered 200 with a content of unknown shape, which does not prove the key.`,
    };
  }
  const { left, limits } = providerCalls[name];
  const remaining = left?.(body);
  if (remaining !== undefined && remaining <= 0) {
    return {
      status: "fail",
      summary: `${name} accepts the key \`${providerSecret[name]}\`, and what is left of its limit is ${remaining}; more than 0 is required.`,
      remedy: `npx deck up # once the key's limit is raised at ${limits}, or the source of \`${providerSecret[name]}\` gives another key`,
    };
  }
  return { status: "pass", summary: `${name} accepts the key \`${providerSecret[name]}\`.` };
}

/** What the answer to the question for the declared model means. */
export function judgeModel(
  name: ProviderName,
  model: string,
  answer: { readonly status: number; readonly body: unknown },
): Judged {
  const asked = `asked for the model \`${model}\`, which \`phillbot:provider.model\` names`;
  const { status } = answer;
  const has = status === 200 ? providerCalls[name].hasModel(answer.body, model) : undefined;
  if (status === 404 || has === false)
    return {
      status: "fail",
      summary: `${name}, ${asked}, answered ${status} and has no such model; one that it has is required.`,
    };
  if (status === 401 || status === 403)
    return { status: "fail", summary: `${name}, ${asked}, answered ${status}; 200 is required: the key may not use it.` };
  if (status !== 200) return { status: "error", summary: `${name}, ${asked}, answered ${status}; 200 is required.` };
  if (has === undefined)
    return { status: "inconclusive", summary: `${name}, ${asked}, answered 200 with a content of unknown shape.` };
  return { status: "pass", summary: `${name} has the model \`${model}\`.` };
}
