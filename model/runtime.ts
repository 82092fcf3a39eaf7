/** The rule of the check `runtime`: what runs is what was declared, it is healthy, and it did not restart. */

import type { Finding } from "./check.ts";
import { type Confinement, type ContainerState, seenAt } from "./containers.ts";
import type { Declared } from "./declared.ts";
import { composeService, gatewayPort, mounts } from "./layout.ts";

/** One look at the host. Times are the host's, digests are hex. */
export interface RuntimeReading {
  /** The container that bears the declared name, if any. */
  readonly named: ContainerState | undefined;
  /** Every container of the declared compose project and service, running or not. */
  readonly ofService: readonly ContainerState[];
  /** Sha256 of the configuration file on the host; undefined where there is none. */
  readonly configSha256: string | undefined;
  /** Sha256 of the plugin's files; undefined where none is declared, or where there are none. */
  readonly pluginSha256: string | undefined;
  /** Folders on the host that are not those which the running container sees under their mounts. */
  readonly moved: readonly string[];
  /** Mode and owner of what the gateway uses on the host. */
  readonly possessions: readonly Possession[];
  /** What this tree wants otherwise than was declared, one sentence each. */
  readonly undeployed: readonly string[];
  /** Host's clock less the operator's, in seconds. */
  readonly clockSkew: number;
}

/** Who may use something on the host, as words such as `mode 700 and owner 1000:1000`: as it was found, and as it is wanted. */
export interface Possession {
  readonly path: string;
  readonly found: string;
  readonly wanted: string;
}

export interface RuntimeRules {
  /** Largest allowed difference between the two clocks, in seconds, either way. */
  readonly maximumClockSkew: number;
  /** Makes a command for the host one that the operator can type here. */
  readonly onHost: (command: string) => string;
}

export interface Fault {
  readonly reason: string;
  readonly remedy: string;
}

/** What the second reading must find unchanged; the first finding carries it in `measured`. */
const steady = ["containerId", "startedAt"] as const;

/** True while waiting may still change the answer: the health check's start period is not over. */
export function isStarting(reading: RuntimeReading): boolean {
  return reading.named?.status === "running" && reading.named.health === "starting";
}

/** Judges one reading; with the finding of an earlier one, also that nothing restarted in between. */
export function judgeRuntime(declared: Declared, reading: RuntimeReading, rules: RuntimeRules, first?: Finding): Finding {
  const measured = measure(reading);
  const faults = [
    ...identityFaults(declared, reading, rules),
    ...confinementFaults(declared, reading, rules),
    ...reading.moved.map((path) => ({
      reason: `The folder \`${path}\` was replaced while the container ran, which still sees the old one.`,
      remedy: `${rules.onHost(`docker restart --time 330 ${declared.gateway.name}`)}; npx deck up`,
    })),
    ...healthFaults(declared, reading, rules),
    ...reading.possessions
      .filter(({ found, wanted }) => found !== wanted)
      .map(({ path, found, wanted }) => ({ reason: `\`${path}\` has ${found}; wanted is ${wanted}.`, remedy: "npx deck up" })),
    ...contentFaults(declared, reading),
    ...reading.undeployed.map((reason) => ({ reason, remedy: "npx deck up" })),
    ...(first === undefined ? [] : restartFaults(first, measured, logs)),
  ];
  const [worst, ...others] = faults;
  if (worst !== undefined) {
    const more = others.length === 0 ? "" : ` ${others.map(({ reason }) => reason).join(" ")}`;
    return { status: "fail", summary: `${worst.reason}${more}`, measured, remedy: worst.remedy };
  }
  if (!(Math.abs(reading.clockSkew) <= rules.maximumClockSkew)) return skewed(reading, rules, measured);
  if (isStarting(reading)) {
    const summary = `The gateway's container \`${declared.gateway.name}\` is still \`starting\`; \`healthy\` is wanted.`;
    return { status: "inconclusive", summary, measured, remedy: logs };
  }
  return {
    status: "pass",
    summary: `The container \`${declared.gateway.name}\` is healthy, runs what was declared, and has not restarted since ${reading.named?.startedAt}.`,
    measured,
  };
}

function measure(reading: RuntimeReading): Finding["measured"] {
  const { named } = reading;
  return {
    containerId: named?.id ?? null,
    startedAt: named?.startedAt ?? null,
    status: named?.status ?? null,
    health: named?.health ?? null,
    restartCount: named?.restartCount ?? null,
    imageId: named?.imageId ?? null,
    spec: named?.spec ?? null,
    configSha256: reading.configSha256 ?? null,
    pluginSha256: reading.pluginSha256 ?? null,
    running: running(reading).map(({ name }) => name),
    clockSkewSeconds: Math.round(reading.clockSkew * 1000) / 1000,
  };
}

function running(reading: RuntimeReading): readonly ContainerState[] {
  return reading.ofService.filter(({ status }) => status !== "exited" && status !== "created" && status !== "dead");
}

/** Why the declared container does not run, where it does not. */
export function notRunning(
  named: ContainerState | undefined,
  { name }: Pick<Declared["gateway"], "name">,
  { onHost }: Pick<RuntimeRules, "onHost">,
): Fault | undefined {
  if (named === undefined) {
    return { reason: `There is no container \`${name}\`; the stack declares one.`, remedy: "npx deck up" };
  }
  if (named.status === "running") return undefined;
  const code = named.status === "exited" || named.status === "restarting" ? ` (exit code ${named.exitCode})` : "";
  const start = `${logs}; ${onHost(`docker restart --time 330 ${name}`)}`;
  const remedy = named.status === "paused" ? onHost(`docker unpause ${name}`) : start;
  return { reason: `The container \`${name}\` is \`${named.status}\`${code}; \`running\` is wanted.`, remedy };
}

function identityFaults({ gateway }: Declared, reading: RuntimeReading, { onHost }: RuntimeRules): readonly Fault[] {
  const { named } = reading;
  if (named === undefined) return [notRunning(named, gateway, { onHost })].filter((fault) => fault !== undefined);
  const faults: Fault[] = [];
  if (named.id !== gateway.id) {
    faults.push({
      reason: `The container \`${gateway.name}\` was replaced by hand: its id is \`${short(named.id)}\`, declared is \`${short(gateway.id)}\`.`,
      remedy: `${onHost(`docker stop --time 330 ${gateway.name} && docker rm ${gateway.name}`)}; npx deck up`,
    });
  }
  if (named.imageId !== gateway.imageId) {
    faults.push({
      reason: `The container runs image \`${short(named.imageId)}\`; declared is \`${short(gateway.imageId)}\` (${gateway.image}).`,
      remedy: "npx deck up",
    });
  }
  if (named.spec !== gateway.spec) {
    faults.push({
      reason: `The container was made from the specification \`${short(named.spec ?? "none")}\`; declared is \`${short(gateway.spec)}\`.`,
      remedy: "npx deck up",
    });
  }
  if (named.composeProject !== gateway.composeProject || named.composeService !== composeService) {
    const found = `${named.composeProject ?? "none"}/${named.composeService ?? "none"}`;
    faults.push({
      reason: `The container's compose labels say \`${found}\`; declared is \`${gateway.composeProject}/${composeService}\`.`,
      remedy: "npx deck up",
    });
  }
  const strangers = running(reading).filter(({ id }) => id !== named.id);
  if (strangers.length > 0) {
    const names = strangers.map(({ name }) => name).sort();
    faults.push({
      reason: `${1 + strangers.length} containers of the compose service \`${composeService}\` run; 1 is allowed, so not \`${names.join("`, `")}\`.`,
      remedy: onHost(`docker stop --time 330 ${names.join(" ")}`),
    });
  }
  return faults;
}

/** The engine takes most of these on a running container (`docker update`, `docker network connect`), and no label tells. */
function confinementFaults({ gateway }: Declared, { named }: RuntimeReading, { onHost }: RuntimeRules): readonly Fault[] {
  if (named === undefined) return [];
  const is = named.confinement;
  const wanted: Confinement = {
    memoryBytes: gateway.memoryMb * 1024 * 1024,
    // As `containerShape` has them: no swap beyond the memory, and no limit of the processors.
    memorySwapBytes: gateway.memoryMb * 1024 * 1024,
    nanoCpus: 0,
    cpuShares: 0,
    cpuQuota: 0,
    cpuPeriod: 0,
    cpuset: "",
    pids: gateway.pids,
    privileged: false,
    readOnlyRoot: true,
    addedCapabilities: [],
    droppedCapabilities: ["ALL"],
    securityOptions: ["no-new-privileges"],
    restartPolicy: "unless-stopped",
    ports: [`127.0.0.1:${gateway.port}->${gatewayPort}/tcp`],
    networks: [gateway.network],
  };
  const differing = (Object.keys(wanted) as (keyof Confinement)[]).filter((key) => String(is[key]) !== String(wanted[key]));
  return differing.map((key) => ({
    reason: `The container's \`${key}\` is \`${is[key]}\`; declared is \`${wanted[key]}\`.`,
    remedy: `${onHost(`docker stop --time 330 ${gateway.name} && docker rm ${gateway.name}`)}; npx deck up`,
  }));
}

function healthFaults(declared: Declared, { named }: RuntimeReading, rules: RuntimeRules): readonly Fault[] {
  if (named === undefined) return [];
  const { name } = declared.gateway;
  const start = rules.onHost(`docker restart --time 330 ${name}`);
  const faults: Fault[] = [];
  if (named.oomKilled) {
    faults.push({ reason: `The container \`${name}\` was killed for want of memory.`, remedy: logs });
  }
  const standing = notRunning(named, declared.gateway, rules);
  if (standing !== undefined) {
    faults.push(standing);
  } else if (named.health === "unhealthy" || named.health === "none") {
    const found = named.health === "none" ? "has no health check" : "is `unhealthy`";
    const remedy = named.health === "none" ? "npx deck up" : `${logs}; ${start}`;
    faults.push({ reason: `The container \`${name}\` ${found}; \`healthy\` is wanted.`, remedy });
  }
  if (named.restartCount > 0) {
    const reason = `The container \`${name}\` was restarted ${named.restartCount === 1 ? "once" : `${named.restartCount} times`} by the engine; 0 are allowed.`;
    faults.push({ reason, remedy: `${logs}; ${start}` });
  }
  return faults;
}

function contentFaults(declared: Declared, reading: RuntimeReading): readonly Fault[] {
  const faults: Fault[] = [];
  const differs = (what: string, found: string | undefined, wanted: string) => {
    const reason = `${what} has sha256 \`${found === undefined ? "none" : short(found)}\`; declared is \`${short(wanted)}\`.`;
    if (found !== wanted) faults.push({ reason, remedy: "npx deck up" });
  };
  differs(`The configuration \`${declared.config.path}\``, reading.configSha256, declared.config.sha256);
  if (declared.plugin !== null) differs("The memory plugin", reading.pluginSha256, declared.plugin.sha256);
  if (reading.named === undefined) return faults;
  const mounted = [
    [declared.config.path, mounts.configFile],
    ...(declared.plugin ? [[declared.plugin.path, mounts.plugin]] : []),
  ];
  for (const [source = "", wanted = ""] of mounted) {
    const seen = seenAt(reading.named, source);
    if (seen?.path === wanted && !seen.writable) continue;
    const found = seen === undefined ? "not mounted" : `mounted on \`${seen.path}\`${seen.writable ? ", writable" : ""}`;
    faults.push({ reason: `\`${source}\` is ${found}; wanted is \`${wanted}\`, read-only.`, remedy: "npx deck up" });
  }
  return faults;
}

/** What the first reading did not measure is not what it is now, so that is a fault as well. */
function restartFaults(first: Finding, now: Finding["measured"], remedy: string): readonly Fault[] {
  return steady
    .filter((key) => first.measured[key] !== now[key])
    .map((key) => ({
      reason: `While the gate ran, \`${key}\` went from \`${shown(first.measured[key])}\` to \`${shown(now[key])}\`; the gateway restarted.`,
      remedy,
    }));
}

function skewed(reading: RuntimeReading, rules: RuntimeRules, measured: Finding["measured"]): Finding {
  const [size, side] = [Math.abs(reading.clockSkew).toFixed(1), reading.clockSkew > 0 ? "ahead of" : "behind"];
  return {
    status: "inconclusive",
    summary: `The host's clock is ${size} s ${side} this machine's; ${rules.maximumClockSkew} s are allowed, so times cannot be compared.`,
    measured,
    remedy: rules.onHost("timedatectl status"),
  };
}

const logs = "npx deck logs --since 10m";

function short(digest: string): string {
  return digest.replace(/^sha256:/, "").slice(0, 12);
}

function shown(value: unknown): string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? short(value) : String(value ?? "none");
}
