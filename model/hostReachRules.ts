/** What no container may reach of the host: its engine, its devices, and what keeps it apart from both. */

import {
  type DeclaredResource,
  type Fault,
  type Rule,
  rowsIn,
  textIn,
  textsIn,
  type Values,
  valuesIn,
} from "./declaredResource.ts";

const container = "docker:index/container:Container";
const volume = "docker:index/volume:Volume";
/** What the engine runs besides containers: no rule looks into them, and a plugin is root on the host. */
const unjudged = { "docker:index/service:Service": "a service", "docker:index/plugin:Plugin": "a plugin of the engine" };

const faultIf = (isWrong: boolean, problem: string, remedy: string): readonly Fault[] => (isWrong ? [{ problem, remedy }] : []);

/** Every spelling of one path, where no link of the host's own makes another: `/var/run` is one to `/run`. */
function plain(path: string): string {
  const whole = `/${path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/")}`;
  return whole.replace(/^\/var\/run(?=\/|$)/, "/run");
}

const engines = "(?:docker|podman|containerd|crio|cri-dockerd)";
const reaching = [
  // Whatever lies above the sockets, and above what the engine keeps.
  /^\/(?:run(?:\/user(?:\/\d+)?)?|var(?:\/lib)?)?$/,
  new RegExp(`/${engines}\\.sock$`),
  new RegExp(`^/run/(?:user/\\d+/)?${engines}(?:/|$)`),
  /^\/var\/lib\/(?:docker|containerd|containers)(?:\/|$)/,
  /\/\.docker\/(?:run|desktop)(?:\/|$)/,
  // Another process's root is the host's.
  /^\/proc(?:\/|$)/,
];

/** Paths of the host in a volume driver's options: what is bound, and the layers of an overlay. */
function pathsIn(options: Values): readonly string[] {
  const words = (textIn(options.o) ?? "").split(/[,:=]/).filter((word) => word.startsWith("/"));
  return [...(textIn(options.device) === undefined ? [] : [textIn(options.device) ?? ""]), ...words];
}

function hostPaths({ type, properties }: DeclaredResource): readonly string[] {
  if (type === volume) return pathsIn(valuesIn(properties.driverOpts));
  if (type !== container) return [];
  return [
    ...rowsIn(properties.volumes).map(({ hostPath }) => textIn(hostPath)),
    ...rowsIn(properties.mounts).flatMap(({ source, volumeOptions }) => [
      textIn(source),
      ...pathsIn(valuesIn(valuesIn(volumeOptions).driverOptions)),
    ]),
  ].filter((path) => path !== undefined);
}

function mountsEngine(resource: DeclaredResource): readonly Fault[] {
  return hostPaths(resource).flatMap((path) =>
    faultIf(
      (path.startsWith("/") && reaching.some((each) => each.test(plain(path)))) || path.split("/").includes(".."),
      `It mounts \`${path}\`, by which it reaches the engine's socket, hence root on the host.`,
      "Mount the folders that it needs, by their whole paths.",
    ),
  );
}

function mountsDevices(resource: DeclaredResource): readonly Fault[] {
  const { type, properties } = resource;
  const given = type === container && (rowsIn(properties.devices).length > 0 || textsIn(properties.deviceCgroupRules).length > 0);
  const isDevice = (path: string) => /^\/dev(?:\/(?!(?:null|shm)(?:\/|$))|$)/.test(plain(path));
  return [
    ...faultIf(given, "It is given devices of the host.", "Leave `devices` and `deviceCgroupRules` out."),
    ...hostPaths(resource).flatMap((path) =>
      faultIf(path.startsWith("/") && isDevice(path), `It mounts \`${path}\`, a device of the host.`, "Leave it out."),
    ),
  ];
}

const loosening = /(?:[=:]unconfined|^label[=:]disable|^no-new-privileges[=:]false)$/i;

function loosened({ type, properties }: DeclaredResource): readonly Fault[] {
  const found = type === container ? textsIn(properties.securityOpts).find((each) => loosening.test(each.trim())) : undefined;
  return faultIf(
    found !== undefined,
    `Its \`securityOpts\` hold \`${found}\`: the kernel's own limits do not bind it.`,
    "Leave it out of `securityOpts`.",
  );
}

export const hostReachRules = {
  "no-engine-socket": { description: "No container reaches the engine's socket.", judge: mountsEngine },
  "no-host-devices": { description: "No container is given devices of the host.", judge: mountsDevices },
  confined: { description: "No container is freed of the kernel's limits.", judge: loosened },
  "containers-only": {
    description: "The engine runs containers, and nothing that no rule looks into.",
    judge: ({ type }) => {
      const what = unjudged[type as keyof typeof unjudged];
      return faultIf(what !== undefined, `It is ${what}, which no rule looks into.`, "Declare it as a container.");
    },
  },
} as const satisfies Readonly<Record<string, Rule>>;
