/** Loaded before the Pulumi program by the bench alone: the program runs as it is, but for its release gate. What it brings up is measured, and never called released. */

import { registerHooks } from "node:module";

const gate = new URL("./noGate.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier.endsWith("/components/releaseGate.ts") ? { url: gate, shortCircuit: true } : next(specifier, context),
});
