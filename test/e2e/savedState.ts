/** What of a gateway's state its users would miss: read from, and planted in, OpenClaw's own databases. */

import { DatabaseSync } from "node:sqlite";
import { mounts } from "../../model/layout.ts";
import { docker } from "./gatewayStack.ts";

/** Sessions by key, the people whom somebody paired, the device's identity, and how far the channel was read. */
export interface SavedState {
  readonly sessions: readonly string[];
  readonly paired: readonly string[];
  readonly device: string;
  readonly lastUpdateId: number;
}

const stateDatabase = "state/openclaw.sqlite";

/** Reads the state folder of a host that is this machine; the gateway may run. */
export function savedState(folder: string): SavedState {
  using state = new DatabaseSync(`${folder}/${stateDatabase}`, { readOnly: true });
  using agent = new DatabaseSync(`${folder}/agents/main/agent/openclaw-agent.sqlite`, { readOnly: true });
  const texts = (database: DatabaseSync, query: string) =>
    database
      .prepare(query)
      .all()
      .map((row) => String(Object.values(row)[0]));
  const offset =
    "select json_extract(value_json, '$.lastUpdateId') from plugin_state_entries where namespace = 'telegram.update-offsets'";
  return {
    sessions: texts(agent, "select session_key || ' ' || current_session_id from session_nodes order by 1"),
    paired: texts(state, "select entry from channel_pairing_allow_entries order by 1"),
    device: texts(state, "select device_id from device_identities order by 1").join(),
    lastUpdateId: Number(texts(state, offset)[0] ?? Number.NaN),
  };
}

/** Pairs somebody, as `openclaw pairing approve` does, by the gateway's own Node while it runs. */
export async function pair(gateway: string, id: string): Promise<void> {
  const script = `
    const { DatabaseSync } = require("node:sqlite");
    const db = new DatabaseSync(process.argv[1]);
    db.prepare("insert into channel_pairing_allow_entries (channel_key, account_id, entry, sort_order, updated_at) values ('telegram', 'default', ?, (select count(*) from channel_pairing_allow_entries), 0)").run(process.argv[2]);`;
  await docker("exec", gateway, "node", "--no-warnings", "--eval", script, "--", `${mounts.state}/${stateDatabase}`, id);
}
