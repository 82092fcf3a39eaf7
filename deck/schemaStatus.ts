/** `deck schema status`: which migrations the database has, and how it differs from what they make. */

import { runOutsideGate } from "./results.ts";
import { openPolicy, openTarget } from "./session.ts";
import { DeckError, type Verb } from "./verb.ts";

export const schemaStatusVerb: Verb = {
  name: "schema status",
  summary: "Show the shared memory's migrations, and what differs from them",
  async run(call, world) {
    const [{ schemaCheck }, { schemaStatus }] = await Promise.all([import("../checks/schema.ts"), import("../memory/status.ts")]);
    const policy = await openPolicy(world);
    await using session = await openTarget(call, world);
    const { target } = session;
    const { settings, projectRoot, secrets } = target;
    const password = secrets.get("MEMORY_DATABASE_PASSWORD");
    if (password === undefined) throw new DeckError("usage", "The secret `MEMORY_DATABASE_PASSWORD` has no source.");
    const checked = await runOutsideGate([schemaCheck], { target, policy, world });
    const database = { address: settings.memory.database, password };
    // The check has said why where the database does not answer; its list is then no news.
    const status = await schemaStatus({ projectRoot, database, signal: world.signal }).catch(() => undefined);
    const migrations = status?.migrations ?? [];
    const lines = migrations.map((each) => `  ${each.state.padEnd(10)} ${each.version}_${each.name}`);
    return { code: checked.code, data: { ...checked.data, migrations }, text: [...lines, checked.text].join("\n") };
  },
};
