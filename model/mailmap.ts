/** Reads a `.mailmap` as git does (gitmailmap(5)). Git itself would take the one that lies in the work tree, which nobody judged. */

interface Entry {
  /** The address that git gives instead, if any. */
  email?: string;
  /** The same for one name beside the address. */
  readonly byName: Map<string, string>;
}

export type Mailmap = ReadonlyMap<string, Entry>;

interface Ident {
  readonly name: string;
  readonly email: string;
}

/** `Name <address>` at the beginning of a text, and what follows it. */
function identIn(text: string): (Ident & { readonly rest: string }) | undefined {
  const found = /^([^<]*)<([^>]*)>(.*)$/s.exec(text);
  return found === null ? undefined : { name: (found[1] ?? "").trim(), email: found[2] ?? "", rest: found[3] ?? "" };
}

export function parseMailmap(text: string): Mailmap {
  const entries = new Map<string, Entry>();
  for (const line of text.split("\n")) {
    const proper = line.startsWith("#") ? undefined : identIn(line);
    if (proper === undefined || proper.email === "") continue;
    const written = identIn(proper.rest);
    const key = (written ?? proper).email.toLowerCase();
    const entry: Entry = entries.get(key) ?? { byName: new Map() };
    entries.set(key, entry);
    // One address alone gives only a name.
    if (written === undefined) continue;
    if (written.name === "") entry.email = proper.email;
    else entry.byName.set(written.name.toLowerCase(), proper.email);
  }
  return entries;
}

/** The address by which a person is known, where they wrote another. */
export function mappedEmail(mailmap: Mailmap, { name, email }: Ident): string {
  const entry = mailmap.get(email.toLowerCase());
  return entry?.byName.get(name.trim().toLowerCase()) ?? entry?.email ?? email;
}
