// Runs in the gateway's container, by its own Node, after `answer-of.mjs`. Prints as one line of JSON in how many of the bot's
// conversations `/send off` was said, and how the Bot API answers from there.
// Arguments: the database that holds the conversations, the Bot API's address, without any token.
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

const [database, botApi] = process.argv.slice(-2);

/** Another process may be writing: it is waited for. Without the table this throws, since then nothing is known. */
function muted() {
  // Nobody ever spoke to the bot.
  if (!existsSync(database)) return 0;
  const sessions = new DatabaseSync(database, { readOnly: true, timeout: 10_000 });
  const rows = sessions.prepare("select session_key, entry_json from session_nodes").all();
  return rows.filter(({ session_key: key, entry_json: text }) => {
    const { sendPolicy, channel } = JSON.parse(text);
    // The main conversation is Telegram's, whoever spoke in it last.
    return sendPolicy === "deny" && (channel === "telegram" || key === "agent:main:main");
  }).length;
}

console.log(JSON.stringify({ muted: muted(), botApi: await globalThis.answerOf(botApi) }));
// A connection that is kept alive would keep this alive as well.
process.exit(0);
