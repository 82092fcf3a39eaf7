/** `@supabase/lite` over one pool of connections: set so that it grants nothing, and replaced when the database hangs. */

import { App } from "@supabase/lite";
import { createPostgresConnection, type PostgresConnection } from "@supabase/lite/postgres";
import type { RestSettings } from "./settings.ts";

/** A request to the database that lasts longer is ended by the database itself, before ours gives up. */
const statementTimeoutMs = 8000;

export interface Backend {
  readonly app: App;
  readonly connection: PostgresConnection;
}

function openBackend({ database, roles }: RestSettings): Backend {
  const connection = createPostgresConnection({
    url: "",
    postgresOptions: {
      ...database,
      max: 8,
      connect_timeout: 3,
      // Tries again soon after the database was away; the library's own wait grows to 20 s.
      backoff: () => 0.2,
      onnotice: () => {},
      // Whatever the server does outside a request's own role, it does without rights.
      connection: { role: "authenticator", statement_timeout: statementTimeoutMs, application_name: "phillbot-rest" },
    },
  });
  // On its first request the library would grant everything on every table with row security to all API roles.
  connection.rlsState = "active";
  const resolver = async (key: string) => {
    const role = roles.get(key);
    if (role === undefined) return null;
    return { type: role === "anon" ? ("publishable" as const) : ("secret" as const), claims: { role } };
  };
  const app = new App({
    connection,
    auth: { enabled: false },
    options: { server: { disableStudio: true, disableFallback: true, admin: false, apiKeys: { resolver } } },
  });
  return { app, connection };
}

/** The backend in use; `renew` leaves connections that hang behind and starts with new ones. */
export class Backends {
  #current: Backend;
  readonly #settings: RestSettings;

  constructor(settings: RestSettings) {
    this.#settings = settings;
    this.#current = openBackend(settings);
  }

  get current(): Backend {
    return this.#current;
  }

  /** Replaces `broken`, unless another request already did. */
  renew(broken: Backend): void {
    if (this.#current !== broken) return;
    this.#current = openBackend(this.#settings);
    broken.connection.driver.end({ timeout: 0 }).catch(() => {});
  }
}
