/** The gateway's container as it is wanted: what it may do, what it sees, and what restarts it. */

import { canonicalJson } from "./canonical.ts";
import {
  composeService,
  envFileLabel,
  gatewayName,
  gatewayPort,
  type Layout,
  mounts,
  scratchFolders,
  stackLabel,
} from "./layout.ts";
import type { Settings } from "./settings.ts";
import { folderLabel } from "./volumeOwner.ts";

/** Seconds that a gateway gets to end its work: OpenClaw's own budget is 325. */
export const stopSeconds = 330;

export interface ContainerWanted {
  readonly settings: Settings;
  readonly layout: Layout;
  readonly labels: Readonly<Record<string, string>>;
}

/** What every container of a stack says of itself. A development stack belongs to one clone, and says to which; production belongs to nobody's folder. */
export function stackLabels(
  settings: Settings,
  { stack, projectRoot }: { readonly stack: string; readonly projectRoot: string },
) {
  return { [stackLabel]: stack, ...(settings.devServices ? { [folderLabel]: projectRoot } : {}) };
}

/** By which an engine knows the gateway's image: its digest as well where it has one. */
export function imageNameOf({ image, digest }: Pick<Settings["gateway"], "image" | "digest">): string {
  return digest === undefined ? image : `${image}@${digest}`;
}

/** What the gateway's container says besides: a changed configuration (sha256) or env file (keyed fingerprint) replaces it. */
export function contentLabels(config: string, envFile: string) {
  return { "phillbot.config": config, [envFileLabel]: envFile };
}

/** Alive, asked from inside: a publish on loopback is not reachable from the container's own health check otherwise. */
const healthProbe = `fetch("http://127.0.0.1:${gatewayPort}/healthz").then(r=>process.exit(r.ok?0:1),()=>process.exit(1))`;

/** Labels by which `docker compose ps` and `logs` see the container. `config-hash` is not compose's, so `up -d` would replace it: the `runtime` check then says so. */
function composeLabels(settings: Settings): Record<string, string> {
  return {
    "com.docker.compose.project": settings.name,
    "com.docker.compose.service": composeService,
    "com.docker.compose.container-number": "1",
    "com.docker.compose.oneoff": "False",
    "com.docker.compose.project.working_dir": settings.baseFolder,
    "com.docker.compose.project.config_files": `${settings.baseFolder}/docker-compose.yml`,
    "com.docker.compose.config-hash": "managed-by-pulumi",
  };
}

/** All of it but the engine's own ids, which are known only later, as text: its sha256 is the container's `spec`. */
export function containerSpecText(wanted: ContainerWanted): string {
  const { image, digest } = wanted.settings.gateway;
  return canonicalJson({ ...containerShape(wanted), image, digest });
}

/** The arguments of the docker provider's container that do not depend on the engine. */
export function containerShape({ settings, layout, labels }: ContainerWanted) {
  const { memoryMb, port, uid, gid, pids } = settings.gateway;
  const bind = (source: string, target: string, readOnly: boolean) => ({ type: "bind", source, target, readOnly });
  return {
    name: gatewayName(settings),
    // OpenClaw holds its state by a lease of this host's name. Under its own id for a name, a container that follows a killed
    // one would have to wait five minutes until that lease ends; so it sees that the holder is dead.
    hostname: composeService,
    user: `${uid}:${gid}`,
    init: true,
    // What is copied into a container (`docker cp`) is in no digest; into this one, nothing can be.
    readOnly: true,
    tmpfs: scratchFolders({ uid, gid }),
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges"],
    memory: memoryMb,
    memorySwap: memoryMb,
    envs: [
      "HOME=/home/node",
      `OPENCLAW_STATE_DIR=${mounts.state}`,
      `OPENCLAW_CONFIG_PATH=${mounts.configFile}`,
      "OPENCLAW_CONFIG_READONLY=1",
      "OPENCLAW_NO_AUTO_UPDATE=1",
      // The heap stays below the container's limit, so that V8 collects before the kernel kills.
      `NODE_OPTIONS=--max-old-space-size=${Math.floor(memoryMb * 0.75)}`,
      "TZ=UTC",
    ],
    mounts: [
      bind(layout.state, mounts.state, false),
      bind(layout.config, mounts.config, true),
      bind(layout.context, mounts.context, true),
    ],
    ports: [{ internal: gatewayPort, external: port, ip: "127.0.0.1", protocol: "tcp" }],
    healthcheck: {
      tests: ["CMD", "node", "-e", healthProbe],
      interval: "5s",
      timeout: "5s",
      retries: 6,
      // As the engine says it back: "90s" would show as a change for ever.
      startPeriod: "1m30s",
    },
    labels: { ...composeLabels(settings), ...labels, "phillbot.pids": String(pids) },
    logDriver: "json-file",
    logOpts: { "max-size": "20m", "max-file": "5" },
    restart: "unless-stopped",
    stopTimeout: stopSeconds,
    destroyGraceSeconds: stopSeconds,
    // The gate judges health, with a deadline and a reason; the provider's own wait knows neither.
    wait: false,
  };
}
