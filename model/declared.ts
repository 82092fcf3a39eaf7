/** What an update declared, as the checks compare it with what runs. Exported by the stack as `declared`; holds no secret. */

export interface Declared {
  /** The gateway's container. */
  readonly gateway: {
    readonly name: string;
    /** The engine's container id: a container of the same name with another id was replaced by hand. */
    readonly id: string;
    /** The image as declared, `repository:tag@sha256:…` in production. */
    readonly image: string;
    /**
     * Sha256 (hex) of all that the program wants of the container, which the container carries as the label `phillbot.spec`:
     * an update that left the container out (`--target`) leaves the old one on it.
     */
    readonly spec: string;
    /** The engine's own image id, `sha256:…`. */
    readonly imageId: string;
    /** Port on the host's loopback. */
    readonly port: number;
    /** The container's limits, and the one network that it is on. */
    readonly memoryMb: number;
    readonly pids: number;
    readonly network: string;
    /** The compose project whose label the container carries. */
    readonly composeProject: string;
  };
  /** Absolute path on the host and sha256 (hex) of the gateway's generated configuration file. */
  readonly config: { readonly path: string; readonly sha256: string };
  /** Absolute path of the env file on the host, and the numeric owner it must have. */
  readonly envFile: { readonly path: string; readonly uid: number; readonly gid: number };
  /**
   * The synced documents. `manifest` is the path on the host of a list in `sha256sum` format (sorted by path),
   * written beside the context folder by the sync; `sha256` is that list's own digest.
   */
  readonly context: { readonly folder: string; readonly manifest: string; readonly sha256: string; readonly files: number };
  /** Sha256 of the memory plugin's files, or null where none is mounted. */
  readonly plugin: { readonly path: string; readonly sha256: string } | null;
}
