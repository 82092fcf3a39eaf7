// Runs by the gateway's own Node. Prints as one line of JSON what of its state its users would miss.
// Arguments: the state's database, the agent's.
import { DatabaseSync } from "node:sqlite";

const [state, agent] = process.argv.slice(-2).map((path) => new DatabaseSync(path, { readOnly: true, timeout: 10_000 }));
const texts = (database, query) =>
  database
    .prepare(query)
    .all()
    .map((row) => String(Object.values(row)[0]));
const place =
  "select json_extract(value_json, '$.lastUpdateId') from plugin_state_entries where namespace = 'telegram.update-offsets'";
const saved = {
  sessions: texts(agent, "select session_key || ' ' || current_session_id from session_nodes order by 1"),
  paired: texts(state, "select entry from channel_pairing_allow_entries order by 1"),
  device: texts(state, "select device_id from device_identities order by 1"),
  lastUpdateId: Number(texts(state, place)[0] ?? -1),
};
console.log(JSON.stringify(saved));
