/** The rules that join several settings, each named for what must hold; they read raw values, so that every one can be judged at once. */

import { ownedConfigKeys } from "./gatewayConfig.ts";
import { standInsOf } from "./rehearsal.ts";
import { gatewaySecretNames, operatorSecretNames, providerSecret, requiredSecrets } from "./settings.ts";
import { readAt, secretSourceAdvice } from "./settingsAdvice.ts";
import { mayHoldSecret, type Path } from "./settingsFault.ts";

type Raw = Readonly<Record<string, unknown>>;

/** What a rule found; the parser adds the key's spelling and what is there. */
interface Breach {
  readonly path: Path;
  readonly wanted: string;
  readonly remedy?: string;
}

type Rule = (raw: Raw) => readonly Breach[];

const movingTags = new Set([
  "latest",
  "main",
  "master",
  "edge",
  "nightly",
  "stable",
  "beta",
  "next",
  "head",
  "dev",
  "canary",
  "lts",
  "current",
] as const) as ReadonlySet<string>;
/** First steps below the base folder that the stack itself uses; see `layoutOf`. */
const ownFolders: ReadonlySet<string> = new Set(["state", "config", "dev-services", "context.sha256", "phillbot.owner.json"]);
const loopback = new Set(["localhost", "127.0.0.1", "::1", "[::1]"]);

const isSsh = (raw: Raw) => readAt(raw, ["host", "kind"]) === "ssh";
const isLocal = (raw: Raw) => readAt(raw, ["host", "kind"]) === "local";
const textAt = (raw: Raw, path: readonly string[]) => {
  const value = readAt(raw, path);
  return typeof value === "string" ? value : undefined;
};
const breachIf = (broken: boolean, breach: Breach): readonly Breach[] => (broken ? [breach] : []);

/** The secrets that the gateway must hold under these settings. */
function neededByGateway(raw: Raw): readonly string[] {
  const name = textAt(raw, ["provider", "name"]);
  const own =
    name !== undefined && Object.hasOwn(providerSecret, name) ? providerSecret[name as keyof typeof providerSecret] : null;
  return own === null ? gatewaySecretNames : [...gatewaySecretNames, own];
}

const onLoopback = (url: string) => URL.canParse(url) && loopback.has(new URL(url).hostname);

/** A container may reach a stand-in on this machine by another address; a hosted service it must reach where the gate does. */
const sameUnlessStandIn = (own: readonly string[], checked: readonly string[]): Rule => {
  return (raw) => {
    const [address, asked] = [textAt(raw, own), textAt(raw, checked)];
    if (address === undefined || address === asked) return [];
    return breachIf(asked === undefined || !onLoopback(asked), {
      path: own,
      wanted: `nothing, unless \`${checked.join(".")}\` is on this machine's loopback: the gate would prove another service than the gateway uses`,
    });
  };
};

/** An address that carries a bot token or a key in the clear must not leave the machine. */
const encryptedOrLoopback = (path: readonly string[]): Rule => {
  return (raw) => {
    const text = textAt(raw, path);
    if (text === undefined || !URL.canParse(text)) return [];
    const { protocol, hostname, username, password } = new URL(text);
    const plain = protocol !== "https:" && !(protocol === "http:" && loopback.has(hostname));
    return [
      ...breachIf(username !== "" || password !== "", { path, wanted: "a URL without user or password" }),
      ...breachIf(plain, { path, wanted: "`https`, or `http` on this machine's loopback only" }),
    ];
  };
};

/** A path that a sync with deletion may be pointed at: no step that stays or climbs. */
const noDotSteps = (path: readonly string[], wanted: string): Rule => {
  return (raw) => {
    const text = textAt(raw, path);
    const steps = text?.replace(/^\//, "").split("/") ?? [];
    return breachIf(
      steps.some((step) => step === "" || step === "." || step === ".."),
      { path, wanted },
    );
  };
};

/** The database of a hosted project: its own host, or a pooler, where the user says which project is meant. */
const ofOneProject: Rule = (raw) => {
  const url = textAt(raw, ["memory", "url"]);
  const host = textAt(raw, ["memory", "database", "host"])?.toLowerCase();
  const [, project] =
    /^([a-z0-9-]+)\.supabase\.co$/.exec(url !== undefined && URL.canParse(url) ? new URL(url).hostname : "") ?? [];
  // A database on this machine is told by the rule on stand-ins.
  const isStandIn = standInsOf(raw).some(({ path }) => path.join(".") === "memory.database.host");
  if (project === undefined || host === undefined || isStandIn || host === `db.${project}.supabase.co`) return [];
  const shown = mayHoldSecret(project) ? "<reference id>" : project;
  const wanted = `\`db.${shown}.supabase.co\`, or a pooler's host with the user \`postgres.${shown}\`, because \`memory.url\` is \`https://${shown}.supabase.co\``;
  if (!/^[a-z0-9.-]+\.pooler\.supabase\.com$/.test(host)) return [{ path: ["memory", "database", "host"], wanted }];
  const isItsUser = textAt(raw, ["memory", "database", "user"])?.endsWith(`.${project}`) === true;
  return breachIf(!isItsUser, { path: ["memory", "database", "user"], wanted: `a user that ends in \`.${shown}\`: ${wanted}` });
};

/** Listed once; the order is the order in which faults are shown. */
export const rules: Readonly<Record<string, Rule>> = {
  "an ssh host pulls its image by digest": (raw) =>
    breachIf(isSsh(raw) && readAt(raw, ["gateway", "digest"]) === undefined, {
      path: ["gateway", "digest"],
      wanted: "the image's digest, because `host.kind` is `ssh`: `sha256:` and 64 hex digits",
    }),

  "an image tag never moves": (raw) => {
    const tag = textAt(raw, ["gateway", "image"])?.split(":").at(-1)?.toLowerCase();
    const moves = tag?.split(/[-._]/).some((part) => movingTags.has(part)) ?? false;
    return breachIf(moves, { path: ["gateway", "image"], wanted: "a tag that names one version, such as `2026.9.6`" });
  },

  "stand-ins run on this machine only": (raw) =>
    breachIf(readAt(raw, ["devServices"]) !== undefined && isSsh(raw), {
      path: ["devServices"],
      wanted: "nothing, because `host.kind` is `ssh`: stand-ins for Telegram and Supabase run on a local host only",
    }),

  "stand-ins have ports of their own": (raw) => {
    const names = ["telegramPort", "restPort", "postgresPort"];
    const taken = new Map<unknown, string>([[readAt(raw, ["gateway", "port"]) ?? 18_789, "gateway.port"]]);
    return names.flatMap((name) => {
      const port = readAt(raw, ["devServices", name]);
      const holder = taken.get(port);
      if (port !== undefined && holder === undefined) taken.set(port, `devServices.${name}`);
      return breachIf(port !== undefined && holder !== undefined, {
        path: ["devServices", name],
        wanted: `a port other than \`${holder}\`'s`,
      });
    });
  },

  "only a local host deploys unsigned": (raw) =>
    breachIf(readAt(raw, ["requireSignOff"]) === false && !isLocal(raw), {
      path: ["requireSignOff"],
      wanted: "`true`, because `host.kind` is not `local`",
    }),

  "a stack with sign-off names its repository": (raw) => {
    const named = readAt(raw, ["github", "repository"]) ?? readAt(raw, ["origin"]);
    return breachIf(readAt(raw, ["requireSignOff"]) !== false && named === undefined, {
      path: ["github", "repository"],
      wanted:
        "`owner/name` on GitHub, or else the repository's address in `phillbot:origin`: open items and releases count as they stand there",
    });
  },

  "every required secret has a source": (raw) => {
    const needed = new Set<string>([...requiredSecrets, ...neededByGateway(raw)]);
    return [...needed].flatMap((name) =>
      breachIf(readAt(raw, ["secrets", name]) === undefined, {
        path: ["secrets", name],
        wanted: "a source: one of `from.env`, `from.file`, `from.command`",
        remedy: secretSourceAdvice(name, neededByGateway(raw).includes(name)),
      }),
    );
  },

  "the gateway holds the secrets it needs": (raw) =>
    neededByGateway(raw).flatMap((name) =>
      breachIf(readAt(raw, ["secrets", name]) !== undefined && readAt(raw, ["secrets", name, "gateway"]) !== true, {
        path: ["secrets", name, "gateway"],
        wanted: "`true`, because the gateway cannot work without it",
      }),
    ),

  "the gateway holds no secret of the operator's": (raw) =>
    operatorSecretNames.flatMap((name) =>
      breachIf(readAt(raw, ["secrets", name, "gateway"]) === true, {
        path: ["secrets", name, "gateway"],
        wanted: "`false`, because it opens more than the bot may do",
      }),
    ),

  "further configuration leaves alone what the stack generates": (raw) => {
    const further = readAt(raw, ["gateway", "configuration"]);
    const keys = further !== null && typeof further === "object" ? Object.keys(further) : [];
    return keys
      .filter((key) => (ownedConfigKeys as readonly string[]).includes(key))
      .map((key) => ({ path: ["gateway", "configuration", key], wanted: "nothing: the stack generates this section" }));
  },

  "the base folder is a plain path": noDotSteps(["baseFolder"], "an absolute path without `.`, `..` or empty steps"),
  "the context folder lies below the base folder": noDotSteps(
    ["contextFolder"],
    "a folder below `baseFolder`, as a relative path without `.`, `..` or empty steps",
  ),

  "the context folder holds nothing else": (raw) => {
    const [first = ""] = (textAt(raw, ["contextFolder"]) ?? "").split("/");
    return breachIf(ownFolders.has(first) || first.startsWith("."), {
      path: ["contextFolder"],
      wanted: `a folder of its own, not within ${[...ownFolders].join(", ")} or a hidden one: the sync deletes what is no document`,
    });
  },

  "the database connection is encrypted wherever it leaves this machine": (raw) => {
    const host = textAt(raw, ["memory", "database", "host"]);
    const leaves = host !== undefined && !loopback.has(host);
    return breachIf(leaves && readAt(raw, ["memory", "database", "tls"]) === "disable", {
      path: ["memory", "database", "tls"],
      wanted: "`verify-full`, because `memory.database.host` is not this machine's loopback",
    });
  },
  "the memory's address and its database are of one project": ofOneProject,
  "the memory's address is encrypted": encryptedOrLoopback(["memory", "url"]),
  "the Bot API's address is encrypted": encryptedOrLoopback(["telegram", "apiRoot"]),
  "the gateway asks the Bot API that the gate asks": sameUnlessStandIn(["telegram", "gatewayApiRoot"], ["telegram", "apiRoot"]),
  "the gateway asks the memory that the gate asks": sameUnlessStandIn(["memory", "gatewayUrl"], ["memory", "url"]),
  "the gateway asks the provider that the gate asks": sameUnlessStandIn(["provider", "gatewayApiRoot"], ["provider", "apiRoot"]),
  "the provider's address is encrypted": encryptedOrLoopback(["provider", "apiRoot"]),
  // Last, because what is wrong with an address for every stack is to be told first.
  "a stack with sign-off proves the services that people use": (raw) => {
    const isFree = readAt(raw, ["requireSignOff"]) === false || readAt(raw, ["rehearsal"]) === true;
    return isFree
      ? []
      : standInsOf(raw).map(({ path }) => ({
          path,
          wanted:
            "the service that people use, because `requireSignOff` holds here: a stand-in proves nothing of it (to rehearse, set `phillbot:rehearsal`; then nothing is called released)",
        }));
  },
};
