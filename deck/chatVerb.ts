/** `deck chat`: talk to the bot of a development stack, as its owner. */

import type { Settings } from "../model/settings.ts";
import { chat } from "./chat.ts";
import { openStack } from "./session.ts";
import { type Call, DeckError, type Verb } from "./verb.ts";

export const chatVerb: Verb = {
  name: "chat",
  summary: "Talk to the bot of a development stack",
  arguments: [{ name: "[text]", description: "say this and wait for the answer; without it, a conversation" }],
  options: [{ flags: "--as <id>", description: "the Telegram user to speak as (default: the bot's first owner)" }],
  async run(call, world) {
    const [text] = call.args;
    if (call.json && text === undefined)
      throw new DeckError("usage", "With `--json` there is no conversation; say something: `deck chat --json <text>`.");
    if (text?.trim() === "") throw new DeckError("usage", "There is nothing to say: the text is empty.", "npx deck chat /whoami");
    const { settings } = await openStack(call, world);
    const spokenTo = partner(call, settings);
    if (settings.provider.name === "none")
      world.output.progress(
        "No model provider is configured: the bot answers commands such as `/whoami`, and fails on all else.",
      );
    const { code, answers } = await chat({
      ...spokenTo,
      ...(text === undefined ? {} : { text }),
      input: process.stdin,
      ...(process.stderr.isTTY ? { draw: (drawn: string) => process.stderr.write(drawn) } : {}),
      // With `--json` the answers are handed back, not printed as they come.
      output: call.json ? { ...world.output, data: () => {} } : world.output,
      signal: world.signal,
    });
    return { code, data: { answers }, text: "" };
  },
};

/** @throws DeckError with code 2 where the stack speaks to the real Telegram, or the user's id is none. */
function partner(call: Call, settings: Settings) {
  if (settings.devServices === undefined) {
    throw new DeckError(
      "usage",
      `The bot of stack \`${call.stack}\` is on the real Telegram; talk to it there.`,
      "npx deck chat --stack dev",
    );
  }
  const id = Number(call.options.as ?? settings.telegram.owners[0]);
  if (!Number.isSafeInteger(id) || id <= 0)
    throw new DeckError("usage", "`--as` must be a numeric Telegram user id.", "npx deck chat --as 7");
  const isOwner = settings.telegram.owners.includes(String(id));
  return { apiRoot: settings.telegram.apiRoot, from: { id, username: isOwner ? "owner" : "stranger" } };
}
