/** What a schema takes from those who use it as it was: losses between two readings of a database's catalogue. */

/** Something that a user of the schema may rely on; the same fact must be there afterwards. */
export interface Offer {
  /** As a sentence names it: `table`, `column`, `function`, `right`. */
  readonly kind: string;
  /** `memory.items.key`; with its kind it names one thing. */
  readonly name: string;
  /** What of it must stay as it is, such as a column's type: compared, never told. */
  readonly detail: string;
  /** Kind and name of what it is part of; where that is lost, this is not told as well. */
  readonly within: string | null;
}

/** Something that is asked of whoever uses an object; what was there before must not be asked more. */
export interface Demand {
  readonly kind: string;
  readonly name: string;
  readonly detail: string;
  /** The object of which it is asked: a table, a type, or the name that functions share. */
  readonly on: string;
  /** The columns that it is about; none where it is about the whole object. */
  readonly columns: readonly string[];
  /** True where who says nothing meets it, as of a column with a default. */
  readonly metByDefault: boolean;
}

/** One reading of a database's catalogue. */
export interface Surface {
  readonly offers: readonly Offer[];
  readonly demands: readonly Demand[];
}

/** One thing that the release before could not go on with. */
export interface Loss {
  /** Names it over several readings. */
  readonly id: string;
  /** Without a capital and a full stop, such as `the column memory.items.value is gone`. */
  readonly sentence: string;
}

/** Everything that `after` takes from who was at home in `before`, or newly asks of them; none where it only adds. */
export function lossesBetween(before: Surface, after: Surface): Loss[] {
  return [...lostOffers(before, after), ...newDemands(before, after)];
}

function lostOffers(before: Surface, after: Surface): Loss[] {
  const now = new Map(after.offers.map((offer) => [keyOf(offer), offer.detail]));
  const lost = before.offers.filter((offer) => now.get(keyOf(offer)) !== offer.detail);
  const keys = new Set(lost.map(keyOf));
  return lost
    .filter(({ within }) => within === null || !keys.has(within))
    .map((offer) => {
      const how = now.has(keyOf(offer)) ? "is not what it was" : "is gone";
      return { id: `lost ${keyOf(offer)}`, sentence: `the ${keyOf(offer)} ${how}` };
    });
}

function newDemands(before: Surface, after: Surface): Loss[] {
  const asked = new Set(before.demands.map(identityOf));
  const there = new Set([...before.offers.map(({ name }) => name), ...before.demands.map(({ on }) => on)]);
  // A name that no function of before bears any more is told as lost.
  const kept = new Set(after.demands.filter((demand) => asked.has(identityOf(demand))).map(({ kind, on }) => `${kind} ${on}`));
  return after.demands
    .filter((demand) => !asked.has(identityOf(demand)) && there.has(demand.on))
    .filter((demand) => demand.kind !== overload || kept.has(`${overload} ${demand.on}`))
    .filter((demand) => !isOfNewColumns(demand, there))
    .map((demand) => ({
      id: `asked ${identityOf(demand)}`,
      sentence: `${demand.on} is asked more than before: ${demand.kind} ${demand.name}`,
    }));
}

/** Two functions of one name, and a call that leaves arguments out may mean either. */
export const overload = "another function";

/** What is asked of new columns alone, and met by who does not know them, is asked of nobody. */
function isOfNewColumns({ on, columns, metByDefault }: Demand, there: ReadonlySet<string>): boolean {
  return metByDefault && columns.length > 0 && columns.every((column) => !there.has(`${on}.${column}`));
}

function keyOf({ kind, name }: Pick<Offer, "kind" | "name">): string {
  return `${kind} ${name}`;
}

function identityOf({ kind, on, detail }: Demand): string {
  return `${kind} ${on} ${detail}`;
}
