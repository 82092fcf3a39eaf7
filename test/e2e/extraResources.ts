/** One more of each kind of resource that the stack is made of, for a test that takes them away again. */

/** The gate stands last in the program; what comes before it is judged by it. */
const gate = 'new ReleaseGate("gate", {';

/** Below the stack's base folder, as `extraResources` writes them. */
export const extraPaths = {
  file: "extra/file.txt",
  envFile: "extra/secrets.env",
  document: "extra/context/handoff.md",
  manifest: "extra/context.sha256",
} as const;

/** Names on the engine, after the stack's own. */
export const extraNames = { network: "extra", volume: "extra-data", container: "extra-1" } as const;

const block = `
const extra = \`\${settings.baseFolder}/extra\`;
const extraFolders = new HostFolders(
  "extra-folders",
  { ...owned, folders: [{ path: extra, mode: 0o755 }, { path: \`\${extra}/context\`, mode: modes.context, synced: true }] },
  { dependsOn: folders.made },
);
const afterExtra = { dependsOn: extraFolders.made };
const extraBelow = (path: string) => \`\${settings.baseFolder}/\${path}\`;
new HostFile("extra-file", { ...owned, path: extraBelow("${extraPaths.file}"), mode: 0o644, content: "Extra." }, afterExtra);
new SecretEnvFile(
  "extra-env-file",
  { ...owned, path: extraBelow("${extraPaths.envFile}"), entries: envFileEntries(settings, secrets), fingerprintKey },
  afterExtra,
);
new DocSync(
  "extra-documents",
  {
    ...owned,
    from: documents.folder,
    to: \`\${extra}/context\`,
    below: settings.baseFolder,
    manifest: documents.manifest,
    digest: documents.digest,
    manifestPath: extraBelow("${extraPaths.manifest}"),
    folders: extraFolders.settled,
  },
  afterExtra,
);
new MemorySchema(
  "extra-memory",
  {
    operator,
    memory: settings.memory,
    password: pulumi.secret(password.reveal()),
    migrations: readMigrations(projectRoot),
    nodePath: process.execPath,
    projectRoot,
  },
  { dependsOn: schema },
);
const extraImage = new docker.RemoteImage("extra-image", { name: imageName, keepLocally: true }, { provider: engine });
const extraNetwork = new docker.Network("extra-network", { name: \`\${settings.name}-${extraNames.network}\` }, { provider: engine });
const extraVolume = new docker.Volume("extra-volume", { name: \`\${settings.name}-${extraNames.volume}\` }, { provider: engine });
new docker.Container(
  "extra-container",
  {
    name: \`\${settings.name}-${extraNames.container}\`,
    image: extraImage.imageId,
    entrypoints: ["sleep", "infinity"],
    networksAdvanced: [{ name: extraNetwork.name }],
    volumes: [{ volumeName: extraVolume.name, containerPath: "/data" }],
    labels: [{ label: "phillbot.pids", value: "64" }],
    memory: 64,
    memorySwap: 64,
    stopTimeout: 1,
    destroyGraceSeconds: 1,
  },
  { provider: engine, deleteBeforeReplace: true },
);
`;

/** The program with them. Throws where it no longer has the line that they come before. */
export function withExtraResources(program: string): string {
  const [before, after, ...more] = program.split(gate);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`\`stacks/main.ts\` has not exactly one line \`${gate}\`.`);
  return `${before}${block}\n${gate}${after}`;
}
