/** A resource as a rule of the stack's policy sees it, where some values are not known before the update. */

import type { PublishedPort } from "./publishedPorts.ts";

/** Stands for a value that is not known yet: no rule accuses it, and the update judges it. */
export const notKnown = Symbol("not known yet");

export type Values = Readonly<Record<string, unknown>>;

export const isKnown = (value: unknown): boolean => value !== notKnown;

export function textIn(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** As a number; the engine's labels hold numbers as text. */
export function numberIn(value: unknown): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && !Number.isNaN(number) ? number : undefined;
}

export function valuesIn(value: unknown): Values {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Values) : {};
}

export function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The elements that are objects. */
export const rowsIn = (value: unknown): readonly Values[] => listIn(value).filter(isKnown).map(valuesIn);

/** The elements that are text. */
export const textsIn = (value: unknown): readonly string[] => listIn(value).flatMap((each) => textIn(each) ?? []);

/** A resource as it is about to be registered. */
export interface DeclaredResource {
  /** `docker:index/container:Container`. */
  readonly type: string;
  /** Its name in the program. */
  readonly name: string;
  /** Types of the components that it is part of, outermost first. */
  readonly within: readonly string[];
  /** Secrets in the open; `notKnown` where a value is not known before the update. */
  readonly properties: Values;
}

/** What the rules take from the stack. */
export interface StackFacts {
  /** True where the rules of production hold; see `isProduction`. */
  readonly production: boolean;
  /** Ports that may be published beyond loopback. */
  readonly published: readonly PublishedPort[];
}

/** What is wrong and what to do, each a sentence; neither ever holds a value that could be a secret. */
export interface Fault {
  readonly problem: string;
  readonly remedy: string;
}

export interface Rule {
  /** In words, for who reads the pack's own list. */
  readonly description: string;
  readonly judge: (resource: DeclaredResource, facts: StackFacts) => readonly Fault[];
}
