/** What the signatures cost: the manifest of a large tree, and the question that `deck up` and the program ask before anything else. */

import { execa } from "execa";
import { buildManifest } from "../../release/manifest.ts";
import { signedRelease } from "../../release/signed.ts";
import { Team } from "../model/rolesSample.ts";
import { DeployProject } from "../release/deployProject.ts";
import { host, SignedProject } from "../release/signedProject.ts";
import { inTurns, type Line, timed } from "./measure.ts";

const documents = 10_000;

type Say = (line: string) => void;

/** Digests of all that is committed, beside git and sha256sum by themselves on the same blobs. */
export async function measureManifest(rounds: number, say: Say): Promise<Line> {
  using team = new Team();
  await using project = await SignedProject.begin(team);
  const text = (index: number) => `# ${index}\n${"A sentence of a document. ".repeat(40)}\n`;
  const many = Array.from({ length: documents }, (_, index) => [`Documentation/${index}.md`, text(index)]);
  project.commit(Object.fromEntries(many));
  const { folder } = project.repository;
  const manifest = timed(() => buildManifest(folder, { commit: "HEAD" }));
  const pipe = "git ls-tree -r HEAD --format='%(objectname)' | git cat-file --batch | sha256sum";
  const git = timed(() => execa("sh", ["-c", pipe], { cwd: folder }));
  const times = await inTurns(rounds, { manifest, git }, say);
  const from = `${times.manifest.toFixed(2)} s; ${times.git.toFixed(2)} s`;
  const what = `manifest of ${documents.toLocaleString("en")} documents ÷ git cat-file --batch | sha256sum`;
  return { what, value: times.manifest / times.git, goal: 1.5, from };
}

/** Asked twice by one `deck up`, by the command and by the program itself: the whole question, and the signatures of it by themselves. */
export async function measureVerification(rounds: number, say: Say): Promise<readonly Line[]> {
  using team = new Team();
  await using deploy = await DeployProject.begin(team);
  await deploy.operate();
  const { repository, stack, trustFolder } = deploy.project;
  const asked = { commit: "HEAD", stack, host, now: deploy.now, exactTree: true, trustFolder };
  const signatures = async () => {
    const answer = await signedRelease(repository.folder, asked);
    if (!answer.ok) throw new Error(answer.reasons.join("\n"));
  };
  const twice = (once: () => Promise<void>) =>
    timed(async () => {
      await once();
      await once();
    });
  // What only the first look has to read is not what every update pays.
  await deploy.opens();
  const questions = { signatures: twice(signatures), whole: twice(() => deploy.opens()) };
  const times = await inTurns(rounds, questions, say);
  const goal = { goal: 0.15, unit: "s", from: "asked by the command and by the program" } as const;
  return [
    { what: "what verifying the signatures adds to an up", value: times.signatures, ...goal },
    { what: "the same with mode, packages and origin", value: times.whole, ...goal },
  ];
}
