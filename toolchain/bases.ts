/** Base images made on this machine, where no image registry answers. Needs Debian's own tools, and root. */

import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { copyFile, cp } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { CommandFailed, logged } from "./command.ts";
import type { Layout } from "./layout.ts";
import { isDebianRoot } from "./machine.ts";
import { Missing } from "./missing.ts";
import { installPackages } from "./packages.ts";
import { pins } from "./pins.ts";
import type { StepContext } from "./steps.ts";

const certificates = "/etc/ssl/certs/ca-certificates.crt";
const publicMirror = "http://deb.debian.org/debian";

/** A minimal Debian, which trusts whom this machine trusts, so that builds reach what this machine reaches. */
export async function baseFromDebian(name: string, layout: Layout, context: StepContext): Promise<void> {
  if (!isDebianRoot()) throw new Missing(noRegistry());
  await installPackages(["debootstrap"], layout, context);
  const root = join(layout.temporary, "debian");
  const options = { log: join(layout.log, "base-debian.log"), signal: context.signal };
  rmSync(root, { recursive: true, force: true });
  mkdirSync(layout.temporary, { recursive: true });
  try {
    const mirror = hostMirror();
    await logged(["debootstrap", "--variant=minbase", pins.debian, root, mirror], options);
    writeFileSync(join(root, "etc/apt/sources.list"), aptSources(mirror));
    mkdirSync(join(root, "etc/ssl/certs"), { recursive: true });
    if (existsSync(certificates)) await copyFile(certificates, join(root, certificates));
    for (const folder of ["var/cache/apt/archives", "var/lib/apt/lists"]) {
      rmSync(join(root, folder), { recursive: true, force: true });
      mkdirSync(join(root, folder, "partial"), { recursive: true });
    }
    await importFolder(root, name, context.signal);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Node as this project itself runs it, on that Debian. */
export async function nodeFromDebian(
  names: { debian: string; node: string },
  layout: Layout,
  context: StepContext,
): Promise<void> {
  const folder = join(layout.temporary, "node");
  const options = { log: join(layout.log, "base-node.log"), signal: context.signal, cwd: folder };
  rmSync(folder, { recursive: true, force: true });
  await cp(join(layout.project, "images/base"), folder, { recursive: true });
  try {
    await copyFile(join(layout.project, "node_modules/node/bin/node"), join(folder, "node"));
    await logged(["npm", "pack", `npm@${pins.npm}`], options);
    await logged(["tar", "--extract", "--file", `npm-${pins.npm}.tgz`], options);
    await logged(["mv", "package", "npm"], options);
    await logged(["docker", "build", "--tag", names.node, "--build-arg", `BASE=${names.debian}`, folder], options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function importFolder(root: string, name: string, signal: AbortSignal): Promise<void> {
  const archive = `${root}.tar`;
  try {
    await execa("tar", ["--create", "--one-file-system", "--numeric-owner", "--directory", root, "--file", archive, "."], {
      cancelSignal: signal,
    });
    const changes = ["CMD bash", "ENV LANG=C.UTF-8", `ENV SSL_CERT_FILE=${certificates} NODE_EXTRA_CA_CERTS=${certificates}`];
    const flags = changes.flatMap((change) => ["--change", change]);
    const result = await execa("docker", ["import", ...flags, "-", name], {
      input: createReadStream(archive),
      reject: false,
      cancelSignal: signal,
    });
    if (result.failed) throw new CommandFailed(`${result.shortMessage}\n${result.stderr}`);
  } finally {
    rmSync(archive, { force: true });
  }
}

/** The mirror that this machine itself uses, because it is the one known to answer. */
function hostMirror(): string {
  const folder = "/etc/apt/sources.list.d";
  const files = ["/etc/apt/sources.list", ...(existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : [])];
  return mirrorIn(files.filter((file) => existsSync(file)).map((file) => readFileSync(file, "utf8"))) ?? publicMirror;
}

/** The first address that ends in `/debian`, in either form of apt's source lists; one that holds a password is passed over. */
export function mirrorIn(lists: readonly string[]): string | undefined {
  const lines = lists.join("\n").split("\n");
  const addresses = lines.flatMap((line) => /^(?:deb |URIs:).*?(https?:\/\/[^\s@]+\/debian)\/?(?:\s|$)/.exec(line)?.[1] ?? []);
  return addresses[0];
}

function aptSources(mirror: string): string {
  const security = mirror === publicMirror ? "http://deb.debian.org/debian-security" : `${mirror}-security`;
  return [
    `deb ${mirror} ${pins.debian} main`,
    `deb ${mirror} ${pins.debian}-updates main`,
    `deb ${security} ${pins.debian}-security main`,
    "",
  ].join("\n");
}

const noRegistry = () => ({
  thing: `The image ${pins.publicImages.debian}`,
  purpose: "no image registry answers, and set-up makes base images only on Debian, as root",
  remedy: `Give the engine a way to Docker Hub, or bring the image yourself: \`docker load\`, then \`docker tag\` it phillbot/base:${pins.debian}.`,
});
