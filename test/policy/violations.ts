/** A container, and everything else that a stack declares, as the policy lets it pass; and for each rule what breaks it. */

import { randomBytes } from "node:crypto";
import type { DeclaredResource, StackFacts, Values } from "../../model/declaredResource.ts";
import type { RuleName } from "../../model/stackPolicy.ts";

export const development: StackFacts = { production: false, published: [] };
export const production: StackFacts = { production: true, published: [] };

const container = "docker:index/container:Container";
const digest = "a".repeat(64);

const labels = (values: Readonly<Record<string, string>>) => Object.entries(values).map(([label, value]) => ({ label, value }));

const sample = {
  name: "phillbot-openclaw-gateway-1",
  image: `sha256:${digest}`,
  envs: ["HOME=/home/node", "TOKEN_FILE=/run/token"],
  command: ["node", "main.js"],
  labels: labels({ "com.docker.compose.service": "openclaw-gateway", "phillbot.pids": "512" }),
  memory: 2048,
  capabilities: { drops: ["ALL"] },
  mounts: [{ type: "bind", source: "/srv/phillbot/state", target: "/home/node/.openclaw" }],
  networksAdvanced: [{ name: "phillbot" }],
  ports: [{ internal: 18_789, external: 18_789, ip: "127.0.0.1", protocol: "tcp" }],
  stopTimeout: 330,
  destroyGraceSeconds: 330,
};

const resource = (type: string, properties: Values, within: readonly string[] = []): DeclaredResource => ({
  type,
  name: "it",
  within,
  properties,
});
export const good = (changed: Values = {}): DeclaredResource => resource(container, { ...sample, ...changed });
const command = (create: string, within?: readonly string[]) => resource("command:local:Command", { create }, within);

/** Made anew each time: no token is in this file. */
export const token = `ghp_${randomBytes(18).toString("hex")}`;
const pins = "-o StrictHostKeyChecking=yes -o UserKnownHostsFile=/p/known_hosts -o KnownHostsCommand=none";

export interface Broken {
  readonly rule: RuleName;
  readonly what: string;
  readonly resource: DeclaredResource;
  readonly facts?: StackFacts;
}

const breaks = (rule: RuleName, cases: Readonly<Record<string, DeclaredResource>>, facts?: StackFacts): readonly Broken[] =>
  Object.entries(cases).map(([what, each]) => ({ rule, what, resource: each, ...(facts ? { facts } : {}) }));

export const broken: readonly Broken[] = [
  ...breaks("no-secret-in-the-open", {
    "a token in the environment": good({ envs: [`ANYTHING=${token}`] }),
    "a password by its name in the environment": good({ envs: ["POSTGRES_PASSWORD=postgres"] }),
    "a credential in an address": good({ envs: [`DATABASE=postgres://phill:${token.slice(4, 20)}@db/postgres`] }),
    "a token in a label": good({ labels: [...sample.labels, { label: "note", value: token }] }),
    "a token as a label's name": good({ labels: [...sample.labels, { label: token, value: "1" }] }),
    "a token in the command": good({ command: ["node", "main.js", token] }),
    "a password by its name in the command": good({ command: ["node", "--db-password=postgres"] }),
    "a token in the entry point": good({ entrypoints: ["sh", "-c", `x ${token}`] }),
    "a token in the health check": good({ healthcheck: { tests: ["CMD", "curl", token] } }),
  }),
  ...breaks(
    "image-by-digest",
    {
      "a container of a tag": good({ image: "ghcr.io/openclaw/openclaw:latest" }),
      "a container of no image": good({ image: undefined }),
      "an image of a tag": resource("docker:index/remoteImage:RemoteImage", { name: "ghcr.io/openclaw/openclaw:latest" }),
      "an image of half a digest": resource("docker:index/remoteImage:RemoteImage", { name: "openclaw@sha256:abc" }),
    },
    production,
  ),
  ...breaks("not-privileged", { "a privileged container": good({ privileged: true }) }),
  ...breaks("no-added-capabilities", { "an added capability": good({ capabilities: { adds: ["SYS_ADMIN"] } }) }),
  ...breaks("no-engine-socket", {
    "the socket by a mount": good({ mounts: [{ type: "bind", source: "/var/run/docker.sock", target: "/s" }] }),
    "the socket by a volume": good({ volumes: [{ hostPath: "/run/docker.sock", containerPath: "/s" }] }),
    "the socket of an engine without root": good({ mounts: [{ source: "/run/user/1000/podman/podman.sock", target: "/s" }] }),
    "the folder of the socket": good({ mounts: [{ source: "/var/run/", target: "/s" }] }),
    "the host's root": good({ mounts: [{ source: "//.", target: "/host" }] }),
    "a way around by ..": good({ mounts: [{ source: "/srv/../var/run", target: "/s" }] }),
    "the folder of an engine's sockets, by its other name": good({ volumes: [{ hostPath: "/var/run/podman" }] }),
    "the folder of another engine's sockets": good({ mounts: [{ source: "/var/run/containerd/", target: "/s" }] }),
    "the folder of an engine without root": good({ volumes: [{ hostPath: "/run/user/1000/podman" }] }),
    "another process's root": good({ mounts: [{ source: "/proc/1/root/srv", target: "/s" }] }),
    "what the engine keeps": good({ mounts: [{ source: "/var/lib/docker/volumes", target: "/s" }] }),
    "a mounted volume that is a folder of the host": good({
      mounts: [
        { type: "volume", target: "/s", volumeOptions: { driverOptions: { type: "none", o: "bind", device: "/var/run" } } },
      ],
    }),
    "a mounted volume with the host's root as a layer": good({
      mounts: [{ type: "volume", target: "/s", volumeOptions: { driverOptions: { o: "lowerdir=/,upperdir=/srv/a" } } }],
    }),
    "a volume that is a folder of the host": resource("docker:index/volume:Volume", { driverOpts: { device: "/run" } }),
  }),
  ...breaks("no-host-devices", {
    "a disk": good({ devices: [{ hostPath: "/dev/sda", containerPath: "/dev/sda", permissions: "rwm" }] }),
    "a rule that opens devices": good({ deviceCgroupRules: ["b 8:* rwm"] }),
    "all devices by a mount": good({ mounts: [{ source: "/dev", target: "/d" }] }),
    "one device by a volume": good({ volumes: [{ hostPath: "/dev/./mem" }] }),
    "a volume that is a disk": resource("docker:index/volume:Volume", { driverOpts: { type: "ext4", device: "/dev/sda1" } }),
  }),
  ...breaks("confined", {
    "no filter of system calls": good({ securityOpts: ["no-new-privileges", "seccomp=unconfined"] }),
    "no profile": good({ securityOpts: ["apparmor:unconfined"] }),
    "the kernel's own paths": good({ securityOpts: ["systempaths=unconfined"] }),
    "no label": good({ securityOpts: ["label=disable"] }),
    "new privileges": good({ securityOpts: ["no-new-privileges=false"] }),
  }),
  ...breaks("containers-only", {
    "a service": resource("docker:index/service:Service", { taskSpec: { containerSpec: { image: "x:latest" } } }),
    "a plugin of the engine": resource("docker:index/plugin:Plugin", { name: "x" }),
  }),
  ...breaks("no-host-namespace", {
    "another container's volumes": good({ volumes: [{ fromContainer: "other" }] }),
    "the host's control groups": good({ cgroupnsMode: "host" }),
    "the host's network": good({ networkMode: "host" }),
    "the host's network by its name": good({ networksAdvanced: [{ name: "host" }] }),
    "another container's network": good({ networkMode: "container:other" }),
    "the host's processes": good({ pidMode: "host" }),
    "the host's memory": good({ ipcMode: "host" }),
  }),
  ...breaks("limited-resources", {
    "no limit of memory": good({ memory: undefined }),
    "no memory at all, which is no limit": good({ memory: 0 }),
    "no limit of processes": good({ labels: sample.labels.slice(0, 1) }),
    "processes without bound": good({ labels: labels({ "phillbot.pids": "-1" }) }),
  }),
  ...breaks("ports-on-loopback", {
    "a port on every address": good({ ports: [{ internal: 1, external: 1, ip: "0.0.0.0" }] }),
    "a port without an address": good({ ports: [{ internal: 1, external: 1 }] }),
    "all ports of its image": good({ publishAllPorts: true }),
  }),
  ...breaks("time-to-stop", {
    "no time to stop": good({ stopTimeout: undefined }),
    "no grace when it is destroyed": good({ destroyGraceSeconds: undefined }),
    "less than a gateway's work takes": good({ stopTimeout: 30 }),
  }),
  ...breaks("env-file-by-component", {
    "a command that writes an env file": command("cat > /srv/phillbot/state/.env"),
    "a HostFile of an env file": command("sh -c x write-file /srv/p telegram.env /srv/p/telegram.env 600 1:1", [
      "phillbot:host:HostFile",
    ]),
    "a copy of an env file": resource("command:remote:CopyToRemote", {
      connection: { host: "phill", hostKey: "ssh-ed25519 AAAA" },
      remotePath: "/srv/phillbot/.env.production",
    }),
    "an upload into a container": good({ uploads: [{ file: "/app/.env", content: "A=1" }] }),
  }),
  ...breaks("pinned-host-key", {
    "an engine over ssh without options": resource("pulumi:providers:docker", { host: "ssh://claw@phill:22" }),
    "an engine over ssh that takes any key": resource("pulumi:providers:docker", {
      host: "ssh://claw@phill:22",
      sshOpts: JSON.stringify(["-o", "StrictHostKeyChecking=no", ...pins.split(" ")]),
    }),
    "an engine over ssh that knows no host": resource("pulumi:providers:docker", {
      host: "ssh://claw@phill:22",
      sshOpts: ["-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=/dev/null", "-o", "KnownHostsCommand=none"],
    }),
    "a remote command without a host key": resource("command:remote:Command", { create: "true", connection: { host: "phill" } }),
    "a line that starts ssh": command("env -i ssh -o StrictHostKeyChecking=accept-new phill true"),
    "one pinned line and one that is not": command(`ssh ${pins} phill true && ssh phill true`),
    "rsync over an ssh of its own": command("rsync -e 'ssh -p 22' /a claw@phill:/b"),
  }),
];

/** What stands near a rule and breaks none. */
export const allowed: Readonly<Record<string, { readonly resource: DeclaredResource; readonly facts: StackFacts }>> = {
  "the gateway in production": { resource: good(), facts: production },
  "folders and volumes that lie near the engine's": {
    resource: good({
      mounts: [
        ...["/srv/run", "/var/lib/phillbot", "/run/phillbot", "/home/phill/docker", "/dev/shm", "/srv/proc"].map((source) => ({
          source,
          target: "/s",
        })),
        {
          type: "volume",
          source: "memory",
          target: "/m",
          volumeOptions: { driverOptions: { o: "bind", device: "/srv/memory" } },
        },
      ],
      volumes: [{ volumeName: "memory", containerPath: "/v" }],
      securityOpts: ["no-new-privileges", "seccomp=/srv/phillbot/seccomp.json", "label=type:container_t"],
      devices: [],
      cgroupnsMode: "private",
    }),
    facts: production,
  },
  "a volume of a disk's folder": {
    resource: resource("docker:index/volume:Volume", { driverOpts: { type: "none", o: "bind", device: "/srv/data" } }),
    facts: production,
  },
  "an image by digest": {
    resource: resource("docker:index/remoteImage:RemoteImage", { name: `ghcr.io/a/b:1@sha256:${digest}` }),
    facts: production,
  },
  "an image of a tag in development": { resource: good({ image: "phillbot/gateway:1" }), facts: development },
  "a port that is allowed by name": {
    resource: good({ ports: [{ internal: 1, external: 443, ip: "10.0.0.7" }] }),
    facts: {
      ...development,
      published: [{ container: sample.name, port: 443, protocol: "tcp", address: "10.0.0.7", reason: "The VPN.", owner: "ada" }],
    },
  },
  "an env file by its component": {
    resource: command("write-file .env /srv/.env", ["phillbot:host:SecretEnvFile", "phillbot:host:HostFile"]),
    facts: production,
  },
  "an engine of this machine": { resource: resource("pulumi:providers:docker", {}), facts: production },
  "an engine over ssh with a pinned key": {
    resource: resource("pulumi:providers:docker", { host: "ssh://claw@phill:22", sshOpts: JSON.stringify(pins.split(" ")) }),
    facts: production,
  },
  "rsync over a pinned ssh": { resource: command(`rsync -s -e 'ssh ${pins}' /a claw@phill:/b`), facts: production },
};
