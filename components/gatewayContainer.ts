/** The gateway's container: what it may do, what it sees, and what restarts it. */

import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { type ContainerWanted, containerShape, containerSpecText } from "../model/gatewayContainer.ts";
import { composeService, specLabel } from "../model/layout.ts";

export interface GatewayContainerArgs extends ContainerWanted {
  /** The engine's image id, so that nothing is looked up by a name that could move. */
  readonly image: pulumi.Input<string>;
  readonly network: pulumi.Input<string>;
  readonly options: pulumi.CustomResourceOptions;
}

/** Sha256 (hex) of all that is wanted of the container. */
export function gatewaySpec(wanted: ContainerWanted): string {
  return createHash("sha256").update(containerSpecText(wanted)).digest("hex");
}

export function gatewayContainer(name: string, args: GatewayContainerArgs): docker.Container {
  const shape = containerShape(args);
  const labels = { ...shape.labels, [specLabel]: gatewaySpec(args) };
  return new docker.Container(
    name,
    {
      ...shape,
      image: args.image,
      networksAdvanced: [{ name: args.network, aliases: [composeService] }],
      labels: Object.entries(labels)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([label, value]) => ({ label, value })),
    },
    {
      ...args.options,
      deleteBeforeReplace: true,
      // The provider takes these in place and does nothing with them.
      replaceOnChanges: ["healthcheck", "init", "tmpfs", "cpuPeriod", "cpuQuota"],
    },
  );
}
