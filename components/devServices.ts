/** What stands in for hosted services on a development stack: PostgreSQL, a Supabase REST endpoint in front of it, and Telegram's Bot API. */

import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { docker as engineOf } from "../host/engine.ts";
import type { Route } from "../host/files.ts";
import { limitProcesses } from "../host/gateway.ts";
import type { Host } from "../host/host.ts";
import { renderEnvFile } from "../model/envFile.ts";
import { devServicePorts, type Layout } from "../model/layout.ts";
import type { Secret } from "../model/secret.ts";
import type { Settings } from "../model/settings.ts";
import { memoryVolume } from "../model/volumeOwner.ts";
import { fingerprint } from "./fingerprint.ts";
import { HostFile } from "./hostFile.ts";
import { SecretEnvFile } from "./secretEnvFile.ts";

export interface DevServiceArgs {
  readonly host: Host;
  readonly settings: Settings;
  readonly layout: Layout;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly network: docker.Network;
  readonly via: Route;
  readonly labels: Readonly<Record<string, string>>;
  /** The folders on the host; nothing is written before they exist. */
  readonly folders: pulumi.Resource;
  /** Keys the fingerprint that restarts a service when its file changes. */
  readonly fingerprintKey: Secret;
}

/** One container with one mounted secrets file: what all three services have in common. */
interface ServiceSpec {
  readonly service: "postgres" | "rest" | "telegram";
  readonly image: string;
  /** Where the container finds its file: the values of an env file by name, or any other text. */
  readonly file: { readonly name: string; readonly target: string; readonly content: string | ReadonlyMap<string, Secret> };
  readonly port: number;
  readonly volumes?: docker.ContainerArgs["volumes"];
  readonly labels?: Readonly<Record<string, string>>;
  readonly dependsOn?: readonly pulumi.Resource[];
}

function devContainer(args: DevServiceArgs, spec: ServiceSpec, parent: pulumi.Resource): docker.Container {
  const { host, settings, layout, via } = args;
  const { uid, gid } = settings.gateway;
  const containerName = `${settings.name}-${spec.service}-1`;
  const folder = `${layout.devServices}/${spec.service}`;
  const { name, content } = spec.file;
  const place = { host, path: `${folder}/${name}`, uid, gid, via };
  const after = { parent, dependsOn: args.folders };
  const settled =
    typeof content === "string"
      ? new HostFile(`${spec.service}-file`, { ...place, content: pulumi.secret(content), mode: 0o600 }, after).settled
      : new SecretEnvFile(`${spec.service}-file`, { ...place, entries: content, fingerprintKey: args.fingerprintKey }, after)
          .path;
  const text = typeof content === "string" ? content : renderEnvFile(content).reveal();
  const image = new docker.RemoteImage(`${spec.service}-image`, { name: spec.image, keepLocally: true }, { parent });
  const container = new docker.Container(
    spec.service,
    {
      name: containerName,
      image: pulumi.all([image.imageId, pulumi.unsecret(settled)]).apply(([id]) => id),
      networksAdvanced: [{ name: args.network.name, aliases: [spec.service] }],
      ports: [{ internal: devServicePorts[spec.service], external: spec.port, ip: "127.0.0.1", protocol: "tcp" }],
      mounts: [{ type: "bind", source: folder, target: spec.file.target, readOnly: true }],
      ...(spec.volumes ? { volumes: spec.volumes } : {}),
      labels: labelled({
        ...args.labels,
        ...spec.labels,
        "phillbot.file": fingerprint(text, args.fingerprintKey),
        "phillbot.pids": String(pids),
      }),
      restart: "unless-stopped",
      memory: 512,
      memorySwap: 512,
      wait: true,
      waitTimeout: 120,
      stopTimeout: stopSeconds,
      destroyGraceSeconds: stopSeconds,
    },
    // Without the star, a container that missed its wait would count as done in the next update.
    { parent, deleteBeforeReplace: true, replaceOnChanges: ["*"], dependsOn: [...(spec.dependsOn ?? [])] },
  );
  new command.local.Command(
    `${spec.service}-pids`,
    {
      create: container.id.apply((id) => `: ${id}; ${host.line(limitProcesses(host, containerName, pids))}`),
      addPreviousOutputInEnv: false,
    },
    { parent },
  );
  return container;
}

/** Far more than any of the three needs. */
const pids = 512;
const stopSeconds = 20;

/** In an order that stays, so that none shows as a change. */
function labelled(labels: Readonly<Record<string, string>>) {
  return Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ label, value }));
}

function secretsOf(args: DevServiceArgs, names: readonly string[]): ReadonlyMap<string, Secret> {
  const entries = names.flatMap((name) => {
    const value = args.secrets.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return new Map(entries);
}

/** The database, with the roles that a hosted Supabase project brings along, and the Bot API. */
export class DevServices extends pulumi.ComponentResource {
  readonly database: docker.Container;
  readonly telegram: docker.Container;
  /** The roles are there: migrations may run. */
  readonly roles: command.local.Command;

  /** @param rolesSql an idempotent script that makes Supabase's roles on a plain PostgreSQL. */
  constructor(name: string, args: DevServiceArgs & { readonly rolesSql: string }, opts?: pulumi.ComponentResourceOptions) {
    const services = args.settings.devServices;
    if (services === undefined)
      throw new pulumi.InputPropertyError({
        propertyPath: "settings.devServices",
        reason: "Development services need their settings.",
      });
    super("phillbot:dev:DevServices", name, {}, opts);
    const volume = new docker.Volume(
      "postgres-data",
      { name: memoryVolume(args.settings.name), labels: labelled(args.labels) },
      // The memory outlives a change of names; `npm run down` removes it, after its question. Another label would make it anew.
      { parent: this, retainOnDelete: true, ignoreChanges: ["labels"] },
    );
    const password = args.secrets.get("MEMORY_DATABASE_PASSWORD")?.reveal() ?? "";
    this.database = devContainer(
      args,
      {
        service: "postgres",
        image: services.images.postgres,
        file: { name: "postgres_password", content: password, target: "/run/secrets" },
        port: services.postgresPort,
        volumes: [{ volumeName: volume.name, containerPath: "/var/lib/postgresql/data" }],
      },
      this,
    );
    const run = ["exec", "--interactive", "--user", "postgres", `${args.settings.name}-postgres-1`];
    const psql = engineOf(args.host, ...run, "psql", "--quiet", "--set", "ON_ERROR_STOP=1");
    this.roles = new command.local.Command(
      "roles",
      {
        create: this.database.id.apply((id) => `: ${id}; ${args.host.line(psql)}`),
        stdin: args.rolesSql,
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
    const file = { name: "telegram.env", content: secretsOf(args, ["TELEGRAM_BOT_TOKEN"]), target: "/run/phillbot" };
    this.telegram = devContainer(
      args,
      { service: "telegram", image: services.images.telegram, file, port: services.telegramPort },
      this,
    );
    this.registerOutputs({});
  }
}

/** The REST endpoint. It reads the schema at its start only, so it is replaced when the migrations change. */
export class DevRest extends pulumi.ComponentResource {
  readonly rest: docker.Container;

  constructor(
    name: string,
    args: DevServiceArgs & { readonly schemaDigest: string; readonly after: pulumi.Resource },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const services = args.settings.devServices;
    if (services === undefined)
      throw new pulumi.InputPropertyError({
        propertyPath: "settings.devServices",
        reason: "Development services need their settings.",
      });
    super("phillbot:dev:DevRest", name, {}, opts);
    this.rest = devContainer(
      args,
      {
        service: "rest",
        image: services.images.rest,
        file: {
          name: "rest.env",
          content: secretsOf(args, ["MEMORY_BOT_KEY", "MEMORY_PUBLISHABLE_KEY", "MEMORY_DATABASE_PASSWORD"]),
          target: "/run/phillbot",
        },
        port: services.restPort,
        labels: { "phillbot.schema": args.schemaDigest },
        dependsOn: [args.after],
      },
      this,
    );
    this.registerOutputs({});
  }
}
