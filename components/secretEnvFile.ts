/** The gateway's env file on the host: `NAME=value` lines, mode 600, owned by the uid that the container runs as. */

import * as pulumi from "@pulumi/pulumi";
import type { Route } from "../host/files.ts";
import type { Host } from "../host/host.ts";
import { renderEnvFile } from "../model/envFile.ts";
import type { Secret } from "../model/secret.ts";
import { fingerprint } from "./fingerprint.ts";
import { HostFile } from "./hostFile.ts";

export interface SecretEnvFileArgs {
  readonly host: Host;
  /** Absolute path on the host. */
  readonly path: string;
  /** Values by name. Bad names, newlines and NULs are refused by name before anything is registered. */
  readonly entries: ReadonlyMap<string, Secret>;
  /** Keys the fingerprint; itself a secret of at least 128 random bits, so that the fingerprint tells nothing. */
  readonly fingerprintKey: Secret;
  readonly uid: number;
  readonly gid: number;
  readonly via: Route;
}

/** Writes secrets to the host over standard input; their values are in no argv, no log and, unencrypted, in no state. */
export class SecretEnvFile extends pulumi.ComponentResource {
  readonly path: pulumi.Output<string>;
  /** Changes with any value, and is safe to show: whatever reads the file at its start is replaced when this changes. */
  readonly fingerprint: string;

  constructor(name: string, args: SecretEnvFileArgs, opts?: pulumi.ComponentResourceOptions) {
    const content = renderEnvFile(args.entries).reveal();
    super("phillbot:host:SecretEnvFile", name, {}, opts);
    const { host, path, uid, gid, via } = args;
    this.fingerprint = fingerprint(content, args.fingerprintKey);
    const file = new HostFile(
      name,
      { host, path, uid, gid, via, mode: 0o600, content: pulumi.secret(content) },
      { parent: this },
    );
    // The path is no secret, though it comes from an output that waited for one.
    this.path = pulumi.unsecret(file.settled);
    this.registerOutputs({ path, fingerprint: this.fingerprint });
  }
}
