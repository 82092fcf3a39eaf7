/** Open items (`operations/items.yaml`): their schema, and which of them stand in the way of a release. */

import { z } from "zod";
import type { CheckItem } from "./check.ts";

const text = z.string().trim().min(1);
const day = z.iso.date();

const item = z.strictObject({
  /** A stable name: waivers and documents refer to it. */
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "letters, digits, `.`, `_` and `-`, at most 64"),
  /** P0 stops every release; P1 stops it unless deferred; P2 and P3 do not stop it. */
  priority: z.enum(["P0", "P1", "P2", "P3"]),
  title: text,
  /** The day (UTC) it was found. */
  opened: day,
  owner: text.optional(),
  state: z.enum(["open", "closed"]),
  /** Lets an open P1 wait: until the end of a day (UTC), on somebody's word. */
  deferral: z
    .strictObject({
      /** Who answers for the wait; without one the deferral does not count. */
      owner: text.optional(),
      until: day.optional(),
      reason: text,
    })
    .optional(),
});

/** The file `operations/items.yaml`. */
export const itemsSchema = z.strictObject({
  version: z.literal(1),
  items: z.array(item).superRefine((items, context) => {
    const seen = new Set<string>();
    for (const [index, { id }] of items.entries()) {
      if (seen.has(id)) context.addIssue({ code: "custom", path: [index, "id"], message: `\`${id}\` is there twice` });
      seen.add(id);
    }
  }),
});

export type Items = z.output<typeof itemsSchema>;
export type Item = Items["items"][number];

export interface ItemsJudged {
  /** What stands in the way, in the file's order. */
  readonly blocking: readonly CheckItem[];
  /** How many are open, by priority. */
  readonly open: Readonly<Record<Item["priority"], number>>;
  /** Open P1s whose deferral holds. */
  readonly deferred: readonly string[];
}

/**
 * No open P0, and each open P1 deferred with an owner and a day that has not passed.
 * @param today the day in UTC, `2026-10-02`: a deferral holds to the end of its own day.
 */
export function judgeItems({ items }: Items, today: string): ItemsJudged {
  const open = items.filter(({ state }) => state === "open");
  const faults = open.map((each) => ({ each, fault: faultOf(each, today) }));
  const count = (priority: Item["priority"]) => open.filter((each) => each.priority === priority).length;
  return {
    blocking: faults.flatMap(({ each, fault }) =>
      fault === undefined
        ? []
        : [
            {
              id: each.id,
              summary: `${each.priority} \`${each.id}\` (${each.title}) ${fault}.`,
              waivable: each.priority !== "P0",
            },
          ],
    ),
    open: { P0: count("P0"), P1: count("P1"), P2: count("P2"), P3: count("P3") },
    deferred: faults.flatMap(({ each, fault }) => (each.priority === "P1" && fault === undefined ? [each.id] : [])),
  };
}

/** Why an open item stands in the way, as the end of a sentence; undefined where it does not. */
function faultOf({ priority, deferral }: Item, today: string): string | undefined {
  switch (priority) {
    case "P0":
      return "is open";
    case "P1": {
      if (deferral === undefined) return "is open and not deferred";
      const { owner, until } = deferral;
      const lacking = [...(owner === undefined ? ["an owner"] : []), ...(until === undefined ? ["a date"] : [])];
      if (lacking.length > 0) return `is deferred without ${lacking.join(" and without ")}`;
      return until !== undefined && until < today ? `was deferred until ${until}, today is ${today}` : undefined;
    }
    case "P2":
    case "P3":
      return undefined;
    default:
      return priority satisfies never;
  }
}
