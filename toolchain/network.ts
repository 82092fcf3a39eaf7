/** The host's ways to the network, as far as an image build may know them: never a credential. */

import { ask } from "./command.ts";

const publicRegistry = "https://registry.npmjs.org/";
const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"] as const;

/** Build arguments that every builder knows without a declaration, and keeps out of the image and its history. */
export function proxySettings(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(proxies.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

/** The registry that npm uses on this machine. The image's history names it, so an address with a password in it is left out. */
export async function registrySetting(): Promise<{ NPM_REGISTRY?: string }> {
  const registry = (await ask(["npm", "config", "get", "registry"]))?.trim() ?? publicRegistry;
  return isForeign(registry) ? { NPM_REGISTRY: registry } : {};
}

export function isForeign(registry: string): boolean {
  const url = URL.parse(registry);
  return url !== null && url.href !== publicRegistry && url.username === "" && url.password === "";
}
