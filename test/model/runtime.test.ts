import assert from "node:assert/strict";
import { type ContainerState, parseContainers, seenAt } from "../../model/containers.ts";
import type { Declared } from "../../model/declared.ts";
import { isStarting, judgeRuntime, type RuntimeReading } from "../../model/runtime.ts";
import { confined } from "../checks/gatewayHost.ts";

const hex = (character: string) => character.repeat(64);

const declared: Declared = {
  gateway: {
    name: "bot-openclaw-gateway-1",
    id: hex("a"),
    image: "openclaw:1",
    imageId: `sha256:${hex("b")}`,
    spec: hex("d"),
    port: 18_789,
    memoryMb: 2048,
    pids: 512,
    network: "bot",
    composeProject: "bot",
  },
  config: { path: "/base/config/openclaw.json", sha256: hex("c") },
  envFile: { path: "/base/state/.env", uid: 1000, gid: 1000 },
  context: { folder: "/base/docs", manifest: "/base/context.sha256", sha256: hex("d"), files: 1 },
  plugin: { path: "/base/plugin", sha256: hex("e") },
};

const mount = (source: string, destination: string, writable = false) => ({ type: "bind", source, destination, writable });

const good: ContainerState = {
  id: hex("a"),
  name: "bot-openclaw-gateway-1",
  image: "openclaw:1",
  imageId: `sha256:${hex("b")}`,
  spec: hex("d"),
  status: "running",
  health: "healthy",
  exitCode: 0,
  oomKilled: false,
  restartCount: 0,
  startedAt: "2026-11-22T09:00:00.123456789Z",
  confinement: {
    memoryBytes: 2048 * 1024 * 1024,
    memorySwapBytes: 2048 * 1024 * 1024,
    nanoCpus: 0,
    cpuShares: 0,
    cpuQuota: 0,
    cpuPeriod: 0,
    cpuset: "",
    pids: 512,
    privileged: false,
    readOnlyRoot: true,
    addedCapabilities: [],
    droppedCapabilities: ["ALL"],
    securityOptions: ["no-new-privileges"],
    restartPolicy: "unless-stopped",
    ports: ["127.0.0.1:18789->18789/tcp"],
    networks: ["bot"],
  },
  composeProject: "bot",
  composeService: "openclaw-gateway",
  mounts: [
    mount("/base/state", "/home/node/.openclaw", true),
    mount("/base/config", "/etc/openclaw"),
    mount("/base/plugin", "/opt/phillbot-memory"),
  ],
};

function reading(container: Partial<ContainerState> = {}, more: Partial<RuntimeReading> = {}): RuntimeReading {
  const named = { ...good, ...container };
  return {
    named,
    ofService: [named],
    configSha256: hex("c"),
    pluginSha256: hex("e"),
    moved: [],
    possessions: [{ path: "/base/state", found: "mode 700", wanted: "mode 700" }],
    undeployed: [],
    clockSkew: 0.2,
    ...more,
  };
}

const rules = { maximumClockSkew: 30, onHost: (command: string) => `ssh claw@phill ${command}` };
const judge = (container: Partial<ContainerState> = {}, more: Partial<RuntimeReading> = {}) =>
  judgeRuntime(declared, reading(container, more), rules);

describe("judgeRuntime", () => {
  it("passes what is as declared, healthy and never restarted", () => {
    const { status, measured } = judge();
    assert.equal(status, "pass");
    assert.deepEqual([measured.containerId, measured.startedAt], [good.id, good.startedAt]);
  });

  it("accepts a stack without a plugin, and one more container of the service that does not run", () => {
    const stopped: ContainerState = { ...good, id: hex("9"), name: "old", status: "exited" };
    const seen = reading({ mounts: good.mounts.slice(0, 2) }, { pluginSha256: undefined, ofService: [good, stopped] });
    assert.equal(judgeRuntime({ ...declared, plugin: null }, seen, rules).status, "pass");
  });

  type Fault = readonly [string, Partial<ContainerState>, Partial<RuntimeReading>, RegExp, RegExp];
  const confinements: readonly [keyof ContainerState["confinement"], unknown][] = [
    ["memoryBytes", 0],
    ["memorySwapBytes", -1],
    ["nanoCpus", 900_000_000],
    ["cpuShares", 2],
    ["cpuQuota", 50_000],
    ["cpuPeriod", 50_000],
    ["cpuset", "0"],
    ["pids", 0],
    ["privileged", true],
    ["readOnlyRoot", false],
    ["addedCapabilities", ["NET_ADMIN"]],
    ["droppedCapabilities", []],
    ["securityOptions", []],
    ["restartPolicy", "no"],
    ["ports", ["0.0.0.0:18789->18789/tcp"]],
    ["networks", ["bot", "bridge"]],
  ];
  const faults: readonly Fault[] = [
    ["no container", {}, { named: undefined, ofService: [] }, /no container `bot-openclaw-gateway-1`/, /^npx deck up$/],
    ["another container of the name", { id: hex("f") }, {}, /replaced by hand: its id is `f{12}`/, /docker stop .*docker rm/],
    ["another image", { imageId: `sha256:${hex("f")}` }, {}, /runs image `f{12}`; declared is `b{12}`/, /deck up/],
    ["another specification", { spec: hex("e") }, {}, /specification `e{12}`; declared is `d{12}`/, /deck up/],
    ...confinements.map(
      ([key, value]): Fault => [
        `another \`${key}\` than declared`,
        { confinement: { ...good.confinement, [key]: value } },
        {},
        new RegExp(`\`${key}\` is .*; declared is`),
        /deck up/,
      ],
    ),
    ["a folder replaced under its mount", {}, { moved: ["/base/docs"] }, /`\/base\/docs` was replaced while/, /docker restart/],
    [
      "a folder that the gateway cannot use",
      {},
      { possessions: [{ path: "/base/state", found: "mode 700 and owner 0:0", wanted: "mode 700 and owner 7:7" }] },
      /`\/base\/state` has mode 700 and owner 0:0; wanted is mode 700 and owner 7:7/,
      /^npx deck up$/,
    ],
    ["a tree that was not deployed", {}, { undeployed: ["This tree was not deployed: other."] }, /not deployed/, /^npx deck up$/],
    ["another compose project", { composeProject: "other" }, {}, /`other\/openclaw-gateway`; declared is `bot\//, /deck up/],
    [
      "an exited container",
      { status: "exited", exitCode: 78 },
      {},
      /is `exited` \(exit code 78\); `running` is/,
      /npx deck logs/,
    ],
    ["a restart loop", { status: "restarting", exitCode: 1 }, {}, /is `restarting` \(exit code 1\)/, /npx deck logs/],
    ["a paused container", { status: "paused" }, {}, /is `paused`; `running` is wanted/, /docker unpause/],
    [
      "an unhealthy container",
      { health: "unhealthy" },
      {},
      /is `unhealthy`; `healthy` is wanted/,
      /npx deck logs.*docker restart/,
    ],
    ["a container without health check", { health: "none" }, {}, /has no health check/, /deck up/],
    ["an unhealthy container that is also restarted", { restartCount: 2 }, {}, /restarted 2 times by the engine; 0/, /restart/],
    ["a kill for want of memory", { oomKilled: true }, {}, /killed for want of memory/, /npx deck logs/],
    ["another configuration", {}, { configSha256: hex("f") }, /sha256 `f{12}`; declared is `c{12}`/, /deck up/],
    ["no configuration", {}, { configSha256: undefined }, /sha256 `none`/, /deck up/],
    ["another plugin", {}, { pluginSha256: hex("f") }, /plugin has sha256 `f{12}`; declared is `e{12}`/, /deck up/],
    ["no plugin", {}, { pluginSha256: undefined }, /plugin has sha256 `none`/, /deck up/],
    ["an unmounted configuration", { mounts: good.mounts.slice(2) }, {}, /openclaw.json` is not mounted/, /deck up/],
    [
      "a writable configuration",
      { mounts: good.mounts.map((each) => ({ ...each, writable: true })) },
      {},
      /openclaw.json` is mounted on `\/etc\/openclaw\/openclaw.json`, writable; wanted is .*read-only/,
      /deck up/,
    ],
  ];
  for (const [title, container, more, summary, remedy] of faults) {
    it(`fails ${title}, and names the way back`, () => {
      const finding = judge(container, more);
      assert.equal(finding.status, "fail");
      assert.match(finding.summary, summary);
      assert.match(finding.remedy ?? "", remedy);
    });
  }

  it("fails a second running container of the same service, by name", () => {
    const second: ContainerState = { ...good, id: hex("9"), name: "bot-openclaw-gateway-2" };
    const { status, summary, remedy } = judge({}, { ofService: [good, second] });
    assert.equal(status, "fail");
    assert.match(summary, /^2 containers of the compose service .* run; 1 is allowed, so not `bot-openclaw-gateway-2`/);
    assert.equal(remedy, "ssh claw@phill docker stop --time 330 bot-openclaw-gateway-2");
  });

  it("names every fault at once", () => {
    const { summary } = judge({ health: "unhealthy", restartCount: 1 }, { configSha256: hex("f") });
    for (const part of [/unhealthy/, /restarted once/, /openclaw.json/]) assert.match(summary, part);
  });

  it("cannot tell while the start period lasts, unless something else is wrong", () => {
    assert.equal(judge({ health: "starting" }).status, "inconclusive");
    assert.equal(judge({ health: "starting", restartCount: 1 }).status, "fail");
    assert.ok(isStarting(reading({ health: "starting" })));
    assert.ok(!isStarting(reading({ health: "starting", status: "restarting" })));
  });

  for (const [skew, status] of [
    [30, "pass"],
    [-30, "pass"],
    [30.1, "inconclusive"],
    [-30.1, "inconclusive"],
  ] as const) {
    it(`says ${status} of a clock ${skew} s off, where 30 s are allowed`, () => {
      assert.equal(judge({}, { clockSkew: skew }).status, status);
    });
  }

  it("lets a fault outweigh a clock that is off", () => {
    assert.equal(judge({ health: "unhealthy" }, { clockSkew: 100 }).status, "fail");
  });
});

describe("judgeRuntime with a first reading", () => {
  const first = judge();
  const second = (container: Partial<ContainerState>) => judgeRuntime(declared, reading(container), rules, first);

  it("passes where nothing changed in between", () => {
    assert.equal(second({}).status, "pass");
  });

  it("fails where the container started anew, with both times", () => {
    const { status, summary } = second({ startedAt: "2026-11-22T09:05:00Z" });
    assert.equal(status, "fail");
    assert.match(summary, /`startedAt` went from `2026-11-22T09:00:00.123456789Z` to `2026-11-22T09:05:00Z`/);
  });

  it("fails where the first reading did not say when the container started", () => {
    const { status } = judgeRuntime(declared, reading(), rules, { status: "pass", summary: "", measured: {} });
    assert.equal(status, "fail");
  });
});

describe("parseContainers", () => {
  const raw = () => ({
    Id: hex("a"),
    Name: "/bot",
    Image: `sha256:${hex("b")}`,
    RestartCount: 0,
    State: { Status: "running", OOMKilled: false, ExitCode: 0, StartedAt: "2026-11-22T09:00:00Z", Health: null as unknown },
    HostConfig: confined,
    NetworkSettings: { Networks: { bot: {} } },
    Config: { Image: "openclaw:1", Labels: { "com.docker.compose.service": "openclaw-gateway" } as unknown },
    Mounts: [{ Type: "bind", Source: "/a", Destination: "/b", RW: false }],
  });

  it("reads name, labels and mounts, and says `none` of a container without health check", () => {
    const [container] = parseContainers(JSON.stringify([raw()]));
    assert.equal(container?.name, "bot");
    assert.equal(container?.health, "none");
    assert.equal(container?.composeService, "openclaw-gateway");
    assert.deepEqual(container?.confinement, good.confinement);
    assert.deepEqual(container?.mounts, [mount("/a", "/b")]);
  });

  for (const [title, change] of [
    ["an unknown status", { State: { ...raw().State, Status: "sleeping" } }],
    ["an unknown health", { State: { ...raw().State, Health: { Status: "fine", FailingStreak: 0 } } }],
    ["no restart count", { RestartCount: undefined }],
    ["a start that is no time", { State: { ...raw().State, StartedAt: "today" } }],
  ] as const) {
    it(`throws on ${title}`, () => {
      assert.throws(() => parseContainers(JSON.stringify([{ ...raw(), ...change }])));
    });
  }
});

describe("seenAt", () => {
  const container = {
    mounts: [mount("/base", "/outer", true), mount("/base/docs", "/inner"), { ...mount("/x", "/v"), type: "volume" }],
  };
  for (const [path, seen] of [
    ["/base/docs/a", { path: "/inner/a", writable: false }],
    ["/base/docs", { path: "/inner", writable: false }],
    ["/base/docsmore", { path: "/outer/docsmore", writable: true }],
    ["/elsewhere", undefined],
    ["/x/a", undefined],
  ] as const) {
    it(`finds ${path} ${seen === undefined ? "nowhere" : `at ${seen.path}`}`, () =>
      assert.deepEqual(seenAt(container, path), seen));
  }
});
