/** Whether what the last update declared is what this tree wants: other settings, committed and not deployed, are no release. */

import type { Declared } from "./declared.ts";
import { imageNameOf } from "./gatewayContainer.ts";
import { gatewayName, layoutOf } from "./layout.ts";
import type { Settings } from "./settings.ts";

/** What only a digest tells of a tree. */
export interface TreeDigests {
  /** Sha256 (hex) of the gateway's configuration as the settings give it. */
  readonly config: string;
  /** The same of all that they want of the container; undefined where what runs is not even what was declared. */
  readonly spec: string | undefined;
}

/** What the settings want otherwise than the last update declared, one sentence each. */
export function undeployed(settings: Settings, { gateway, config, envFile, context }: Declared, digests: TreeDigests): string[] {
  const { memoryMb, pids, port, uid, gid } = settings.gateway;
  const layout = layoutOf(settings);
  const compared: readonly (readonly [what: string, wanted: string | number, declared: string | number])[] = [
    ["the container's name", gatewayName(settings), gateway.name],
    ["the image", imageNameOf(settings.gateway), gateway.image],
    ["`gateway.memoryMb`", memoryMb, gateway.memoryMb],
    ["`gateway.pids`", pids, gateway.pids],
    ["`gateway.port`", port, gateway.port],
    ["the gateway's owner", `${uid}:${gid}`, `${envFile.uid}:${envFile.gid}`],
    ["the network", settings.name, gateway.network],
    ["the compose project", settings.name, gateway.composeProject],
    ["the configuration", layout.configFile, config.path],
    ["the env file", layout.envFile, envFile.path],
    ["the context folder", layout.context, context.folder],
    ["the gateway's configuration by sha256", digests.config, config.sha256],
  ];
  const differing = compared.filter(([, wanted, declared]) => wanted !== declared);
  // That digest is of most of the others too, and says nothing more where one of them has been named.
  if (differing.length === 0 && digests.spec !== undefined && digests.spec !== gateway.spec)
    differing.push(["the container by sha256", digests.spec, gateway.spec]);
  return differing.map(
    ([what, wanted, declared]) =>
      `This tree was not deployed: it wants ${what} \`${short(wanted)}\`, deployed is \`${short(declared)}\`.`,
  );
}

function short(value: string | number): string {
  return String(value).replace(/^([0-9a-f]{12})[0-9a-f]{52}$/, "$1");
}
