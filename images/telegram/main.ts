/** Runs the emulated Bot API: reads where the token lies, listens, ends on a signal. See `README.md` beside this file. */

import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { emulatorServer } from "./server.ts";

const envFile = process.env.EMULATOR_ENV_FILE ?? "/run/phillbot/telegram.env";
const port = Number(process.env.EMULATOR_PORT ?? 8081);

/** Reads the file at every call: it is small, and a rotated token counts at once. */
function token(): string | undefined {
  try {
    return parseEnv(readFileSync(envFile, "utf8")).TELEGRAM_BOT_TOKEN;
  } catch {
    return undefined;
  }
}

const server = emulatorServer({ token, log: (line) => console.log(`${new Date().toISOString()} ${line}`) });
server.listen(port, "0.0.0.0", () => console.log(`The emulated Bot API listens on port ${port}.`));

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
