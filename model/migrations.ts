/** How the migrations of a tree stand against those that a database has recorded: which are applied, pending, ahead, edited. */

/** One migration file of this tree. */
export interface Migration {
  /** Its timestamp, 14 digits. */
  readonly version: string;
  readonly name: string;
  /** Of the file's bytes, hex. */
  readonly sha256: string;
}

/** One migration that a database says was applied to it. */
export interface RecordedMigration {
  readonly version: string;
  readonly name: string;
  /** Recorded when it was applied; null where it was applied by other means than this project's. */
  readonly sha256: string | null;
}

/**
 * - `applied`: with the content that this tree has.
 * - `pending`: in this tree, not yet in the database.
 * - `ahead`: in the database, not in this tree: a newer release put it there.
 * - `edited`: applied with another content than this tree has.
 * - `unrecorded`: applied, but nobody recorded with which content.
 */
export type MigrationState = "applied" | "pending" | "ahead" | "edited" | "unrecorded";

export interface MigrationStatus {
  readonly version: string;
  readonly name: string;
  readonly state: MigrationState;
}

const fileName = /^([0-9]{14})_([a-z0-9_]+)\.sql$/;

/** Version and name of a migration's file name, or undefined where it is none. */
export function parseMigrationFile(file: string): Pick<Migration, "version" | "name"> | undefined {
  const [, version, name] = fileName.exec(file) ?? [];
  return version === undefined || name === undefined ? undefined : { version, name };
}

/** Every version that either side knows, oldest first. */
export function compareMigrations(tree: readonly Migration[], database: readonly RecordedMigration[]): MigrationStatus[] {
  const recorded = new Map(database.map((migration) => [migration.version, migration]));
  const known = new Set(tree.map((migration) => migration.version));
  const statuses = [
    ...tree.map(({ version, name, sha256 }) => ({ version, name, state: stateOf(sha256, recorded.get(version)) })),
    ...database
      .filter(({ version }) => !known.has(version))
      .map(({ version, name }) => ({ version, name, state: "ahead" as const })),
  ];
  return statuses.sort((a, b) => (a.version < b.version ? -1 : a.version > b.version ? 1 : 0));
}

function stateOf(sha256: string, recorded: RecordedMigration | undefined): MigrationState {
  if (recorded === undefined) return "pending";
  if (recorded.sha256 === null) return "unrecorded";
  return recorded.sha256 === sha256 ? "applied" : "edited";
}

/** `20261122000000_shared_memory`, as messages and items name it. */
export function migrationLabel({ version, name }: Pick<Migration, "version" | "name">): string {
  return name === "" ? version : `${version}_${name}`;
}

/** The labels of those in one state, oldest first. */
export function inState(statuses: readonly MigrationStatus[], state: MigrationState): string[] {
  return statuses.filter((status) => status.state === state).map(migrationLabel);
}

/** A step of a schema: what is applied of a tree, and what would be. */
export interface SchemaStep {
  readonly applied: readonly Migration[];
  readonly pending: readonly Migration[];
}

/** The step that applying a tree to a database would be; undefined where nothing is pending or nothing would be applied. */
export function stepOf(tree: readonly Migration[], statuses: readonly MigrationStatus[]): SchemaStep | undefined {
  if (statuses.some(({ state }) => state === "ahead" || state === "edited")) return undefined;
  const isPending = new Set(statuses.flatMap(({ version, state }) => (state === "pending" ? [version] : [])));
  if (isPending.size === 0) return undefined;
  return {
    applied: tree.filter(({ version }) => !isPending.has(version)),
    pending: tree.filter(({ version }) => isPending.has(version)),
  };
}
