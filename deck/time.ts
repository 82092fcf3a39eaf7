/** Times as an operator says and types them. */

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

/** How long since a moment, in its largest unit: `3 h`. A moment ahead of us is `0 s`. */
export function ago(moment: string, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(moment)) / 1000));
  if (Number.isNaN(seconds)) return "an unknown time";
  const [unit, size] = units.find(([, length]) => seconds >= length) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** Seconds of `90s`, `2m`, `1h30m` or `1d`; undefined where it is none of these. */
export function secondsOf(duration: string): number | undefined {
  if (!/^(\d{1,6}[dhms])+$/.test(duration)) return undefined;
  const parts = [...duration.matchAll(/(\d+)([dhms])/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units.find(([name]) => name === unit)?.[1] ?? 0), 0);
}
