/** The Pulumi program: which components, on which host, in which order; the gate last. */

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { checksFor } from "../checks/all.ts";
import { markBegun } from "../checks/evidence/begun.ts";
import { DevRest, type DevServiceArgs, DevServices } from "../components/devServices.ts";
import { DocSync } from "../components/docSync.ts";
import { Gateway } from "../components/gateway.ts";
import { HostFile } from "../components/hostFile.ts";
import { HostFolders } from "../components/hostFolders.ts";
import { MemorySchema } from "../components/memorySchema.ts";
import { policyTransformation } from "../components/policyTransformation.ts";
import { ReleaseGate } from "../components/releaseGate.ts";
import { SecretEnvFile } from "../components/secretEnvFile.ts";
import { ownershipRoute } from "../host/files.ts";
import { openHost } from "../host/open.ts";
import { readMigrations } from "../memory/files.ts";
import type { Declared } from "../model/declared.ts";
import { envFileEntries } from "../model/envFile.ts";
import { imageNameOf, stackLabels } from "../model/gatewayContainer.ts";
import { foldersAbove, gatewayName, layoutOf, modes } from "../model/layout.ts";
import { renderOwner } from "../model/ownership.ts";
import { verdictSentence } from "../model/rehearsal.ts";
import { backUpBeforeReplacement, settleInterrupted } from "./backup.ts";
import { recordBegun } from "./history.ts";
import {
  openStackHost,
  pendingMigrations,
  readDocuments,
  readInputs,
  refuseBlockedTree,
  refuseForeignFolders,
  refuseForeignMemory,
  refuseForgedPreview,
  refuseUnjudgedStep,
  refuseUnprovenCertificates,
  refuseViolations,
} from "./inputs.ts";
import { holdLease } from "./lease.ts";
import { refuse, writeOutcome } from "./outcome.ts";
import { refuseOtherRelease } from "./signOff.ts";
import { removeUnrecorded } from "./unrecorded.ts";

const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)));
refuseUnprovenCertificates();
await refuseForgedPreview();
const inputs = await readInputs(projectRoot);
const { settings, secrets, stack, rollback } = inputs;
const documents = await readDocuments(inputs);
await refuseBlockedTree(inputs);
const host = await openStackHost(inputs);
await refuseForeignFolders(host, inputs);
await refuseForeignMemory(host, inputs);
const isPreview = pulumi.runtime.isDryRun();
const lease = isPreview ? undefined : await holdLease(host, inputs);
if (!isPreview) await markBegun(inputs.evidenceFolder, new Date());
const recordJudged = isPreview ? async () => undefined : await recordBegun(host, inputs);
const removeGateways = await removeUnrecorded(host, inputs);

const { uid, gid, port } = settings.gateway;
const imageName = imageNameOf(settings.gateway);
const layout = layoutOf(settings);
const via = await ownershipRoute(host, { uid, gid }, imageName);
const fingerprintKey = secrets.get("OPENCLAW_GATEWAY_TOKEN");
if (fingerprintKey === undefined) refuse(2, "`OPENCLAW_GATEWAY_TOKEN` has no value.");

// Before the first resource: each one is judged as it comes.
pulumi.runtime.registerStackTransformation(policyTransformation(inputs.facts, refuseViolations));
const engine = new docker.Provider("engine", {
  ...(host.docker.host ? { host: host.docker.host } : {}),
  ...(host.docker.sshOpts ? { sshOpts: [...host.docker.sshOpts] } : {}),
});
const onHost = { providers: { docker: engine } };
const owned = { host, uid, gid, via };
const labels = stackLabels(settings, { stack, projectRoot: inputs.home });

// Pulled first: where the user may not set owners, what is written on the host is written by containers of this image.
const image = new docker.RemoteImage("image", { name: imageName, keepLocally: true }, { provider: engine });
const base = new HostFolders(
  "base",
  // In production this is the operator's own checkout, which the operator's user must be able to go on with.
  { ...owned, folders: [{ path: settings.baseFolder, mode: 0o755, keepExisting: true }] },
  { dependsOn: image },
);
// First: an update that is interrupted must know its own again, and no other stack may take it for nobody's.
const ownerFile = new HostFile(
  "owner",
  {
    ...{ ...owned, path: layout.ownerFile, mode: 0o644 },
    content: renderOwner({ stack, contextFolder: settings.contextFolder }),
  },
  { dependsOn: base.made },
);
const folders = new HostFolders(
  "folders",
  {
    ...owned,
    folders: [
      { path: layout.state, mode: modes.state },
      { path: layout.config, mode: modes.config },
      { path: layout.backups, mode: modes.backups },
      { path: layout.restore, mode: modes.backups },
      ...foldersAbove(layout.context, settings.baseFolder).map((path) => ({ path, mode: 0o755, keepExisting: true })),
      { path: layout.context, mode: modes.context, synced: true },
      ...(settings.devServices
        ? ["", "/postgres", "/rest", "/telegram"].map((below) => ({ path: `${layout.devServices}${below}`, mode: 0o755 }))
        : []),
    ],
  },
  {
    // The image is there by then, by a container of which it may have to be done.
    dependsOn: isPreview
      ? ownerFile
      : ownerFile.settled.apply(async () => {
          await settleInterrupted(inputs, { host, via }, imageName);
          return ownerFile;
        }),
  },
);
const afterFolders = { ...onHost, dependsOn: folders.made };
const network = new docker.Network(
  "network",
  { name: settings.name, labels: Object.entries(labels).map(([label, value]) => ({ label, value })) },
  // Another label would make it anew, under the containers that are on it.
  { provider: engine, deleteBeforeReplace: true, ignoreChanges: ["labels"] },
);

const envFile = new SecretEnvFile(
  "env-file",
  { ...owned, path: layout.envFile, entries: envFileEntries(settings, secrets), fingerprintKey },
  afterFolders,
);
const sync = new DocSync(
  "documents",
  {
    ...owned,
    from: documents.folder,
    to: layout.context,
    below: settings.baseFolder,
    manifest: documents.manifest,
    digest: documents.digest,
    manifestPath: layout.contextManifest,
    folders: folders.settled,
  },
  afterFolders,
);

const devArgs: DevServiceArgs = { host, settings, layout, secrets, network, via, labels, folders: folders.made, fingerprintKey };
const services = settings.devServices
  ? new DevServices(
      "dev",
      { ...devArgs, rolesSql: await readFile(join(projectRoot, "memory/supabase/roles.sql"), "utf8") },
      onHost,
    )
  : undefined;
const password = secrets.get("MEMORY_DATABASE_PASSWORD");
if (password === undefined) refuse(2, "`MEMORY_DATABASE_PASSWORD` has no value.");
/** Migrations are applied from the operator's own machine, whatever host the gateway is on. */
const operator = await openHost({ kind: "local" }, { controlFolder: "" });
const schema = new MemorySchema(
  "memory",
  {
    operator,
    memory: settings.memory,
    password: pulumi.secret(password.reveal()),
    migrations: readMigrations(projectRoot),
    nodePath: process.execPath,
    projectRoot,
    pending: () => pendingMigrations(inputs, password),
    ...(services ? { answers: services.roles.id } : {}),
    judge: () => refuseUnjudgedStep(inputs),
  },
  services ? { dependsOn: services.roles } : {},
);
const rest = services ? new DevRest("rest", { ...devArgs, schemaDigest: schema.digest, after: schema }, onHost) : undefined;

const gateway = new Gateway(
  "gateway",
  {
    host,
    settings,
    layout,
    image,
    envFile: envFile.path,
    envFileFingerprint: envFile.fingerprint,
    documents: sync.settled,
    searchFor: documents.title,
    network,
    via,
    labels,
    backUp: async (next) => {
      await backUpBeforeReplacement(inputs, { host, via, lease }, next);
      await removeGateways();
    },
    after: services ? [services.telegram] : [],
  },
  onHost,
);

const everything = pulumi.all([gateway.settled, schema.settled, rest?.rest.id ?? "", folders.settled]);
/** What the checks compare with what runs; read by `deck gate` from the stack's outputs. */
export const declared: pulumi.Output<Declared> = pulumi.all([everything, image.imageId]).apply(([[id], imageId]) => ({
  gateway: {
    name: gatewayName(settings),
    id,
    image: imageName,
    imageId,
    spec: gateway.spec,
    memoryMb: settings.gateway.memoryMb,
    pids: settings.gateway.pids,
    network: settings.name,
    port,
    composeProject: settings.name,
  },
  config: { path: layout.configFile, sha256: gateway.configDigest },
  envFile: { path: layout.envFile, uid, gid },
  context: { folder: layout.context, manifest: layout.contextManifest, sha256: documents.digest, files: documents.manifest.size },
  plugin: null,
}));

new ReleaseGate("gate", {
  target: {
    ...{ stack, settings, host, secrets, projectRoot, evidenceFolder: inputs.evidenceFolder },
    ...(rollback === undefined ? {} : { rollback: { name: rollback.name, home: inputs.home } }),
  },
  declared,
  policy: inputs.policy,
  checks: checksFor(settings, inputs.policy),
  signOff: inputs.signOff,
  now: () => new Date(),
  record: async ({ verdict, signOff, durationMs, release }) => {
    refuseOtherRelease(inputs.signOff, release);
    const blockedBy = [...new Set(verdict.blockedBy.map(({ check }) => check))];
    return recordJudged({ verdict: verdict.outcome, blockedBy, durationMs, summary: verdictSentence({ verdict, signOff }) });
  },
  voidedBy: async () => {
    const lost = await lease?.whyLost();
    if (lost === undefined) return undefined;
    await recordJudged({ verdict: "blocked", summary: `${lost} Nothing is released.` }).catch(() => undefined);
    return lost;
  },
  onEnd: (end) => writeOutcome(rollback === undefined ? end : { ...end, rolledBack: rollback.tree }),
});
