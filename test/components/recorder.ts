/** Pulumi's mocks, which also keep what the mocks themselves are not told: resource options, logs, and what was begun before what had ended. */

import * as pulumi from "@pulumi/pulumi";
import { getMonitor } from "@pulumi/pulumi/runtime/settings.js";

type Inputs = Readonly<Record<string, unknown>>;

export interface Registered {
  readonly type: string;
  readonly name: string;
  /** Secrets are still wrapped: see `secretIn` and `plain`. */
  readonly inputs: Inputs;
  /** Name of its parent; empty for none. */
  readonly parent: string;
  readonly options: {
    readonly deleteBeforeReplace: boolean;
    readonly replaceOnChanges: readonly string[];
    readonly additionalSecretOutputs: readonly string[];
    /** Names of all that it waits for: `dependsOn` as well as what its inputs come from. */
    readonly dependencies: readonly string[];
    readonly protect: boolean;
    readonly retainOnDelete: boolean;
    readonly ignoreChanges: readonly string[];
    readonly provider: string;
  };
}

export interface Logged {
  readonly level: "info" | "warn" | "error";
  readonly text: string;
  /** The resource's URN, its last part; empty for the program's own. */
  readonly resource: string;
  readonly ephemeral: boolean;
}

const levels = ["info", "warn", "error"] as const;
const nameIn = (urn: string) => urn.split("::").at(-1) ?? "";

export class Recorder {
  readonly registered: Registered[] = [];
  /** `begin NAME` and `end NAME` of each registration, in time. */
  readonly events: string[] = [];
  readonly logs: Logged[] = [];
  /** Outputs that components registered, by name. */
  readonly outputs = new Map<string, unknown>();
  readonly #original = { info: pulumi.log.info, warn: pulumi.log.warn, error: pulumi.log.error };

  /** The only resource of that name; of several types one must be given. */
  get(name: string, type = ""): Registered {
    const found = this.registered.filter((each) => each.name === name && each.type.includes(type));
    const [only] = found;
    if (only === undefined || found.length > 1)
      throw new Error(
        `${found.length} resources are \`${name}\`; there are ${this.registered.map((each) => each.name).join(", ")}.`,
      );
    return only;
  }

  /** True where `later` was begun after `earlier` had ended. */
  isAfter(later: string, earlier: string): boolean {
    const [begin, end] = [this.events.indexOf(`begin ${later}`), this.events.indexOf(`end ${earlier}`)];
    if (begin < 0 || end < 0) throw new Error(`There is no \`${begin < 0 ? later : earlier}\` in ${this.events.join(", ")}.`);
    return begin > end;
  }

  /** Waits until all that was begun has ended; nothing can be registered afterwards. */
  async end(): Promise<void> {
    await pulumi.runtime.disconnect();
    Object.assign(pulumi.log, this.#original);
  }

  listen(): void {
    for (const level of levels) {
      const keep = async (text: string, resource?: pulumi.Resource, _stream?: number, ephemeral = false) => {
        const at = this.logs.push({ level, text, resource: "", ephemeral }) - 1;
        const urn = resource === undefined ? "" : await settle(resource.urn);
        this.logs[at] = { level, text, resource: nameIn(urn), ephemeral };
      };
      Object.assign(pulumi.log, { [level]: keep });
    }
  }
}

/** What of Pulumi's own message is looked at here. */
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProvider(): string;
  getDependenciesList(): string[];
  getDeletebeforereplace(): boolean;
  getReplaceonchangesList(): string[];
  getAdditionalsecretoutputsList(): string[];
  getIgnorechangesList(): string[];
  getProtect(): boolean | undefined;
  getRetainondelete(): boolean | undefined;
}

type Callback = (error: unknown, response: unknown) => void;

/** The part of the mocks' own monitor that is listened in on. */
interface Monitor {
  registerResource(request: Request, callback: Callback): Promise<void>;
  registerResourceOutputs(request: { getUrn(): string; getOutputs(): { toJavaScript(): unknown } }, callback: Callback): void;
}

function listenIn(monitor: Monitor, recorder: Recorder, inputs: ReadonlyMap<string, Inputs>): void {
  const register = monitor.registerResource.bind(monitor);
  const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
  monitor.registerResource = async (request, callback) => {
    const [type, name] = [request.getType(), request.getName()];
    recorder.events.push(`begin ${name}`);
    await register(request, (error, response) => {
      recorder.registered.push({
        type,
        name,
        inputs: inputs.get(`${type} ${name}`) ?? {},
        parent: nameIn(request.getParent()),
        options: optionsOf(request),
      });
      recorder.events.push(`end ${name}`);
      callback(error, response);
    });
  };
  monitor.registerResourceOutputs = (request, callback) => {
    recorder.outputs.set(nameIn(request.getUrn()), request.getOutputs().toJavaScript());
    registerOutputs(request, callback);
  };
}

function optionsOf(request: Request): Registered["options"] {
  return {
    deleteBeforeReplace: request.getDeletebeforereplace(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    dependencies: request.getDependenciesList().map(nameIn),
    protect: request.getProtect() === true,
    retainOnDelete: request.getRetainondelete() === true,
    ignoreChanges: request.getIgnorechangesList(),
    provider: request.getProvider(),
  };
}

/** What the providers add that the program reads. */
function stateOf({ type, name, inputs }: pulumi.runtime.MockResourceArgs): Inputs {
  return type.endsWith(":RemoteImage") ? { ...inputs, imageId: `sha256:${name}` } : inputs;
}

interface Program {
  readonly preview?: boolean;
  /** Names of resources that take longer than all others together. */
  readonly slow?: readonly string[];
  /** Outputs of resources that the update leaves out (`--target`): what they were in an earlier one. */
  readonly leftOut?: Readonly<Record<string, Inputs>>;
}

/** Begins a program under mocks; `end()` it. */
export async function record({ preview = false, slow = [], leftOut = {} }: Program = {}): Promise<Recorder> {
  const recorder = new Recorder();
  const inputs = new Map<string, Inputs>();
  const newResource = async (args: pulumi.runtime.MockResourceArgs) => {
    inputs.set(`${args.type} ${args.name}`, args.inputs);
    // Whoever does not wait for this one gets ahead of it.
    for (let turn = 0; turn < (slow.includes(args.name) ? 500 : 3); turn += 1)
      await new Promise((resolve) => setImmediate(resolve));
    return { id: `${args.name}-id`, state: { ...stateOf(args), ...leftOut[args.name] } };
  };
  await pulumi.runtime.setMocks({ call: () => ({}), newResource }, "phillbot", "test", preview);
  listenIn(getMonitor() as unknown as Monitor, recorder, inputs);
  recorder.listen();
  return recorder;
}

/** An output's value; rejects as it does. */
export function settle<T>(output: pulumi.Output<T>): Promise<T> {
  return (output as unknown as { promise(): Promise<T> }).promise();
}

const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

function isSecret(value: unknown): value is { readonly value: unknown } {
  return typeof value === "object" && value !== null && (value as Inputs)[signature] === secretSignature;
}

/** The value within a secret input. Throws on one that is no secret. */
export function secretIn(value: unknown): unknown {
  if (!isSecret(value)) throw new Error("The input is not a secret.");
  return value.value;
}

/** All of the inputs that would stand in the open, as text. */
export function plain(inputs: Inputs): string {
  return JSON.stringify(inputs, (_key, value) => (isSecret(value) ? "[secret]" : value));
}
