/** The one way in which tests have the emulated Telegram play a fault. */

import type { Fault as TelegramFault } from "../../images/telegram/state.ts";

export type { TelegramFault };

/** @param apiRoot the address of the emulator, as the stack's settings name it. */
export async function setTelegramFault(apiRoot: string, fault: TelegramFault): Promise<void> {
  const answer = await fetch(`${apiRoot}/_control/fault`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ fault }),
  });
  if (!answer.ok) throw new Error(`The emulator answered ${answer.status}.`);
}
