/** What an update that was killed had made in the engine and not noted in Pulumi's state: which of it is the stack's, and when it goes. */

import { z } from "zod";
import { composeService, stackLabel } from "./layout.ts";
import { folderLabel } from "./volumeOwner.ts";

export interface FoundContainer {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Names. */
  readonly networks: readonly string[];
}

export interface FoundNetwork {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Ids of all containers that are to be on it, whether they run or not. */
  readonly users: readonly string[];
}

/** What the engine has. */
export interface Found {
  readonly containers: readonly FoundContainer[];
  readonly networks: readonly FoundNetwork[];
}

/** The stack that asks. */
export interface Asking {
  readonly stack: string;
  /** The prefix of its names. */
  readonly name: string;
  readonly baseFolder: string;
  /** The clone that a development stack belongs to; production belongs to no clone. */
  readonly folder: string | undefined;
}

/** What Pulumi's state knows. */
export interface Recorded {
  /** Ids of containers and networks. */
  readonly ids: ReadonlySet<string>;
  /** False where nothing says that an update with this state ever came as far as the engine. */
  readonly reachedEngine: boolean;
}

/** Containers and networks to remove. Volumes are never among them: they hold data, and the engine hands one of a name that is there over. */
export interface Unrecorded {
  /** What goes before anything is made. */
  readonly containers: readonly FoundContainer[];
  readonly networks: readonly FoundNetwork[];
  /** What goes when the new gateway is ready to take its place. */
  readonly gateways: readonly FoundContainer[];
  /** Networks to be removed that something else is on, which would lose them. */
  readonly inUse: readonly FoundNetwork[];
}

/** Compose's own label, which the gateway's container carries on every stack. */
const workingFolder = "com.docker.compose.project.working_dir";

/** What is the stack's by its labels, and not in its state. */
export function unrecorded(found: Found, recorded: Recorded, asking: Asking): Unrecorded {
  const isNew = ({ id }: { readonly id: string }) => !recorded.ids.has(id);
  const containers = found.containers.filter((container) => isNew(container) && isContainerOf(container, asking));
  const networks = found.networks.filter((network) => isNew(network) && isNetworkOf(network, asking));
  const going = new Set(containers.map(({ id }) => id));
  const isInUse = ({ users }: FoundNetwork) => users.some((id) => !going.has(id));
  // A network cannot go before what is on it.
  const waits = ({ labels, networks: on }: FoundContainer) =>
    labels["com.docker.compose.service"] === composeService && !networks.some(({ name }) => on.includes(name));
  return {
    containers: containers.filter((container) => !waits(container)),
    networks: networks.filter((network) => !isInUse(network)),
    gateways: containers.filter(waits),
    inUse: networks.filter(isInUse),
  };
}

/** Two stacks of one name may share a host, in production; the folder tells them apart. */
function isContainerOf({ labels }: FoundContainer, { stack, folder, baseFolder }: Asking): boolean {
  if (labels[stackLabel] !== stack || labels[folderLabel] !== folder) return false;
  return folder !== undefined || labels[workingFolder] === baseFolder;
}

function isNetworkOf({ labels, name: called }: FoundNetwork, { stack, folder, name }: Asking): boolean {
  if (labels[stackLabel] !== stack || labels[folderLabel] !== folder) return false;
  return folder !== undefined || called === name;
}

const resource = z.object({ type: z.string(), id: z.string().optional() });
const exported = z.object({
  deployment: z
    .object({ resources: z.array(resource).nullish(), pending_operations: z.array(z.object({ resource })).nullish() })
    .nullish(),
});

const inEngine = ["docker:index/container:Container", "docker:index/network:Network", "docker:index/volume:Volume"];

/**
 * Reads what `pulumi stack export` prints. Pulumi notes what it is about to make before it makes it, so a state that was ever used
 * for what is in the engine names something of it.
 * @throws SyntaxError, ZodError
 */
export function recordedIn(text: string): Recorded {
  const { resources, pending_operations: pending } = exported.parse(JSON.parse(text)).deployment ?? {};
  const all = [...(resources ?? []), ...(pending ?? []).map((operation) => operation.resource)];
  const own = all.filter(({ type }) => inEngine.includes(type));
  return { ids: new Set(own.flatMap(({ id }) => (id ? [id] : []))), reachedEngine: own.length > 0 };
}
