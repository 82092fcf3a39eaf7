/** `deck backup adopt`: puts an archive on record that is not, because its record was lost or it was brought from elsewhere. */

import { listBackups, verifyBackup } from "../host/backup.ts";
import { forStack } from "../model/operatorCommand.ts";
import { sha256 } from "../model/sha256.ts";
import { readBackups } from "../release/backups.ts";
import { record } from "../release/history.ts";
import { withBackups } from "./backupPlace.ts";
import { waitOption, waitSecondsOf, withLease } from "./lease.ts";
import { openStack } from "./session.ts";
import { type Call, DeckError, exitCodes, type Outcome, type Verb, type World } from "./verb.ts";

export const backupAdoptVerb: Verb = {
  name: "backup adopt",
  summary: "Put an archive on record that lies among the backups and is not, by the digest that somebody kept of it",
  changes: true,
  arguments: [{ name: "<name>", description: "the archive's name, which is a backup's" }],
  options: [
    { flags: "--sha256 <digest>", description: "its digest, as the record or `sha256sum` said when it was made" },
    waitOption,
  ],
  async run(call, world) {
    const [name = ""] = call.args;
    const digest = sha256.safeParse(call.options.sha256);
    if (!digest.success) {
      const problem =
        "`--sha256` wants the digest that was kept of the archive, 64 hex digits: nobody else can say that it is the one.";
      throw new DeckError("usage", problem, forStack(`npx deck backup adopt '${name}' --sha256 '<digest>'`, call.stack));
    }
    const wanted = { purpose: "npx deck backup adopt", waitSeconds: waitSecondsOf(call.options.wait, call) };
    const work = () => adopt({ name, sha256: digest.data }, { call, world });
    return call.dryRun ? work() : withLease(await openStack(call, world), world, wanted, work);
  },
};

function adopt(
  archive: { readonly name: string; readonly sha256: string },
  { call, world }: { readonly call: Call; readonly world: World },
): Promise<Outcome> {
  const { name } = archive;
  return withBackups(call, world, async ({ place, history, about, bot }) => {
    const bytes = (await listBackups(place)).get(name);
    if (bytes === undefined)
      throw new DeckError(
        "usage",
        `${JSON.stringify(name)} is no archive in ${place.layout.backups} on ${place.host.description}.`,
      );
    if ((await readBackups(place, history)).some(({ backup }) => backup.name === name))
      throw new DeckError("usage", `${name} is on record already.`, forStack("npx deck backup verify", call.stack));
    const fault = await verifyBackup(place, archive, world.signal);
    if (fault !== undefined) throw new DeckError("finding", fault.replace("that is on record", "that you name"));
    // Of which bot it is, it says itself once it is unpacked; which image wrote it, nobody says.
    const backup = { ...archive, bytes, bot };
    const summary = `An archive was put on record by hand, as this bot's: ${name}, ${bytes} bytes.`;
    if (!call.dryRun) await record(history, { event: "backup", at: world.now().toISOString(), ...about, backup, summary });
    const text = call.dryRun ? `Would put ${name} on record.` : `${name} is on record.`;
    return { code: exitCodes.done, data: { dryRun: call.dryRun, backup }, text };
  });
}
