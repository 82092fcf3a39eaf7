/** The part of `@supabase/lite` that is used here. The package itself is installed in the image only. */

declare module "@supabase/lite" {
  export interface ResolvedKey {
    readonly type: "publishable" | "secret";
    readonly claims: { readonly role: string };
  }

  export class App {
    constructor(config: {
      readonly connection: import("@supabase/lite/postgres").PostgresConnection;
      readonly auth?: { readonly enabled: boolean };
      readonly options?: {
        readonly server?: {
          readonly disableStudio?: boolean;
          readonly disableFallback?: boolean;
          readonly admin?: boolean;
          readonly apiKeys?: { readonly resolver: (key: string) => Promise<ResolvedKey | null> };
        };
      };
    });
    fetch(request: Request, context: { readonly peerAddress: string | null }): Promise<Response>;
  }
}

declare module "@supabase/lite/postgres" {
  export interface PostgresConnection {
    /** Of postgres.js. */
    readonly driver: { end(options: { readonly timeout: number }): Promise<void> };
    rlsState: "unknown" | "active" | "inactive";
    exec(query: string): Promise<unknown>;
    clearSchemaCache(): Promise<void>;
  }

  export function createPostgresConnection(config: {
    readonly url: string;
    readonly postgresOptions: Readonly<Record<string, unknown>>;
  }): PostgresConnection;
}
