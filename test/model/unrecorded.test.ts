import assert from "node:assert/strict";
import fc from "fast-check";
import { type Asking, type FoundContainer, type FoundNetwork, recordedIn, unrecorded } from "../../model/unrecorded.ts";

const dev: Asking = { stack: "dev", name: "phillbot-dev", baseFolder: "/clone/.phillbot/host/dev", folder: "/clone" };
const prod: Asking = { stack: "prod", name: "phillbot", baseFolder: "/srv/phillbot", folder: undefined };

const own = (asking: Asking) => ({
  "phillbot.stack": asking.stack,
  ...(asking.folder === undefined ? {} : { "phillbot.folder": asking.folder }),
});
const compose = (asking: Asking) => ({
  "com.docker.compose.service": "openclaw-gateway",
  "com.docker.compose.project.working_dir": asking.baseFolder,
});
const gateway = (asking: Asking, more: Partial<FoundContainer> = {}): FoundContainer => ({
  id: "g",
  name: `${asking.name}-openclaw-gateway-1`,
  labels: { ...own(asking), ...compose(asking) },
  networks: [asking.name],
  ...more,
});
const service = (more: Partial<FoundContainer> = {}): FoundContainer => ({
  id: "s",
  name: "phillbot-dev-postgres-1",
  labels: own(dev),
  networks: [dev.name],
  ...more,
});
const network = (asking: Asking, more: Partial<FoundNetwork> = {}): FoundNetwork => ({
  id: "n",
  name: asking.name,
  labels: own(asking),
  users: [],
  ...more,
});
const state = (...ids: string[]) => ({ ids: new Set(ids), reachedEngine: true });
const idsOf = ({ containers, networks, gateways, inUse }: ReturnType<typeof unrecorded>) =>
  Object.fromEntries(
    Object.entries({ containers, networks, gateways, inUse }).flatMap(([where, all]) =>
      all.length === 0 ? [] : [[where, all.map(({ id }) => id)]],
    ),
  );

describe("unrecorded", () => {
  it("leaves what the state knows", () => {
    const found = { containers: [gateway(dev), service()], networks: [network(dev, { users: ["g", "s"] })] };
    assert.deepEqual(idsOf(unrecorded(found, state("g", "s", "n"), dev)), {});
  });

  it("names what it does not know: services and networks at once, a gateway when the next one is ready", () => {
    const found = { containers: [gateway(dev), service()], networks: [] };
    assert.deepEqual(idsOf(unrecorded(found, state("n"), dev)), { containers: ["s"], gateways: ["g"] });
    assert.deepEqual(idsOf(unrecorded({ containers: [], networks: [network(dev)] }, state(), dev)), { networks: ["n"] });
  });

  it("names a second gateway beside the one that the state knows, whatever it is called", () => {
    const found = { containers: [gateway(dev), gateway(dev, { id: "other", name: "renamed" })], networks: [] };
    assert.deepEqual(idsOf(unrecorded(found, state("g"), dev)), { gateways: ["other"] });
  });

  it("takes a gateway first that keeps an unknown network from going", () => {
    const found = { containers: [gateway(dev), service()], networks: [network(dev, { users: ["g", "s"] })] };
    assert.deepEqual(idsOf(unrecorded(found, state(), dev)), { containers: ["g", "s"], networks: ["n"] });
  });

  it("removes no network that something else is on, known or not this stack's", () => {
    const found = (user: string) => ({ containers: [service()], networks: [network(dev, { users: [user] })] });
    assert.deepEqual(idsOf(unrecorded(found("s"), state("s"), dev)), { inUse: ["n"] });
    assert.deepEqual(idsOf(unrecorded(found("stranger"), state("s"), dev)), { inUse: ["n"] });
  });

  const strangers: Readonly<Record<string, FoundContainer>> = {
    "without labels": service({ labels: {} }),
    "of another stack": service({ labels: { ...own(dev), "phillbot.stack": "other" } }),
    "of another clone": service({ labels: { ...own(dev), "phillbot.folder": "/elsewhere" } }),
    "of a production stack of that name": gateway({ ...prod, stack: "dev", name: dev.name }),
  };
  for (const [whose, container] of Object.entries(strangers)) {
    it(`leaves a container ${whose}`, () => {
      assert.deepEqual(idsOf(unrecorded({ containers: [container], networks: [] }, state(), dev)), {});
    });
  }

  it("tells two production stacks of one name on a host apart by their folders, and networks by their names", () => {
    const other = { ...prod, baseFolder: "/srv/other", name: "other" };
    const found = { containers: [gateway(prod), gateway(other, { id: "o" })], networks: [network(prod), network(other)] };
    assert.deepEqual(idsOf(unrecorded(found, state("n"), { ...prod, name: "third" })), { gateways: ["g"] });
    assert.deepEqual(idsOf(unrecorded({ ...found, networks: [network(other, { id: "m" })] }, state(), prod)), {
      gateways: ["g"],
    });
  });

  it("never names what the state knows or what carries other labels, whatever is found", () => {
    const ids = fc.constantFrom("1", "2", "3", "4", "5");
    const labels = fc.record(
      {
        "phillbot.stack": fc.constantFrom("dev", "prod"),
        "phillbot.folder": fc.constantFrom("/clone", "/elsewhere"),
        "com.docker.compose.service": fc.constant("openclaw-gateway"),
        "com.docker.compose.project.working_dir": fc.constantFrom(dev.baseFolder, prod.baseFolder),
      },
      { requiredKeys: [] },
    );
    const names = fc.constantFrom(dev.name, prod.name, "third");
    const containers = fc.uniqueArray(fc.record({ id: ids, name: names, labels, networks: fc.array(names) }), {
      selector: ({ id }) => id,
    });
    const networks = fc.uniqueArray(
      fc.record({ id: ids.map((id) => `n${id}`), name: names, labels, users: fc.array(fc.oneof(ids, fc.constant("x"))) }),
      { selector: ({ id }) => id },
    );
    const known = fc.array(
      fc.oneof(
        ids,
        ids.map((id) => `n${id}`),
      ),
    );
    fc.assert(
      fc.property(containers, networks, known, fc.constantFrom(dev, prod), (all, nets, recorded, asking) => {
        const plan = unrecorded({ containers: all, networks: nets }, state(...recorded), asking);
        const going = [...plan.containers, ...plan.gateways];
        for (const each of [...going, ...plan.networks]) {
          assert.ok(!recorded.includes(each.id));
          const found: Readonly<Record<string, string | undefined>> = each.labels;
          assert.equal(found["phillbot.stack"], asking.stack);
          assert.equal(found["phillbot.folder"], asking.folder);
        }
        assert.equal(new Set(going.map(({ id }) => id)).size, going.length);
        // Nothing but what goes before it is on a network that goes.
        for (const { users, name } of plan.networks) {
          for (const user of users) assert.ok(going.some(({ id }) => id === user));
          for (const late of plan.gateways) assert.ok(!late.networks.includes(name));
        }
      }),
    );
  });
});

describe("recordedIn", () => {
  const container = { type: "docker:index/container:Container", id: "c" };
  const volume = { type: "docker:index/volume:Volume" };
  const exported = (deployment: unknown) => recordedIn(JSON.stringify({ version: 3, deployment }));

  it("knows what is made by its id, also what is about to be deleted", () => {
    const resources = [
      container,
      { type: "docker:index/network:Network", id: "n", delete: true },
      { type: "command:x", id: "y" },
    ];
    assert.deepEqual(exported({ resources }), { ids: new Set(["c", "n"]), reachedEngine: true });
  });

  it("knows by what was about to be made that the engine was reached", () => {
    assert.deepEqual(exported({ pending_operations: [{ resource: volume, type: "creating" }] }), {
      ids: new Set(),
      reachedEngine: true,
    });
  });

  for (const deployment of [
    undefined,
    null,
    {},
    { resources: null },
    { resources: [{ type: "pulumi:providers:docker", id: "p" }] },
  ])
    it(`knows nothing of the engine where there is no more than ${JSON.stringify(deployment)}`, () => {
      assert.deepEqual(exported(deployment), { ids: new Set(), reachedEngine: false });
    });

  it("is no guess: what has another shape is an error", () => {
    for (const text of ["", "[]", '{"deployment":{"resources":[{}]}}']) assert.throws(() => recordedIn(text));
  });
});
