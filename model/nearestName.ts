/** The known name that a misspelt one was probably meant to be. */

/** A name is near where at most a third of its letters differ, and never more than three. */
const farthest = (name: string) => Math.min(3, Math.floor(name.length / 3));

/** The nearest of the names, the first of those that are as near; undefined where none is near. Case counts for nothing. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const [nearest] = names
    .map((each) => ({ each, edits: edits(name.toLowerCase(), each.toLowerCase()) }))
    .filter(({ each, edits }) => edits <= farthest(each))
    .toSorted((a, b) => a.edits - b.edits);
  return nearest?.each;
}

/** How many letters must be added, left out, replaced or swapped with the next one to get from one text to the other. */
function edits(from: string, to: string): number {
  // A longer difference than any that is near need not be measured, however long a text somebody wrote.
  if (Math.abs(from.length - to.length) > 3) return Number.POSITIVE_INFINITY;
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1] ? 0 : 1;
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const steps = [at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + same];
      if (swapped) steps.push(at(row - 2, column - 2) + 1);
      current.push(Math.min(...steps));
    }
  }
  return at(from.length, to.length);
}
