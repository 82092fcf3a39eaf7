/** What an operator sees of a running update: a line for each changed resource, each check and each warning, and what is under way. */

import { styleText } from "node:util";
import type { EngineEvent, SaidEvent, StepEvent } from "./engineEvents.ts";
import type { Output } from "./verb.ts";

/** Steps that change something, and how each is written; every other one only looks. */
const changes: Readonly<Record<string, readonly [sign: string, done: string, planned: string, doing: string]>> = {
  create: ["+", "created", "would be created", "being created"],
  update: ["~", "updated", "would be updated", "being updated"],
  "create-replacement": ["±", "replaced", "would be replaced", "being replaced"],
  delete: ["-", "deleted", "would be deleted", "being deleted"],
  discard: ["-", "forgotten", "would be forgotten", "being forgotten"],
  "delete-replaced": ["-", "stopped, to be replaced", "would be replaced", "being stopped"],
};

/** Ours and the engine's own group what is made; they are nothing that runs. */
const isGroup = (type: string) => type.startsWith("phillbot:") || type.startsWith("pulumi:");
const isCheck = (type: string) => type === "phillbot:gate:Check";

/** Milliseconds without a line after which what goes on is said, where nothing shows it meanwhile: what was not said yet, and again. */
const newsMs = 5_000;
const silenceMs = 30_000;

/** What is waited for, by resource, where its name does not say it. */
const waits: Readonly<Record<string, string>> = {
  image: "the gateway's image is fetched",
  "gateway-container": "the old one has ended its work and the new one is started",
  "gateway-index": "the gateway is up and has indexed the bot's documents",
  "memory-apply": "migrations are applied",
  roles: "the database is up",
};

/** Properties whose names are the provider's own. */
const propertyWords: Readonly<Record<string, string>> = {
  mustRun: "it had stopped",
  create: "its command",
  stdin: "its content",
  envs: "its environment",
};

interface ViewOptions {
  readonly output: Pick<Output, "progress" | "status">;
  readonly isPreview: boolean;
  /** Milliseconds, of a clock that only goes forward. */
  readonly now: () => number;
}

export class UpdateView {
  readonly #options: ViewOptions;
  readonly #underWay = new Map<string, { readonly event: StepEvent; readonly since: number }>();
  /** What was last said of what goes on. */
  #passing = "Looking at what is there";
  /** Checks that have said no word that stays. */
  readonly #running = new Set<string>();
  #lastLine: number;
  /** What the last such line said. */
  #lastNews = "";

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#lastLine = options.now();
  }

  hear(event: EngineEvent): void {
    if (event.kind === "said") this.#said(event);
    else if (event.kind === "violation") this.#line(`${mark("✗", "red")} ${event.text}`);
    else if (event.kind !== "summary") this.#step(event);
  }

  /** Shows what goes on: at once where a line can be redrawn, else after a long silence. */
  tick(): void {
    const { output, now } = this.#options;
    if (output.status !== undefined) output.status(this.#goingOn());
    else {
      const going = this.#goingOn();
      // Time alone is no news.
      const news = going.replace(/\([\d.]+ s\)/g, "");
      if (now() - this.#lastLine < (news === this.#lastNews ? silenceMs : newsMs)) return;
      this.#lastNews = news;
      this.#line(`… ${going}`);
    }
  }

  /** Takes the redrawn line away, and names what has begun and was not seen to end. */
  end(): void {
    this.#options.output.status?.("");
    for (const { event, since } of this.#changing())
      this.#line(`${mark("?", "yellow")} ${event.name}: not seen to end (${this.#seconds(since)})`);
  }

  #step(event: StepEvent): void {
    if (event.kind === "began") {
      this.#underWay.set(event.urn, { event, since: this.#options.now() });
      this.tick();
      return;
    }
    const since = this.#underWay.get(event.urn)?.since ?? this.#options.now();
    if (isCheck(event.type) && !this.#options.isPreview) this.#running.add(event.name);
    this.#underWay.delete(event.urn);
    const [sign, done, planned] = changes[event.op] ?? ["?", `handled (${event.op})`, ""];
    if (event.kind === "failed") this.#line(`${mark("✗", "red")} ${event.name} could not be ${done}`);
    else if (changes[event.op] === undefined || isGroup(event.type)) return;
    else if (!this.#options.isPreview)
      this.#line(`${mark(sign, "cyan")} ${event.name} ${done} (${this.#seconds(since)})${because(event)}`);
    // In an update, that the old one went is told before the new one comes, which may take a while; a preview has one line for both.
    else if (event.op !== "delete-replaced") this.#line(`${mark(sign, "cyan")} ${event.name} ${planned}${because(event)}`);
  }

  #said({ type, name, severity, text, isPassing }: SaidEvent): void {
    if (severity === "debug" || text === "") return;
    const who = isCheck(type) || (!isGroup(type) && name !== "") ? `${name}: ` : "";
    if (isPassing) {
      if (isCheck(type)) this.#passing = `${who}${text.split("\n", 1)[0]}`;
      this.tick();
      return;
    }
    if (isCheck(type)) {
      this.#running.delete(name);
      this.#passing = this.#running.size === 0 ? "The checks have run" : `Still running: ${[...this.#running].join(", ")}`;
    }
    if (severity === "error") this.#line(`${mark("✗", "red")} ${who}${text}`);
    else if (severity === "warning") this.#line(`${isCheck(type) ? mark("✗", "red") : mark("!", "yellow")} ${who}${text}`);
    else if (isCheck(type)) this.#line(`${mark("✓", "green")} ${who}${text}`);
  }

  /** What is being changed. */
  #changing() {
    if (this.#options.isPreview) return [];
    return [...this.#underWay.values()].filter(({ event }) => changes[event.op] !== undefined && !isGroup(event.type));
  }

  #goingOn(): string {
    const each = this.#changing().map(
      ({ event, since }) => `${event.name} ${changes[event.op]?.[3]} (${this.#seconds(since)})${waitingFor(event)}`,
    );
    return each.join(", ") || this.#passing;
  }

  #seconds(since: number): string {
    const seconds = (this.#options.now() - since) / 1000;
    return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
  }

  #line(text: string): void {
    this.#lastLine = this.#options.now();
    this.#options.output.progress(text);
  }
}

function mark(sign: string, colour: "green" | "red" | "yellow" | "cyan"): string {
  return styleText(colour, sign, { stream: process.stderr });
}

/** The properties that differ, for a person. A container that had stopped has no ports either. */
function because({ differs }: StepEvent): string {
  const causes = differs.includes("mustRun") ? differs.filter((name) => name !== "ports") : differs;
  return causes.length === 0 ? "" : `: ${causes.map((name) => propertyWords[name] ?? name).join(", ")}`;
}

function waitingFor({ name }: StepEvent): string {
  return Object.hasOwn(waits, name) ? `, until ${waits[name]}` : "";
}
