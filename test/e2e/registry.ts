/** A registry of images on loopback, with the gateway's image pushed to it: what production pulls by digest. */

import { randomUUID } from "node:crypto";
import { docker, until } from "./gatewayStack.ts";

export interface Registry extends AsyncDisposable {
  readonly container: string;
  /** `127.0.0.1:<port>/<repository>:<tag>`, which no engine holds until it pulls it. */
  readonly image: string;
  /** `sha256:…` of the manifest that was pushed. */
  readonly digest: string;
}

const recipe = new URL("../../images/registry/", import.meta.url).pathname;

/**
 * Builds the registry where it is missing, starts it, and pushes the local image `source` under its own repository and tag's version.
 * With a label of its own: an engine that has ever held a manifest asks no registry for it again, so the same bytes would not be pulled.
 */
export async function startRegistry(source: string, base: string): Promise<Registry> {
  const built = "phillbot/registry:bookworm";
  await docker("build", "--quiet", "--build-arg", `BASE=${base}`, "--tag", built, recipe);
  const container = await docker("run", "--detach", "--label", "phillbot.test=registry", "--publish", "127.0.0.1:0:5000", built);
  const stop = async () => void (await docker("rm", "--force", "--volumes", container));
  try {
    const port = (await docker("port", container, "5000/tcp")).split(":").at(-1);
    await until("the registry", async () => ((await fetch(`http://127.0.0.1:${port}/v2/`)).ok ? true : undefined));
    const image = `127.0.0.1:${port}/${source.replace(/-[0-9a-f]+$/, "")}`;
    const repository = image.slice(0, image.lastIndexOf(":"));
    await labelled(source, image);
    const digest = await push(image, repository).finally(() => docker("image", "rm", image));
    return {
      container,
      image,
      digest,
      async [Symbol.asyncDispose]() {
        // Pulled by a stack, which keeps what it pulled. The layers stay: they are the local image's own.
        await docker("image", "rm", `${repository}@${digest}`).catch(() => undefined);
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function labelled(source: string, image: string): Promise<void> {
  const container = await docker("create", source);
  await docker("commit", "--change", `LABEL phillbot.test.pushed=${randomUUID()}`, container, image).finally(() =>
    docker("rm", container),
  );
}

async function push(image: string, repository: string): Promise<string> {
  await docker("push", "--quiet", image);
  const digests = JSON.parse(await docker("image", "inspect", "--format", "{{json .RepoDigests}}", image)) as string[];
  const pushed = digests.find((name) => name.startsWith(`${repository}@`));
  if (pushed === undefined) throw new Error(`The engine knows no digest of ${image} after its push.`);
  return pushed.slice(repository.length + 1);
}
