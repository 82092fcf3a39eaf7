// Runs by the gateway's own Node. Pairs somebody, as `openclaw pairing approve` does.
// Arguments: the state's database, the id of the user.
import { DatabaseSync } from "node:sqlite";

const [path, id] = process.argv.slice(-2);
const database = new DatabaseSync(path, { timeout: 10_000 });
const query = `insert into channel_pairing_allow_entries (channel_key, account_id, entry, sort_order, updated_at)
  values ('telegram', 'default', ?, (select count(*) from channel_pairing_allow_entries), 0)`;
database.prepare(query).run(id);
