/** A repository with a branch of mode moves, whoever signed them, and what a machine that reads them finds. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MoveEvidence, modeMove } from "../../model/modeMoves.ts";
import type { Mode } from "../../model/modes.ts";
import { seal } from "../../release/envelope.ts";
import { type ModesOptions, readModes, readModesFile } from "../../release/modes.ts";
import { addRecord } from "../../release/records.ts";
import { Seen } from "../../release/seen.ts";
import type { Member, Team } from "../model/rolesSample.ts";
import { Repository } from "./gitFixture.ts";

export const projectRoot = join(import.meta.dirname, "../..");

/** The digest that the moves name for their proof. */
export const record = "e".repeat(64);
/** What each move names as its proof, by `<from><to>`. */
export const proofOf: Readonly<Record<string, readonly MoveEvidence[]>> = {
  AB: [],
  BC: [{ proof: "examiner-evidence", value: record }],
  CD: [{ proof: "signed-release", value: record }],
  DC: [{ proof: "incident", value: "INC-7" }],
  DA: [{ proof: "milestone", value: "Memory in two languages" }],
  CB: [{ proof: "failed-evidence", value: record }],
  BA: [{ proof: "failed-evidence", value: record }],
};
/** Whose each move is, by `<from><to>`. */
export const owners: Readonly<Record<string, Member>> = {
  AB: "ada",
  BC: "cy",
  CD: "bo",
  DC: "dee",
  DA: "ada",
  CB: "cy",
  BA: "cy",
};

interface Over {
  readonly by?: Member | "stranger";
  readonly kind?: "mode" | "attestation" | "release";
  readonly before?: string | null;
  readonly commit?: string;
  readonly evidence?: readonly MoveEvidence[];
  readonly at?: Date;
}

export class ModesOnRecord implements Disposable {
  readonly team: Team;
  readonly repository = new Repository();
  /** What the injected verifiers were asked. */
  readonly asked: object[] = [];
  /** What they say; nothing is that all is well. */
  answer: { examination?: string; signedRelease?: string } = {};
  /** Where this machine keeps what it has seen. */
  readonly #machine = mkdtempSync(join(tmpdir(), "phillbot-machine-"));

  constructor(team: Team) {
    this.team = team;
    this.repository.git("config", "user.name", "Ada");
    this.repository.git("config", "user.email", "ada@example.org");
    this.repository.commit({ "README.md": "# It\n" }, "docs: begin");
  }

  [Symbol.dispose](): void {
    this.repository[Symbol.dispose]();
    rmSync(this.#machine, { recursive: true });
  }

  head(): string {
    return this.repository.git("rev-parse", "HEAD");
  }

  /** Puts a move on record as it would be if nobody checked. */
  async put(from: Mode, to: Mode, before: string | null, over: Over = {}): Promise<string> {
    const way = `${from}${to}`;
    const { by = owners[way] ?? "ada", kind = "mode", evidence = proofOf[way] ?? [], commit = this.head() } = over;
    const move = modeMove({ from, to, at: over.at ?? new Date(), commit, before: over.before ?? before, evidence });
    const content = await seal(move, { keyFile: this.team.keyFile(by), kind });
    return addRecord(this.repository.folder, { kind: "modes", content });
  }

  /** Up to a mode, by every move before it. */
  async reach(mode: Mode): Promise<string | null> {
    let last: string | null = null;
    for (const [from, to] of [
      ["A", "B"],
      ["B", "C"],
      ["C", "D"],
    ] as const) {
      if (mode === from) break;
      last = await this.put(from, to, last);
    }
    return last;
  }

  async options(baseline?: string): Promise<ModesOptions> {
    const file = await readModesFile(projectRoot);
    const said = (which: object, word: string | undefined) => {
      this.asked.push(which);
      return word;
    };
    return {
      trust: { ...this.team.trust(), roles: { ...this.team.roles(), ...(baseline !== undefined && { baseline }) } },
      table: file.ok ? { ...file.modes, architecture: ["model/"] } : assert.fail(JSON.stringify(file.faults)),
      seen: await Seen.in(this.#machine),
      now: new Date(),
      verifiers: {
        examination: async (which) => said(which, this.answer.examination),
        signedRelease: async (which) => said(which, this.answer.signedRelease),
      },
    };
  }

  async read() {
    return readModes(this.repository.folder, await this.options());
  }

  async modeNow(): Promise<Mode> {
    const now = await this.read();
    return now.ok ? now.state.mode : assert.fail(now.problem);
  }

  async refusals(): Promise<readonly string[]> {
    return (await this.read()).refused.map(({ reasons }) => reasons.join(" "));
  }
}
