/** Times things side by side: in turns, so that a machine that is busy for a while slows all of them. */

/** Does it once, and gives the seconds that it took or that it measured itself. */
export type Measured = () => Promise<number>;

/** The seconds that `work` takes. */
export function timed(work: () => Promise<unknown>): Measured {
  return async () => {
    const from = performance.now();
    await work();
    return (performance.now() - from) / 1000;
  };
}

/** Runs each in turn, `rounds` times, and gives the median seconds of each by its name. */
export async function inTurns<Name extends string>(
  rounds: number,
  work: Readonly<Record<Name, Measured>>,
  onRound: (line: string) => void,
): Promise<Readonly<Record<Name, number>>> {
  const names = Object.keys(work) as Name[];
  const times = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of names) {
      const seconds = await work[name]();
      times.get(name)?.push(seconds);
      onRound(`${name}, ${round} of ${rounds}: ${seconds.toFixed(2)} s`);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<Name, number>;
}

/** The middle value, or the mean of the two in the middle. Throws on none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [below, above] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  if (below === undefined || above === undefined) throw new Error("There is no median of nothing.");
  return (below + above) / 2;
}

/** One line of the table. */
export interface Line {
  readonly what: string;
  /** A ratio, or seconds where `unit` says so. */
  readonly value: number;
  /** At most this; absent where the value is only watched. */
  readonly goal?: number;
  readonly unit?: "s";
  /** What the value was made from. */
  readonly from: string;
}

/** Whether its goal is met, which it is where there is none. */
export const isMet = ({ value, goal }: Line): boolean => goal === undefined || value <= goal;

/** The lines as a table of plain text, each with its goal and whether it was met, or by how much it was missed. */
export function table(lines: readonly Line[]): string {
  const rows = lines.map((line) => {
    const { what, value, goal, unit = "", from } = line;
    const measured = [what, `${value.toFixed(2)}${unit && ` ${unit}`}`];
    if (goal === undefined) return [...measured, "none", "", from];
    const met = isMet(line) ? "met" : `missed by ${(((value - goal) / goal) * 100).toFixed(0)} %`;
    return [...measured, `≤ ${goal}${unit && ` ${unit}`}`, met, from];
  });
  const all = [["", "measured", "goal", "", "medians"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
