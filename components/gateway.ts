/** The OpenClaw gateway: its configuration, its container, and what must be true before the running one is touched. */

import { createHash } from "node:crypto";
import * as command from "@pulumi/command";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { mustRun } from "../host/ensure.ts";
import type { Route } from "../host/files.ts";
import {
  indexTimeoutMs,
  isDown,
  limitProcesses,
  readIndexState,
  refreshIndex,
  restartIfStale,
  validateConfig,
} from "../host/gateway.ts";
import type { Host } from "../host/host.ts";
import { renderGatewayConfig } from "../model/gatewayConfig.ts";
import { contentLabels } from "../model/gatewayContainer.ts";
import { gatewayName, type Layout, modes, mounts } from "../model/layout.ts";
import type { Settings } from "../model/settings.ts";
import { gatewayContainer, gatewaySpec } from "./gatewayContainer.ts";
import { HostFile } from "./hostFile.ts";

export interface GatewayArgs {
  readonly host: Host;
  readonly settings: Settings;
  readonly layout: Layout;
  /** The declared image, on the host before anything is written there. */
  readonly image: docker.RemoteImage;
  /** Resolves once the env file on the host is as declared. */
  readonly envFile: pulumi.Output<string>;
  /** Changes with any value in the env file: the gateway reads it at its start only. */
  readonly envFileFingerprint: string;
  /** Resolves to the documents' digest once they are on the host. */
  readonly documents: pulumi.Output<string>;
  /** Words of a synced document: a search in the bot's memory must find it. */
  readonly searchFor: string;
  readonly network: docker.Network;
  readonly via: Route;
  /** Labels for the container besides compose's own. */
  readonly labels: Readonly<Record<string, string>>;
  /** Called in an update, before a container that is another one than this goes. Where it throws, nothing is replaced. */
  readonly backUp: (next: { readonly imageId: string; readonly spec: string }) => Promise<void>;
  /** What must exist before the gateway starts. */
  readonly after: readonly pulumi.Resource[];
}

interface Validation {
  readonly validated: command.local.Command;
  readonly image: pulumi.Output<string>;
  readonly content: string;
}

/**
 * Runs one OpenClaw gateway on the host.
 *
 * The order is the point: the image is there and the configuration is valid by OpenClaw's own word before the old container stops;
 * the old one stops before the new one starts, because two pollers on one token deafen both.
 */
export class Gateway extends pulumi.ComponentResource {
  readonly container: docker.Container;
  readonly configDigest: string;
  /** Sha256 (hex) of all that is wanted of the container. */
  readonly spec: string;
  /** The container's id, once it runs with the files as they are now and its memory index knows the documents. */
  readonly settled: pulumi.Output<string>;

  constructor(name: string, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("phillbot:gateway:Gateway", name, {}, opts);
    const { host, settings, layout, via, image } = args;
    const child = { parent: this };
    const content = renderGatewayConfig(settings);
    this.configDigest = createHash("sha256").update(content).digest("hex");

    const { uid, gid } = settings.gateway;
    const validated = new command.local.Command(
      `${name}-validate`,
      {
        create: image.imageId.apply((id) => host.line(validateConfig(host, id))),
        stdin: content,
        addPreviousOutputInEnv: false,
      },
      child,
    );
    const valid = this.#valid({ validated, image: image.imageId, content }, host);
    const config = new HostFile(
      `${name}-config`,
      { host, path: layout.configFile, content: valid, mode: modes.configFile, uid, gid, via },
      { parent: this, dependsOn: validated },
    );
    const ready = pulumi.all([image.imageId, config.settled, args.envFile, args.documents]);
    const labels = { ...args.labels, ...contentLabels(this.configDigest, args.envFileFingerprint) };
    this.spec = gatewaySpec({ settings, layout, labels });
    this.container = gatewayContainer(`${name}-container`, {
      settings,
      layout,
      labels,
      image: ready.apply(async ([imageId]) => {
        if (!pulumi.runtime.isDryRun()) await args.backUp({ imageId, spec: this.spec });
        return imageId;
      }),
      network: args.network.name,
      options: { parent: this, dependsOn: [validated, ...args.after] },
    });

    const container = gatewayName(settings);
    const limited = new command.local.Command(
      `${name}-pids`,
      {
        create: this.container.id.apply((id) => `: ${id}; ${host.line(limitProcesses(host, container, settings.gateway.pids))}`),
        addPreviousOutputInEnv: false,
      },
      child,
    );
    const current = pulumi.all([this.container.id, limited.id]).apply(async ([id]) => {
      if (pulumi.runtime.isDryRun()) return id;
      // The command above runs on change only, and the limit can be lifted on the running container.
      await mustRun(host, limitProcesses(host, container, settings.gateway.pids));
      await this.#restartIfStale(container, args);
      return id;
    });
    const indexed = new command.local.Command(
      `${name}-index`,
      {
        // The index lies in the state folder, so a new container of the same image knows what the old one did.
        create: pulumi
          .all([ready, current])
          .apply(
            ([[imageId, , , documents]]) =>
              `: ${imageId} ${documents}; ${host.line(refreshIndex(host, container, args.searchFor))} || ${host.line(isDown(host, container))}`,
          ),
        addPreviousOutputInEnv: false,
      },
      child,
    );
    this.settled = pulumi.all([current, indexed.id]).apply(async ([id]) => {
      if (!pulumi.runtime.isDryRun()) await this.#mendIndex(container, args);
      return id;
    });
    this.registerOutputs({ name: container, config: mounts.configFile });
  }

  /**
   * The content, once OpenClaw has called it valid in this image. An update that leaves the command out (`--target`) has its
   * state from an earlier one, about another content or image: then the program itself asks, so that no update goes round it.
   */
  #valid({ validated, image, content }: Validation, host: Host): pulumi.Output<string> {
    return pulumi.all([image, validated.create, validated.stdin]).apply(async ([id, asked, about]) => {
      const isProven = about === content && asked === host.line(validateConfig(host, id));
      if (isProven || pulumi.runtime.isDryRun()) return content;
      const { code, stdout, stderr } = await host.run(validateConfig(host, id), { stdin: content });
      if (code === 0) return content;
      const said = `${stdout}\n${stderr}`.trim().slice(-1000);
      throw new pulumi.RunError(
        `OpenClaw's own \`config validate\` ended with ${code ?? "no code"}, wanted 0; the gateway's configuration was not written.\n${said}`,
      );
    });
  }

  /** The command runs on change only, and the index lies in the state folder. A container that cannot be asked is the gate's matter. */
  async #mendIndex(container: string, { host, searchFor }: GatewayArgs): Promise<void> {
    const index = await readIndexState(host, container);
    if ("unread" in index || index.stale.length === 0) return;
    await pulumi.log.warn(
      `The bot's index does not hold ${index.stale.length} of ${index.documents} documents as they are; it is made anew.`,
      this,
    );
    await mustRun(host, refreshIndex(host, container, searchFor, { anew: true }), { timeoutMs: indexTimeoutMs }).catch(
      async (error: Error) => {
        const { code } = await host.run(isDown(host, container));
        if (code !== 0) throw error;
      },
    );
  }

  /** A file that was mended, by us or by hand, is read at the next start only. */
  async #restartIfStale(container: string, { host, layout, via }: GatewayArgs): Promise<void> {
    const stale = await restartIfStale(host, container, { paths: [layout.envFile, layout.configFile], via });
    if (stale !== undefined) await pulumi.log.warn(`The gateway was restarted, because ${stale}.`, this);
  }
}
