/** Runs the REST server in front of PostgreSQL: reads its settings, listens, ends on a signal. */

import { readRestSettings } from "./settings.ts";

process.env.LITE_TELEMETRY = "0";
// Loaded only now, because the library reads that switch while it loads.
const { restServer } = await import("./server.ts");

const settings = readRestSettings(process.env);
const server = restServer(settings, (line) => console.log(`${new Date().toISOString()} ${line}`));
server.listen(settings.port, "0.0.0.0", () => console.log(`The REST server listens on port ${settings.port}.`));

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
