/** What `docker inspect` says of containers, as far as the gate relies on it. Any other shape is an error, never a pass. */

import { z } from "zod";
import { envFileLabel, specLabel } from "./layout.ts";

/** Docker's own time: RFC 3339 with nanoseconds; year 1 stands for never. */
const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/, "an RFC 3339 time");
const status = z.enum(["created", "running", "paused", "restarting", "removing", "exited", "dead"]);
const healthStatus = z.enum(["none", "starting", "healthy", "unhealthy"]);

const inspected = z.object({
  Id: z.string().regex(/^[0-9a-f]{64}$/),
  Name: z.string().min(2),
  Image: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  RestartCount: z.int().min(0),
  State: z.object({
    Status: status,
    OOMKilled: z.boolean(),
    ExitCode: z.int(),
    StartedAt: time,
    Health: z.object({ Status: healthStatus, FailingStreak: z.int() }).nullish(),
  }),
  HostConfig: z.object({
    Memory: z.int(),
    MemorySwap: z.int(),
    NanoCpus: z.int(),
    CpuShares: z.int(),
    CpuQuota: z.int(),
    CpuPeriod: z.int(),
    CpusetCpus: z.string(),
    PidsLimit: z.int().nullable(),
    Privileged: z.boolean(),
    ReadonlyRootfs: z.boolean(),
    CapAdd: z.array(z.string()).nullable(),
    CapDrop: z.array(z.string()).nullable(),
    SecurityOpt: z.array(z.string()).nullable(),
    RestartPolicy: z.object({ Name: z.string() }),
    PortBindings: z.record(z.string(), z.array(z.object({ HostIp: z.string(), HostPort: z.string() })).nullable()).nullable(),
  }),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()).nullable() }),
  Config: z.object({ Image: z.string(), Labels: z.record(z.string(), z.string()).nullable() }),
  Mounts: z.array(z.object({ Type: z.string(), Source: z.string().default(""), Destination: z.string(), RW: z.boolean() })),
});

interface Mount {
  readonly type: string;
  readonly source: string;
  readonly destination: string;
  readonly writable: boolean;
}

/** What a container may do and where it is reached. */
export interface Confinement {
  readonly memoryBytes: number;
  /** Memory and swap together; -1 where swap has no limit. */
  readonly memorySwapBytes: number;
  /** What the engine may hold back of the processors; each is 0 where nothing is held back. */
  readonly nanoCpus: number;
  readonly cpuShares: number;
  readonly cpuQuota: number;
  readonly cpuPeriod: number;
  /** The processors that it may run on, empty for all. */
  readonly cpuset: string;
  /** 0 where there is no limit. */
  readonly pids: number;
  readonly privileged: boolean;
  /** False where files can be put beside those of the image, which no digest tells. */
  readonly readOnlyRoot: boolean;
  readonly addedCapabilities: readonly string[];
  readonly droppedCapabilities: readonly string[];
  readonly securityOptions: readonly string[];
  readonly restartPolicy: string;
  /** `127.0.0.1:18789->18789/tcp`, sorted. */
  readonly ports: readonly string[];
  /** Names, sorted. */
  readonly networks: readonly string[];
}

export interface ContainerState {
  readonly id: string;
  readonly name: string;
  /** As the container was asked for: `repository:tag`. */
  readonly image: string;
  /** The engine's own id of it, `sha256:…`. */
  readonly imageId: string;
  readonly status: z.output<typeof status>;
  /** `none` where the container has no health check. */
  readonly health: z.output<typeof healthStatus>;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Restarts by the engine's restart policy since the container was last started by hand. */
  readonly restartCount: number;
  /** RFC 3339 with nanoseconds, by the host's clock. */
  readonly startedAt: string;
  /** What the stack's program wanted of it, by digest. */
  readonly spec?: string;
  /** The keyed fingerprint of the env file that it was made with. */
  readonly envFile?: string;
  /** What the engine lets it do; each can be changed on the running container. */
  readonly confinement: Confinement;
  readonly composeProject?: string;
  readonly composeService?: string;
  readonly mounts: readonly Mount[];
}

function confinementOf(
  host: z.output<typeof inspected>["HostConfig"],
  network: z.output<typeof inspected>["NetworkSettings"],
): Confinement {
  const ports = Object.entries(host.PortBindings ?? {}).flatMap(([inner, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => `${HostIp}:${HostPort}->${inner}`),
  );
  return {
    memoryBytes: host.Memory,
    memorySwapBytes: host.MemorySwap,
    nanoCpus: host.NanoCpus,
    cpuShares: host.CpuShares,
    cpuQuota: host.CpuQuota,
    cpuPeriod: host.CpuPeriod,
    cpuset: host.CpusetCpus,
    pids: Math.max(host.PidsLimit ?? 0, 0),
    privileged: host.Privileged,
    readOnlyRoot: host.ReadonlyRootfs,
    addedCapabilities: host.CapAdd ?? [],
    droppedCapabilities: host.CapDrop ?? [],
    securityOptions: host.SecurityOpt ?? [],
    restartPolicy: host.RestartPolicy.Name,
    ports: ports.toSorted(),
    networks: Object.keys(network.Networks ?? {}).toSorted(),
  };
}

/**
 * Reads the output of `docker container inspect`.
 * @throws Error where it is not JSON, or not of the known shape.
 */
export function parseContainers(json: string): readonly ContainerState[] {
  return z
    .array(inspected)
    .parse(JSON.parse(json))
    .map(({ Id, Name, Image, RestartCount, State, Config, HostConfig, NetworkSettings, Mounts }) => {
      const project = Config.Labels?.["com.docker.compose.project"];
      const service = Config.Labels?.["com.docker.compose.service"];
      const spec = Config.Labels?.[specLabel];
      const envFile = Config.Labels?.[envFileLabel];
      return {
        id: Id,
        name: Name.replace(/^\//, ""),
        image: Config.Image,
        imageId: Image,
        status: State.Status,
        health: State.Health?.Status ?? "none",
        exitCode: State.ExitCode,
        oomKilled: State.OOMKilled,
        restartCount: RestartCount,
        startedAt: State.StartedAt,
        confinement: confinementOf(HostConfig, NetworkSettings),
        ...(spec === undefined ? {} : { spec }),
        ...(envFile === undefined ? {} : { envFile }),
        ...(project === undefined ? {} : { composeProject: project }),
        ...(service === undefined ? {} : { composeService: service }),
        mounts: Mounts.map((mount) => ({
          type: mount.Type,
          source: mount.Source,
          destination: mount.Destination,
          writable: mount.RW,
        })),
      };
    });
}

/** Where a container sees a path of its host, through the innermost bind mount that holds it. */
export function seenAt(
  container: Pick<ContainerState, "mounts">,
  hostPath: string,
): { readonly path: string; readonly writable: boolean } | undefined {
  const holding = container.mounts
    .filter(
      ({ type, source }) => type === "bind" && (hostPath === source || hostPath.startsWith(`${source.replace(/\/$/, "")}/`)),
    )
    .sort((a, b) => b.source.length - a.source.length)[0];
  if (holding === undefined) return undefined;
  return { path: `${holding.destination}${hostPath.slice(holding.source.length)}`, writable: holding.writable };
}
