/** Which clone made an image, and which clones use it: all clones of this machine share one engine's images. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { type Layout, layoutOf } from "./layout.ts";
import { readStamp, writeStamp } from "./stamp.ts";

const stampPrefix = "image-";

/** Notes that this clone pulled or built an image. */
export function noteMade(layout: Layout, image: string): void {
  writeStamp(layout, `${stampPrefix}${image.replaceAll(/[/:]/g, "-")}`, image);
}

/** The images that this clone pulled or built, older ones too. */
export function madeImages(layout: Layout): readonly string[] {
  if (!existsSync(layout.stamps)) return [];
  const stamps = readdirSync(layout.stamps).filter((name) => name.startsWith(stampPrefix));
  return stamps.flatMap((name) => readStamp(layout, name) ?? []);
}

/** Where every clone of this user says which images it uses; outside of all of them. */
export function claimsFolder(home: string = userInfo().homedir): string {
  return join(home, ".local", "state", "phillbot", "images");
}

interface ImageClaim {
  readonly project: string;
  readonly images: readonly string[];
}

/** Says that a clone uses these images. */
export function claimImages(folder: string, { project, images }: ImageClaim): void {
  const file = claimFile(folder, project);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify({ project, images })}\n`);
  renameSync(`${file}.${process.pid}`, file);
}

export function releaseImages(folder: string, project: string): void {
  rmSync(claimFile(folder, project), { force: true });
}

/** Whose claim an image is under, of the other clones that are still set up; undefined where nobody's. */
export function otherClaimant(folder: string, project: string, image: string): string | undefined {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  for (const file of files.map((name) => join(folder, name))) {
    if (file === claimFile(folder, project)) continue;
    const claim = readClaim(file);
    // One that cannot be read may be on any image.
    if (claim === undefined) return file;
    if (claim.images.includes(image) && existsSync(layoutOf(claim.project).root)) return claim.project;
  }
  return undefined;
}

function claimFile(folder: string, project: string): string {
  return join(folder, `${createHash("sha256").update(project).digest("hex").slice(0, 16)}.json`);
}

function readClaim(file: string): ImageClaim | undefined {
  try {
    const claim = JSON.parse(readFileSync(file, "utf8")) as Partial<ImageClaim>;
    return typeof claim.project === "string" && Array.isArray(claim.images) ? (claim as ImageClaim) : undefined;
  } catch {
    return undefined;
  }
}
