/** The stack's policy within the program: a plain `pulumi up` cannot be made to load the pack, so each resource is judged here too, before it is registered. */

import * as pulumi from "@pulumi/pulumi";
import { notKnown, type StackFacts, type Values } from "../model/declaredResource.ts";
import { type Violation, violationsOf } from "../model/stackPolicy.ts";

/**
 * A transformation that changes nothing and refuses what breaks a rule: at once where that is known, and otherwise before the
 * resource is registered, because none of its outputs resolves until all of them have been judged.
 *
 * The engine's own transforms (`registerResourceTransform`) would see everything resolved, but need a language host that is
 * newer than the one that can be built from Go modules.
 * @param refuse throws.
 */
export function policyTransformation(
  facts: StackFacts,
  refuse: (violations: readonly Violation[]) => never,
): pulumi.ResourceTransformation {
  return ({ type, name, props, opts }) => {
    const within = typesAbove(opts.parent);
    const judge = (properties: Values) => {
      const found = violationsOf({ type, name, within, properties }, facts);
      if (found.length > 0) refuse(found);
    };
    judge(knownNow(props) as Values);
    if (!holdsOutput(props)) return undefined;
    const judged = settled(props).then((values) => judge(values as Values));
    return { props: behind(judged, props) as pulumi.Inputs, opts };
  };
}

/** Pulumi keeps a resource's type and parent to itself; its URN, which has both, is not known yet. */
interface Placed {
  readonly __pulumiType?: string;
  readonly __parentResource?: Placed;
}

function typesAbove(parent: pulumi.Resource | undefined): readonly string[] {
  const types: string[] = [];
  for (let each = parent as Placed | undefined; each !== undefined; each = each.__parentResource)
    if (each.__pulumiType !== undefined) types.unshift(each.__pulumiType);
  return types;
}

type Pending = pulumi.Output<unknown> | PromiseLike<unknown>;
const isPending = (value: unknown): value is Pending =>
  pulumi.Output.isInstance(value) || (typeof value === "object" && value !== null && "then" in value);

/** Assets and resources are left as they are: no rule looks into them. */
function isPlain(value: unknown): value is Values {
  return typeof value === "object" && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}

/** The same value with each pending part replaced. */
function mapped(value: unknown, replace: (pending: Pending) => unknown): unknown {
  if (isPending(value)) return replace(value);
  if (Array.isArray(value)) return value.map((each) => mapped(each, replace));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapped(each, replace)]));
}

const knownNow = (value: unknown): unknown => mapped(value, () => notKnown);

function holdsOutput(value: unknown): boolean {
  let found = false;
  mapped(value, () => {
    found = true;
  });
  return found;
}

/** Everything as it is in the end; in a preview, what is not known then is `notKnown`. */
async function settled(value: unknown): Promise<unknown> {
  if (pulumi.Output.isInstance(value)) return settled(await (value as unknown as Whole).promise(true));
  if (isPending(value)) return settled(await value);
  if (isUnknown(value)) return notKnown;
  if (Array.isArray(value)) return Promise.all(value.map(settled));
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).map(async ([key, each]) => [key, await settled(each)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

interface Whole {
  promise(withUnknowns: boolean): Promise<unknown>;
}

/** Pulumi's own mark of what is not known in a preview; its test for it is not exported. */
const isUnknown = (value: unknown): boolean =>
  typeof value === "object" && value !== null && (value as { __pulumiUnknown?: unknown }).__pulumiUnknown === true;

/** A promise carries neither secrecy nor dependencies, so each output keeps its own. */
function behind(judged: Promise<void>, value: unknown): unknown {
  return mapped(value, (pending) =>
    (pulumi.output(pending as unknown) as pulumi.Output<unknown>).apply(async (each) => {
      await judged;
      return each;
    }),
  );
}
