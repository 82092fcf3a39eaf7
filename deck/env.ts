/** `deck env`: what a bare `pulumi` at the project's root needs in its environment; never a secret. */

import { delimiter, join } from "node:path";
import { usesDevelopmentPassphrase } from "../host/passphraseFile.ts";
import { quote } from "../host/quote.ts";
import { type Layout, layoutOf } from "../toolchain/layout.ts";
import { checkBackend, findPulumi } from "./pulumi.ts";
import { readSignOff } from "./stackSettings.ts";
import { exitCodes, type Verb } from "./verb.ts";

export const envVerb: Verb = {
  name: "env",
  summary: 'Print what a bare `pulumi` needs: eval "$(npx deck env)"',
  async run(call, world) {
    const { root, environment } = world;
    // Not all of the settings: with this one sets those that are missing.
    const settings = { requireSignOff: await readSignOff(root, call.stack), secrets: {} };
    const place = { root, stack: call.stack, settings, environment };
    await checkBackend(place);
    const found = await findPulumi(place);
    const variables = { ...found.variables, PATH: withoutNpm(found.variables.PATH ?? "", layoutOf(root)) };
    // Left by `deck env` for another stack: `pulumi stack init` would encrypt with what goes with the next `npm run down`.
    const isLeft = !("PULUMI_CONFIG_PASSPHRASE_FILE" in variables) && usesDevelopmentPassphrase(environment, root);
    const unset = isLeft ? ["PULUMI_CONFIG_PASSPHRASE_FILE"] : [];
    if (isLeft) world.output.progress(passphraseUnset(call.stack));
    const text = [
      ...unset.map((name) => `unset ${name}`),
      ...Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`),
    ];
    return { code: exitCodes.done, data: { pulumi: found.path, environment: variables, unset }, text: text.join("\n") };
  },
};

function passphraseUnset(stack: string): string {
  return `The development stacks' passphrase is unset: the stack \`${stack}\` has its state elsewhere, and needs a passphrase of its own.
  export PULUMI_CONFIG_PASSPHRASE_FILE=<a 0600 file outside this folder>`;
}

/** A search path without what npm and npx put there for as long as they run; the project's own folders come first, and once. */
export function withoutNpm(path: string, { project, bin }: Pick<Layout, "project" | "bin">): string {
  const own = [bin, join(project, "node_modules", ".bin")];
  const isNpms = (entry: string) => /\/(node_modules\/\.bin|node-gyp-bin)\/?$|\/_npx\//.test(entry);
  return [...own, ...path.split(delimiter).filter((entry) => !own.includes(entry) && !isNpms(entry))].join(delimiter);
}
