/** What the REST server is told: by an env file that holds the secrets, and by variables that hold none. */

import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";

export interface RestSettings {
  readonly port: number;
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
    readonly password: string;
  };
  /** The database role of each key. */
  readonly roles: ReadonlyMap<string, string>;
}

const keyRoles = { MEMORY_BOT_KEY: "memory_bot", MEMORY_PUBLISHABLE_KEY: "anon" } as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads settings from variables and the env file's text. Throws one error that names all that is missing, without a value. */
export function restSettings(variables: Environment, envFile: string): RestSettings {
  const secrets: Environment = parseEnv(envFile);
  const missing = [...Object.keys(keyRoles), "MEMORY_DATABASE_PASSWORD"].filter((name) => !secrets[name]);
  if (missing.length > 0) throw new Error(`The env file has no value for ${missing.join(", ")}.`);
  const roles = new Map(Object.entries(keyRoles).map(([name, role]) => [secrets[name] ?? "", role]));
  if (roles.size < Object.keys(keyRoles).length) throw new Error("The env file has the same value for two keys.");
  return {
    port: Number(variables.REST_PORT ?? 54_321),
    database: {
      host: variables.REST_DATABASE_HOST ?? "postgres",
      port: Number(variables.REST_DATABASE_PORT ?? 5432),
      database: variables.REST_DATABASE_NAME ?? "postgres",
      user: variables.REST_DATABASE_USER ?? "postgres",
      password: secrets.MEMORY_DATABASE_PASSWORD ?? "",
    },
    roles,
  };
}

/** Reads the env file named by `REST_ENV_FILE`. Throws where it cannot be read. */
export function readRestSettings(variables: Environment): RestSettings {
  return restSettings(variables, readFileSync(variables.REST_ENV_FILE ?? "/run/phillbot/rest.env", "utf8"));
}
