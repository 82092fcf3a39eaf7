/** A small team for tests: keys are made at run time. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkRoles, type Roles } from "../../model/roles.ts";
import { allowedSigners, revokedKeys } from "../../model/signers.ts";
import type { Trust } from "../../release/sshSignature.ts";

export type Member = "ada" | "bo" | "cy" | "dee";
const rolesOf = { ada: "builder", bo: "judge", cy: "examiner", dee: "operator" } as const;

/** Ada builds, Bo judges, Cy examines, Dee operates; each has a key, and so has a stranger. */
export class Team implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "phillbot-team-"));
  readonly #keys = new Map<string, string>();

  constructor() {
    for (const name of [...Object.keys(rolesOf), "stranger"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", this.keyFile(name)]);
      this.#keys.set(name, readFileSync(`${this.keyFile(name)}.pub`, "utf8").trim());
    }
  }

  /** The private key's file. */
  keyFile(name: string): string {
    return join(this.folder, name);
  }

  publicKey(name: string): string {
    return this.#keys.get(name) ?? "";
  }

  /** What `operations/roles.yaml` says. @param keys more about some keys, by person. */
  data(keys: Readonly<Partial<Record<Member, object>>> = {}) {
    return {
      version: 1,
      roles: {
        builder: { paths: ["/"] },
        examiner: { paths: ["test/", "Documentation/test_plan.md"] },
        judge: { paths: ["Documentation/"] },
        operator: { paths: ["operations/", "Documentation/"] },
      },
      people: (Object.keys(rolesOf) as Member[]).map((id) => ({
        id,
        name: id,
        emails: [`${id}@example.org`],
        roles: [rolesOf[id]],
        keys: [{ public: this.publicKey(id), from: "2026-01-01", ...keys[id] }],
        github: id,
      })),
    };
  }

  roles(keys: Readonly<Partial<Record<Member, object>>> = {}): Roles {
    const parsed = checkRoles(this.data(keys));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    return parsed.roles;
  }

  trust(roles: Roles = this.roles()): Trust {
    const files = { allowedSigners: join(this.folder, "allowed_signers"), revoked: join(this.folder, "revoked_keys") };
    writeFileSync(files.allowedSigners, allowedSigners(roles));
    writeFileSync(files.revoked, revokedKeys(roles));
    return files;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
