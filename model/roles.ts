/** People, roles and what each role may touch (`operations/roles.yaml`): their schema, and which holdings contradict each other. */

import { z } from "zod";
import { isPublicKey } from "./publicKey.ts";

const text = z.string().trim().min(1);
const day = z.iso.date();
const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "lower-case letters, digits and hyphens, at most 40");
/** As it stands in a commit: compared in lower case, after `.mailmap`. */
const email = z
  .string()
  .regex(/^[^\s@<>,"]+@[^\s@<>,"]+$/, "an e-mail address")
  .transform((address) => address.toLowerCase());
/** A folder (ends in `/`), a file, or `/` for everything: no patterns, so that CODEOWNERS and this file cannot read one differently. */
const path = z
  .string()
  .regex(
    /^(?:\/|(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))[^\s*?[\]!#\\\0]+)$/,
    "a folder that ends in `/`, a file, or `/` for everything",
  );

export const roleNames = ["builder", "examiner", "judge", "operator"] as const;
export type RoleName = (typeof roleNames)[number];

const key = z.strictObject({
  /** An OpenSSH public key without its comment: `ssh-ed25519 AAAA…`. Hardware keys (`sk-…`) are welcome. */
  public: z
    .string()
    .regex(
      /^(?:ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+=*$/,
      { error: "an OpenSSH public key without a comment, `ssh-ed25519 AAAA…`", abort: true },
    )
    .refine(isPublicKey, "an OpenSSH public key, whole: this one is cut short or mistyped, and `ssh-keygen -l` does not read it"),
  /** First day (UTC) on which it counts. */
  from: day,
  /** Last day (UTC) on which it counts. */
  until: day.optional(),
  /** The day it was revoked: from then on nothing that it ever signed counts. */
  revoked: day.optional(),
});

const person = z.strictObject({
  id,
  name: text,
  /** A machine may hold the Examiner's role alone: it runs the tests and says what it saw. */
  kind: z.enum(["person", "machine"]).default("person"),
  emails: z.array(email).min(1),
  keys: z.array(key).min(1),
  roles: z.array(z.enum(roleNames)).min(1),
  github: z
    .string()
    .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/, "a GitHub user name")
    .optional(),
  /** Numeric Telegram user id. */
  telegram: z
    .string()
    .regex(/^[0-9]{1,16}$/, "a numeric Telegram user id")
    .optional(),
});

/** The file `operations/roles.yaml`. */
export const rolesSchema = z.strictObject({
  version: z.literal(1),
  /** What each role may change in the tree. */
  roles: z.strictObject({
    builder: z.strictObject({ paths: z.array(path) }),
    examiner: z.strictObject({ paths: z.array(path) }),
    judge: z.strictObject({ paths: z.array(path) }),
    operator: z.strictObject({ paths: z.array(path) }),
  }),
  people: z.array(person),
  /** A commit: what is older was made before anybody signed, and is taken as it is. Without one, every commit must be signed. */
  baseline: z
    .string()
    .regex(/^[0-9a-f]{40}$/, "a commit's whole id, 40 hex digits")
    .optional(),
});

export type Roles = z.output<typeof rolesSchema>;
export type Person = Roles["people"][number];
export type SigningKey = Person["keys"][number];

/** What runs in production, or decides what does: an Examiner changes none of it. */
export const productionCode = [
  "checks/",
  "components/",
  "deck/",
  "host/",
  "images/",
  "memory/",
  "model/",
  "policy/",
  "release/",
  "stacks/",
  "toolchain/",
  "package.json",
  "package-lock.json",
  "Pulumi.yaml",
  "Pulumi.prod.yaml",
  "operations/roles.yaml",
  "operations/modes.yaml",
  "operations/gate.yaml",
  "operations/ports.yaml",
] as const;

/** True where a path of the tree lies in a part that `roles.yaml` names. */
export function covers(part: string, file: string): boolean {
  return part === "/" || file === part || (part.endsWith("/") && file.startsWith(part));
}

/** True where two parts share at least one file. */
const overlap = (a: string, b: string): boolean => covers(a, b) || covers(b, a);

/** What a person may change, by all roles together. */
export function pathsOf({ roles }: Roles, person: Pick<Person, "roles">): readonly string[] {
  return person.roles.flatMap((role) => roles[role].paths);
}

export interface RolesFault {
  /** Where: `people[1].keys[0].public`. */
  readonly path: string;
  /** A sentence. */
  readonly problem: string;
}

export type ParsedRoles =
  | { readonly ok: true; readonly roles: Roles }
  | { readonly ok: false; readonly faults: readonly RolesFault[] };

type Rule = (roles: Roles) => readonly RolesFault[];

/** One thing that only one person may have. */
const unique =
  (what: string, of: (person: Person) => readonly { readonly at: string; readonly value: string }[]): Rule =>
  ({ people }) => {
    const owners = new Map<string, string>();
    return people.flatMap((person, index) =>
      of(person).flatMap(({ at, value }) => {
        const owner = owners.get(value);
        owners.set(value, person.id);
        return owner === undefined ? [] : [{ path: `people[${index}].${at}`, problem: `\`${owner}\` has this ${what} already.` }];
      }),
    );
  };

const holding =
  (problemOf: (person: Person, roles: Roles) => string | undefined): Rule =>
  (roles) =>
    roles.people.flatMap((person, index) => {
      const problem = problemOf(person, roles);
      return problem === undefined ? [] : [{ path: `people[${index}].roles`, problem }];
    });

/** The rules that a schema cannot say; each names what must hold. */
const rules: Readonly<Record<string, Rule>> = {
  "a person has an id of their own": unique("id", ({ id }) => [{ at: "id", value: id }]),
  "an e-mail is one person's": unique("e-mail", ({ emails }) =>
    emails.map((value, index) => ({ at: `emails[${index}]`, value })),
  ),
  "a key is one person's": unique("key", ({ keys }) =>
    keys.map(({ public: value }, index) => ({ at: `keys[${index}].public`, value })),
  ),
  "a GitHub name is one person's": unique("GitHub name", ({ github }) =>
    github === undefined ? [] : [{ at: "github", value: github.toLowerCase() }],
  ),
  "a Telegram id is one person's": unique("Telegram id", ({ telegram }) =>
    telegram === undefined ? [] : [{ at: "telegram", value: telegram }],
  ),
  "a Judge neither builds nor examines": holding(({ roles }) => {
    const other = roles.filter((role) => role === "builder" || role === "examiner");
    return roles.includes("judge") && other.length > 0
      ? `A Judge may be no ${other.map((role) => (role === "builder" ? "Builder" : "Examiner")).join(" and no ")}.`
      : undefined;
  }),
  "an Examiner has no rights on production code": holding((person, roles) => {
    if (!person.roles.includes("examiner")) return undefined;
    const found = pathsOf(roles, person).find((part) => productionCode.some((code) => overlap(part, code)));
    return found === undefined ? undefined : `An Examiner may not change production code, and \`${found}\` is some.`;
  }),
  "a machine examines, and does nothing else": holding(({ kind, roles }) =>
    kind === "machine" && roles.some((role) => role !== "examiner") ? "A machine may hold the Examiner's role only." : undefined,
  ),
  "a key's days are in order": ({ people }) =>
    people.flatMap(({ keys }, person) =>
      keys.flatMap(({ from, until }, index) =>
        until !== undefined && until < from
          ? [{ path: `people[${person}].keys[${index}].until`, problem: `It ends on ${until}, before it begins on ${from}.` }]
          : [],
      ),
    ),
};

/** @param raw the file's data. Contradictory holdings are refused here, so that nothing later has to think of them. */
export function checkRoles(raw: unknown): ParsedRoles {
  const parsed = rolesSchema.safeParse(raw);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => ({
      path: z.core.toDotPath(issue.path) || "roles",
      problem: `${issue.message}.`,
    }));
    return { ok: false, faults };
  }
  const faults = Object.values(rules).flatMap((rule) => rule(parsed.data));
  return faults.length === 0 ? { ok: true, roles: parsed.data } : { ok: false, faults };
}

/** All faults as text for a terminal, a line each. */
export function formatRolesFaults(faults: readonly RolesFault[]): string {
  const lines = faults.map(({ path, problem }) => `  \`${path}\`: ${problem}`);
  return `\`operations/roles.yaml\` has ${faults.length} ${faults.length === 1 ? "fault" : "faults"}:\n${lines.join("\n")}`;
}
