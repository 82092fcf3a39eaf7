/** Makes any value fit for evidence: JSON only, every text passed through a redaction. */

export type Redact = (text: string) => string;

/** The value as JSON would keep it, its texts and the names of its members redacted. What JSON cannot hold becomes a text that says so. */
export function sanitize(value: unknown, redact: Redact): unknown {
  return walk(value, redact, []);
}

function walk(value: unknown, redact: Redact, above: readonly object[]): unknown {
  switch (typeof value) {
    case "string":
      return redact(value);
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return String(value);
    case "object":
      break;
    default:
      return value === undefined ? undefined : `(a ${typeof value})`;
  }
  if (value === null) return null;
  if (above.includes(value)) return "(refers to itself)";
  const below = [...above, value];
  if (hasToJson(value)) return walk(value.toJSON(), redact, below);
  if (Array.isArray(value)) return value.map((entry) => walk(entry, redact, below) ?? null);
  const members = Object.entries(value).map(([name, member]) => [redact(name), walk(member, redact, below)] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}
