/** What is generated from the roles: `allowed_signers` and the list of revoked keys for ssh-keygen, and CODEOWNERS for GitHub. */

import { covers, type Person, type RoleName, type Roles, roleNames, type SigningKey } from "./roles.ts";

/**
 * The namespaces of SSHSIG signatures: one for each kind of statement, so that what was signed as one kind counts as no other.
 * A commit's is git's own.
 */
export const namespaces = {
  commit: "git",
  attestation: "phillbot-attestation",
  release: "phillbot-release",
  revocation: "phillbot-revocation",
  mode: "phillbot-mode",
} as const;

export type Statement = keyof typeof namespaces;

/** Which statements each role may sign; a commit is signed by whoever makes it. */
const statementsOf: Readonly<Record<RoleName, readonly Statement[]>> = {
  builder: ["commit", "mode"],
  examiner: ["commit", "attestation", "mode"],
  judge: ["commit", "release", "revocation", "mode"],
  operator: ["commit", "mode"],
};

/** The namespaces in which a person's signature counts, in a fixed order. */
export function namespacesOf({ roles }: Pick<Person, "roles">): readonly string[] {
  const may = new Set(roles.flatMap((role) => statementsOf[role]));
  return (Object.keys(namespaces) as Statement[]).filter((statement) => may.has(statement)).map((each) => namespaces[each]);
}

const heading = "# Generated from operations/roles.yaml by `npx deck roles generate`; do not edit.\n";

/** `2026-11-22` as ssh-keygen reads it, in UTC. */
const stamp = (day: string, time: string) => `${day.replaceAll("-", "")}${time}Z`;

/** The line of one key in ssh-keygen's ALLOWED SIGNERS format: who, for which statements, and on which days (ends included). */
function signerLine(person: Person, key: SigningKey, dated = true): string {
  const days = [
    `valid-after="${stamp(key.from, "000000")}"`,
    ...(key.until === undefined ? [] : [`valid-before="${stamp(key.until, "235959")}"`]),
  ];
  const options = [`namespaces="${namespacesOf(person).join(",")}"`, ...(dated ? days : [])];
  return `${person.id} ${options.join(",")} ${key.public}\n`;
}

/** The file for `ssh-keygen -Y verify -f`: the principal is the person's id. Revoked keys stand in it, and in the other list. */
export function allowedSigners({ people }: Roles): string {
  return heading + people.flatMap((person) => person.keys.map((key) => signerLine(person, key))).join("");
}

/**
 * The same, without the keys that did not count at that moment: a commit says itself when it was made, and may say any day
 * on which its key did.
 */
export function signersAt({ people }: Roles, at: Date): string {
  const day = at.toISOString().slice(0, 10);
  const counted = ({ from, until }: SigningKey) => from <= day && (until === undefined || day <= until);
  return heading + people.flatMap((person) => person.keys.filter(counted).map((key) => signerLine(person, key))).join("");
}

/** The same, whatever days a key has: for what only ever takes back, and so must outlive its key. */
export function signersEver({ people }: Roles): string {
  return heading + people.flatMap((person) => person.keys.map((key) => signerLine(person, key, false))).join("");
}

/** The file for `ssh-keygen -Y verify -r`: one public key a line. */
export function revokedKeys({ people }: Roles): string {
  const keys = people.flatMap((person) => person.keys.filter(({ revoked }) => revoked !== undefined));
  return heading + keys.map((key) => `${key.public}\n`).join("");
}

/** CODEOWNERS: the last line that fits a file counts, so a part stands after what contains it. Parts without an owner on GitHub are left out. */
export function codeOwners(roles: Roles): string {
  const parts = [...new Set(roleNames.flatMap((role) => roles.roles[role].paths))].toSorted(
    (a, b) => a.length - b.length || (a < b ? -1 : 1),
  );
  const lines = parts.flatMap((part) => {
    const owners = roles.people.filter(
      (person) =>
        person.github !== undefined && person.roles.some((role) => roles.roles[role].paths.some((path) => covers(path, part))),
    );
    return owners.length === 0
      ? []
      : [`${part === "/" ? "*" : `/${part}`} ${owners.map(({ github }) => `@${github}`).join(" ")}\n`];
  });
  return heading + lines.join("");
}
