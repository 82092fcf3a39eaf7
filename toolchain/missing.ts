/** The error for what a machine cannot have: what is missing, what for, and where to get it. */

interface MissingThing {
  readonly thing: string;
  readonly purpose: string;
  /** A command or an address. */
  readonly remedy: string;
}

export class Missing extends Error {
  override readonly name = "Missing";
  readonly thing: string;
  readonly remedy: string;

  constructor(missing: MissingThing) {
    super(`${missing.thing} is missing: ${missing.purpose}. ${missing.remedy}`);
    this.thing = missing.thing;
    this.remedy = missing.remedy;
  }
}

export const noEngine = (host: string): MissingThing => ({
  thing: "A Docker engine",
  purpose: `nothing answers at ${host}, and set-up installs an engine only on Debian, as root`,
  remedy: "Start yours, or install one: https://docs.docker.com/engine/install/",
});

export const silentEngine = (host: string): MissingThing => ({
  thing: "The Docker engine that was chosen",
  purpose: `nothing answers at ${host}, which DOCKER_HOST or the docker context names`,
  remedy: "Start it, or unset DOCKER_HOST and run `docker context use default`.",
});

export const refusedByEngine = (host: string, user: string): MissingThing => ({
  thing: `The right to use the Docker engine at ${host}`,
  purpose: `it refuses the user ${user}`,
  remedy: `Join its group with \`sudo usermod -aG docker ${user}\` and log in again.`,
});

export const noGo = (found: string | undefined, wanted: string, target: string): MissingThing => ({
  thing: `Go ${wanted} or newer`,
  purpose: `${target} could not be downloaded, so it has to be built${found === undefined ? "" : `, and Go ${found} is too old for it`}`,
  remedy: "Install it from https://go.dev/dl/, or Pulumi itself from https://www.pulumi.com/docs/install/.",
});

export const noPackages = (packages: readonly string[]): MissingThing => ({
  thing: packages.length === 1 ? `The package ${packages[0]}` : `Each of the packages ${packages.join(", ")}`,
  purpose: "set-up installs packages only on Debian, as root",
  remedy: `Install with your system's package manager, on Debian and Ubuntu \`sudo apt-get install ${packages.join(" ")}\`.`,
});
