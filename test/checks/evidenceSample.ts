/** A run as an operator meets it at night: most of it well, three checks that block, one item waived. */

import type { Report } from "../../checks/evidence/report.ts";
import type { CheckResult } from "../../model/check.ts";
import type { SignOffStanding } from "../../model/gate.ts";
import { edit } from "../../model/operatorCommand.ts";
import { judge } from "../../model/verdict.ts";
import { policyWith, waiverOf } from "../model/gateSample.ts";

const at = (milliseconds: number) => new Date(Date.parse("2026-03-10T02:14:07.120Z") + milliseconds).toISOString();

const results: readonly CheckResult[] = [
  {
    id: "open-items",
    status: "fail",
    summary: "1 of 4 open items stands in the way: P1-17 was deferred until 2026-03-08, which has passed; 0 are allowed.",
    measured: { branch: "origin/main", open: { P0: 0, P1: 2, P2: 2 }, ageSeconds: 12, allowedSeconds: 300 },
    items: [{ id: "P1-17", summary: "Deferred until 2026-03-08 by ada.", location: "operations/items.yaml:22", waivable: true }],
    startedAt: at(4),
    durationMs: 840,
    remedy: edit("operations/items.yaml"),
  },
  {
    id: "telegram",
    status: "fail",
    summary:
      "Another poller holds the bot's token: `connected` is false, wanted true; lifecycle is `recovering`, wanted `ready`.",
    measured: {
      running: true,
      connected: false,
      lifecycle: "recovering",
      lastError: "409: Conflict: terminated by other getUpdates request",
      getMe: true,
      pendingUpdates: 3,
      account: { restartPending: false, reconnectAttempts: 4 },
    },
    startedAt: at(6),
    durationMs: 30_010,
    remedy: "ssh claw@phill docker ps --filter name=openclaw",
  },
  {
    id: "memory",
    status: "pass",
    summary: "A canary was written, read back and removed in 41 ms; a key without rights was refused (42501).",
    measured: { roundTripMs: 41, refusedCode: "42501" },
    startedAt: at(7),
    durationMs: 212,
  },
  {
    id: "exposure",
    status: "fail",
    summary: "1 secret is exposed; 0 are allowed.",
    measured: { filesScanned: 412, commitsScanned: 18, logLines: 2210 },
    items: [{ id: "9f2c41d07ab3", summary: "A Telegram bot token.", location: "Documentation/handoff.md:12", waivable: true }],
    startedAt: at(9),
    durationMs: 6130,
    remedy: "npx deck secrets scan",
  },
  {
    id: "documents",
    status: "pass",
    summary: "All 3 documents carry the stamp of release 2026.3.1 and differ from the last release.",
    measured: { stamp: "2026.3.1", documents: ["update_log.md", "status_tracker.md", "test_plan.md"] },
    startedAt: at(9),
    durationMs: 160,
  },
  {
    id: "runtime",
    status: "pass",
    summary: "The gateway is healthy, runs the declared image and configuration, and did not restart in 30.4 s.",
    measured: { health: "healthy", restarts: 0, imageId: `sha256:${"ab".repeat(32)}` },
    startedAt: at(10),
    durationMs: 30_400,
  },
  {
    id: "secrets",
    status: "pass",
    summary: "The env file has mode 600, owner 1000 and the declared content; the gateway started 4 min after it was written.",
    measured: { mode: "600", uid: 1000 },
    startedAt: at(12),
    durationMs: 390,
  },
  {
    id: "context",
    status: "pass",
    summary: "All 27 documents are those that were synced.",
    measured: { files: 27 },
    startedAt: at(12),
    durationMs: 450,
  },
  {
    id: "schema",
    status: "error",
    summary: "db.example.supabase.co did not accept a connection on port 5432 within 10 s.",
    measured: { error: "ConnectionRefused" },
    startedAt: at(13),
    durationMs: 10_040,
    remedy: "supabase projects list",
  },
  {
    id: "provider",
    status: "pass",
    summary: "The provider `anthropic` accepted the key in 310 ms.",
    measured: { latencyMs: 310 },
    startedAt: at(14),
    durationMs: 312,
  },
];

const titles: Readonly<Record<string, string>> = {
  "open-items": "No P0 is open, and each open P1 is deferred by an owner until a day that has not passed.",
  telegram: "The bot is connected to Telegram, and nothing else polls with its token.",
  memory: "The bot's role can write, read and remove a memory; a role without rights is refused.",
  exposure: "No secret stands in the tree, the history, the documents, the logs or earlier evidence.",
  schema: "Every migration of this tree is applied with the same content.",
};

/** @param failing false for the same run with every check passed. @param standIns makes it a rehearsal's. */
export function sampleReport(failing = true, standIns?: readonly string[], signOff: SignOffStanding = { kind: "none" }): Report {
  const checks = failing ? results : results.map((result) => ({ ...passing(result) }));
  const waivers = [
    waiverOf("9f2c41d07ab3", { until: "2026-12-31" }),
    waiverOf("P1-17", { check: "open-items", until: "2026-03-01" }),
  ];
  const policy = policyWith({ waivers });
  return {
    schema: "phillbot/evidence/v1",
    stack: "prod",
    host: "claw@phill",
    image: `ghcr.io/openclaw/openclaw:2026.9.6@sha256:${"cd".repeat(32)}`,
    trigger: "up",
    startedAt: at(0),
    durationMs: 30_420,
    verdict: judge({
      results: checks,
      policy,
      policyDigest: "5e".repeat(32),
      required: results.map(({ id }) => id),
      now: new Date(at(30_420)),
      toolVersion: "0.1.0",
      rehearsed: { rehearsal: standIns !== undefined, standIns: standIns ?? [] },
    }),
    signOff,
    policy,
    checks,
    titles: { ...titles },
    commit: { sha: "a9a3867c0ffee1234567890abcdef1234567890a", dirty: false },
    toolVersion: "0.1.0",
  };
}

function passing({ items: _items, remedy: _remedy, ...result }: CheckResult): CheckResult {
  return { ...result, status: "pass", summary: "All is well." };
}
