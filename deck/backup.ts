/** `deck backup create`, `list` and `verify`: archives of the gateway's state, on record with their digests. */

import { randomBytes } from "node:crypto";
import { type BackupPlace, listBackups, verifyBackup } from "../host/backup.ts";
import { forStack } from "../model/operatorCommand.ts";
import { type KnownBackup, makeBackup, readBackups } from "../release/backups.ts";
import { findBackup, withBackups } from "./backupPlace.ts";
import { waitOption, waitSecondsOf, withLease } from "./lease.ts";
import { openStack } from "./session.ts";
import { ago } from "./time.ts";
import { type Call, DeckError, exitCodes, type Outcome, type Verb, type World } from "./verb.ts";

export const backupCreateVerb: Verb = {
  name: "backup create",
  summary: "Keep the gateway's state in an archive on its host, while it runs, and put its digest on record",
  changes: true,
  options: [waitOption],
  async run(call, world) {
    const wanted = { purpose: "npx deck backup create", waitSeconds: waitSecondsOf(call.options.wait, call) };
    if (!call.dryRun) return withLease(await openStack(call, world), world, wanted, () => create(call, world));
    return withBackups(call, world, async ({ place }) => {
      const text = `Would keep the state in ${placed(place)}.`;
      return { code: exitCodes.done, data: { dryRun: true, backup: null }, text };
    });
  },
};

const placed = ({ layout, host }: BackupPlace): string => `${layout.backups} on ${host.description}`;

function create(call: Call, world: World): Promise<Outcome> {
  return withBackups(call, world, async (backups) => {
    const { stack, place } = backups;
    world.output.progress(`Keeping the state in ${placed(place)}.`);
    const made = await makeBackup({
      ...backups,
      why: "by hand",
      now: world.now,
      random: randomBytes(4).toString("hex"),
      retention: stack.settings.backups,
    }).catch((error: Error) => {
      throw new DeckError("unknown", error.message);
    });
    if (made === undefined)
      throw new DeckError("unknown", `There is no state to keep in ${place.layout.state} on ${place.host.description}.`);
    const { backup, warning } = made;
    if (warning !== undefined) world.output.progress(warning);
    const text = `Kept in ${backup.name} (${sized(backup.bytes)}).\nTo bring it back: ${forStack(`npx deck backup restore ${backup.name}`, call.stack)}`;
    return { code: exitCodes.done, data: { dryRun: false, backup }, text };
  });
}

export const backupListVerb: Verb = {
  name: "backup list",
  summary: "Show the backups of the gateway's state that are on record and on its host, newest first",
  async run(call, world) {
    return withBackups(call, world, async ({ place, history, bot }) => {
      const known = await readBackups(place, history);
      const kept = known.filter(({ bytes }) => bytes !== undefined);
      const lines = kept.map(({ backup, entry, bytes }) => {
        const faults = [
          ...(bytes === backup.bytes ? [] : [`cut or changed: ${backup.bytes} bytes are on record`]),
          ...(backup.bot === bot ? [] : ["of another bot"]),
        ];
        const words = [backup.name, `${ago(entry.at, world.now())} ago`, sized(bytes ?? 0), entry.summary.split(":", 1)[0]];
        return [...words, ...faults].join("  ");
      });
      const names = new Set(known.map(({ backup }) => backup.name));
      const strangers = [...(await listBackups(place))].flatMap(([name, bytes]) => (names.has(name) ? [] : [{ name, bytes }]));
      const adopt = (name: string) => forStack(`npx deck backup adopt ${name} --sha256 '<digest>'`, call.stack);
      lines.push(
        ...strangers.map(({ name, bytes }) => `${name}  ${sized(bytes)}  not on record; to take it over: ${adopt(name)}`),
      );
      const backups = kept.map(({ backup, bytes, entry }) => ({ ...backup, bytesThere: bytes, entry: entry.number }));
      return { code: exitCodes.done, data: { backups, notOnRecord: strangers }, text: lines.join("\n") || "No backup is there." };
    });
  },
};

export const backupVerifyVerb: Verb = {
  name: "backup verify",
  summary: "Prove that backups are what is on record, and whole by OpenClaw's own word",
  arguments: [{ name: "[name]", description: "one backup; without it, all that are there" }],
  async run(call, world) {
    return withBackups(call, world, async (backups) => {
      const [name] = call.args;
      // The retention never lets the newest one go: where it is gone, somebody took it.
      const isAsked = ({ bytes }: KnownBackup, index: number) => index === 0 || bytes !== undefined;
      const asked =
        name === undefined
          ? (await readBackups(backups.place, backups.history)).filter(isAsked)
          : [await findBackup(backups, name)];
      const results: { readonly name: string; readonly fault: string | null }[] = [];
      for (const { backup } of asked) {
        world.output.progress(`Verifying ${backup.name}.`);
        const fault = await verifyBackup(backups.place, backup, world.signal).catch((error: Error) => {
          if (!world.signal.aborted) throw new DeckError("unknown", error.message);
        });
        if (world.signal.aborted) throw new DeckError("unknown", "Interrupted; what was not reached is not verified.");
        results.push({ name: backup.name, fault: fault ?? null });
      }
      const isSound = results.every(({ fault }) => fault === null);
      const lines = results.map(({ name: each, fault }) => (fault === null ? `${each}: as on record, and whole` : fault));
      const text = lines.join("\n") || "No backup is there.";
      return { code: isSound ? exitCodes.done : exitCodes.finding, data: { backups: results }, text };
    });
  },
};

function sized(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
