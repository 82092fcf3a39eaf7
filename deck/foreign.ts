/** Containers of this stack's name that another clone made: named, with whose they are, instead of a conflict half-way. */

import { execa } from "execa";
import { z } from "zod";
import { DeckError } from "./verb.ts";

const container = z.object({ Names: z.string(), CreatedAt: z.string(), Labels: z.string() });

/**
 * @param name the stack's prefix of names.
 * @param folder the project's folder, which a development stack's containers carry as a label.
 * @throws DeckError with code 2 where a container of that name belongs to another folder.
 */
export async function refuseForeignContainers(name: string, folder: string): Promise<void> {
  const { stdout } = await execa(
    "docker",
    ["ps", "--all", "--no-trunc", "--filter", `name=^/${name}-`, "--format", "{{json .}}"],
    { stdin: "ignore" },
  );
  const containers = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => container.parse(JSON.parse(line)));
  const foreign = containers.flatMap(({ Names, CreatedAt, Labels }) => {
    const owner = /(?:^|,)phillbot\.folder=([^,]*)/.exec(Labels)?.[1];
    return owner === folder ? [] : [{ Names, CreatedAt, owner: owner ?? "nobody known" }];
  });
  if (foreign.length === 0) return;
  const list = foreign.map(({ Names, CreatedAt, owner }) => `  ${Names}, made ${CreatedAt} by ${owner}`).join("\n");
  throw new DeckError(
    "usage",
    `Containers of the name \`${name}-…\` are here and are not this folder's:\n${list}`,
    `docker rm --force ${foreign.map(({ Names }) => Names).join(" ")} # or \`npm run down\` in that folder`,
  );
}
