/** Every version that set-up brings, in one place. */

export const pins = {
  /** An installed CLI counts from this version on; a downloaded or built one is exactly this. */
  pulumi: "3.258.0",
  /** Providers, as the program's npm packages ask for them. */
  providers: { docker: "5.2.0", command: "1.2.1" },
  openclaw: "2026.9.6",
  postgres: "15",
  /** Of the Node base image; part of the names of what is built on it. */
  node: "24",
  /** For the local Node base image only; the public one brings its own. */
  npm: "11.19.1",
  /** Oldest Go that builds what cannot be downloaded. */
  go: "1.26",
  debian: "bookworm",
  /** By tag: the digest differs with each rebuild that the publisher makes for security. */
  publicImages: { debian: "debian:bookworm-slim", node: "node:24-bookworm-slim" },
} as const;

/** Names that hold wherever an image came from, so that nothing else need know. */
export const baseImages = { debian: "phillbot/base:bookworm", node: "phillbot/base:node24" } as const;
