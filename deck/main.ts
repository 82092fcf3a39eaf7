/** Where the operator's command line begins: nothing but what must hold before its first module is loaded. */

import { enableCompileCache } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const couldNotTell = 3;

/** Until a verb has ended, nothing is known of its outcome. */
process.exitCode = couldNotTell;

/** Standard output may be closed before the verb ends (`deck logs | head`); that is no failure of the verb's. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

/** Halves the time to the first line, because Node need not strip the types again. Where it cannot be written, all works as well. */
enableCompileCache(join(root, ".phillbot", "compile-cache"));

try {
  const { run } = await import("./run.ts");
  await run(process.argv.slice(2), root);
} catch (error) {
  process.stderr.write(`The command line could not be loaded. ${error instanceof Error ? error.message : ""}\n`);
  process.exitCode = couldNotTell;
}
