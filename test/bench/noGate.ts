/** What stands in the release gate's place in the bench: the same nodes, so that nothing changes in the state, and no check behind them. */

import * as pulumi from "@pulumi/pulumi";
import type { ReleaseGateArgs } from "../../components/releaseGate.ts";

class Node extends pulumi.ComponentResource {
  constructor(type: string, name: string, parent?: pulumi.Resource) {
    super(type, name, {}, parent === undefined ? {} : { parent });
    this.registerOutputs({});
  }
}

export class ReleaseGate extends Node {
  constructor(name: string, { checks }: ReleaseGateArgs) {
    super("phillbot:gate:ReleaseGate", name);
    for (const { id } of checks) new Node("phillbot:gate:Check", id, this);
  }
}
