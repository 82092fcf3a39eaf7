import assert from "node:assert/strict";
import { type ResourceValidationArgs, unknownCheckingProxy } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { unknown } from "@pulumi/pulumi/output.js";
import { policyTransformation } from "../../components/policyTransformation.ts";
import { SshHost } from "../../host/ssh.ts";
import { syncLine } from "../../host/sync.ts";
import { type DeclaredResource, notKnown, type StackFacts } from "../../model/declaredResource.ts";
import { ruleNames, type Violation, violationsOf, violationText } from "../../model/stackPolicy.ts";
import { policies } from "../../policy/rules.ts";
import { type Recorder, record, settle } from "../components/recorder.ts";
import { allowed, broken, development, good, production, token } from "./violations.ts";

/** What the pack reports of a resource, by rule. */
function reported({ type, name, within, properties }: DeclaredResource, facts: StackFacts): (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  const args = {
    type,
    name,
    urn: `urn:pulumi:prod::phillbot::${[...within, type].join("$")}::${name}`,
    props: unknownCheckingProxy(JSON.parse(JSON.stringify(properties))),
  } as ResourceValidationArgs;
  const pack = policies((stack) => (stack === "prod" ? facts : assert.fail(stack)));
  for (const { name: rule, validateResource } of pack)
    for (const validate of [validateResource ?? []].flat())
      validate(args, (text) => void found.push([rule, String(text)] as const));
  return found;
}

class Refused extends Error {
  readonly violations: readonly Violation[];
  constructor(violations: readonly Violation[]) {
    super(violations.map(violationText).join("\n"));
    this.violations = violations;
  }
}

const transformation = (facts: StackFacts) =>
  policyTransformation(facts, (violations) => {
    throw new Refused(violations);
  });

/** Components, which need no provider, in the same places as the real ones. */
class Declared extends pulumi.ComponentResource {
  constructor(type: string, properties: pulumi.Inputs, opts: pulumi.ComponentResourceOptions) {
    super(type, "it", properties, opts);
  }
}

/** What the transformation changes a resource's properties to; it throws where it refuses at once. */
function transformed({ type, within, properties }: DeclaredResource, facts: StackFacts, props: pulumi.Inputs = properties) {
  const judge = transformation(facts);
  const parent = within.reduce<pulumi.ComponentResource | undefined>(
    (above, each) => new Declared(each, {}, above ? { parent: above } : {}),
    undefined,
  );
  const args = { type, name: "it", props, opts: parent ? { parent } : {} };
  return judge(args as unknown as pulumi.ResourceTransformationArgs)?.props ?? props;
}

describe("the stack's policy", () => {
  let recorder: Recorder | undefined;
  afterEach(async () => {
    await recorder?.end();
    recorder = undefined;
  });

  it("has a case that breaks each of its rules", () => {
    assert.deepEqual([...new Set(broken.map(({ rule }) => rule))].toSorted(), [...ruleNames].toSorted());
  });

  for (const { rule, what, resource, facts = development } of broken) {
    it(`${rule} refuses ${what}, in the pack and in the program`, async () => {
      assert.deepEqual([...new Set(reported(resource, facts).map(([name]) => name))], [rule]);
      recorder = await record();
      assert.throws(
        () => transformed(resource, facts),
        (error: Refused) => error.violations.every((each) => each.rule === rule && each.resource === "it"),
      );
    });

    it(`${rule} refuses ${what} where the program learns it late`, async () => {
      recorder = await record();
      const late = Object.entries(resource.properties).map(([key, value]) => [key, pulumi.output(Promise.resolve(value))]);
      const none = Object.fromEntries(Object.keys(resource.properties).map((key) => [key, notKnown]));
      // What it is, is known at once.
      if (violationsOf({ ...resource, properties: none }, facts).length > 0) {
        assert.throws(() => transformed(resource, facts, Object.fromEntries(late)), Refused);
        return;
      }
      const props = transformed(resource, facts, Object.fromEntries(late));
      const outputs = Object.values(props).map((each) => settle(each as pulumi.Output<unknown>));
      const ends = await Promise.allSettled(outputs.length > 0 ? outputs : [Promise.reject(new Refused([]))]);
      for (const end of ends) assert.equal(end.status === "rejected" && end.reason instanceof Refused, true);
    });
  }

  for (const [what, { resource, facts }] of Object.entries(allowed)) {
    it(`lets ${what} pass, in the pack and in the program`, async () => {
      assert.deepEqual(violationsOf(resource, facts), []);
      assert.deepEqual(reported(resource, facts), []);
      recorder = await record();
      assert.equal(transformed(resource, facts), resource.properties);
    });
  }

  it("says what is wrong in one line that holds no value, with the remedy", () => {
    for (const { resource, facts = development } of broken)
      for (const [rule, text] of reported(resource, facts)) {
        assert.match(text, new RegExp(`^Policy \`${rule}\` refuses \`it\`: .+\\. .+\\.$`));
        assert.ok(!text.includes(token) && !text.includes(token.slice(4, 20)) && !text.includes("postgres"), rule);
      }
  });

  it("accuses nothing that is not known yet, and what is known beside it", () => {
    const without = (keys: readonly string[]) => good(Object.fromEntries(keys.map((key) => [key, notKnown])));
    const all = Object.keys(good().properties);
    for (const key of all) assert.deepEqual(violationsOf(without([key]), production), [], key);
    const [only, ...others] = violationsOf(good({ ...without(all).properties, privileged: true }), production);
    assert.deepEqual([only?.rule, others], ["not-privileged", []]);
  });

  it("reads past what CrossGuard does not let it look at", () => {
    // CrossGuard's own mark of a text that is not known before the update.
    const mark = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    assert.deepEqual(reported(good({ image: mark, envs: [mark, "A=1"] }), production), []);
    const found = reported(good({ image: mark, envs: [mark, `A=${token}`], privileged: true }), production);
    assert.deepEqual(
      found.map(([rule]) => rule),
      ["no-secret-in-the-open", "not-privileged"],
    );
  });

  it("lets what is known pass in a preview while the rest is not, and keeps secrets secret", async () => {
    recorder = await record({ preview: true });
    const props = transformed(good(), production, {
      ...good().properties,
      image: pulumi.output(unknown),
      memory: pulumi.secret(512),
    });
    const memory = props.memory as pulumi.Output<number> & { readonly isSecret: Promise<boolean> };
    assert.deepEqual([await settle(memory), await memory.isSecret], [512, true]);
  });

  it("judges what the stack's own host makes of ssh as pinned", () => {
    const host = new SshHost(
      { kind: "ssh", address: "phill", user: "claw", port: 22, hostKey: "ssh-ed25519 AAAA" },
      { knownHosts: "/p/my known_hosts", controlPath: "/p/control" },
    );
    const create = (line: string) => ({ type: "command:local:Command", name: "it", within: [], properties: { create: line } });
    const sync = syncLine(host, { from: "/a", to: "/srv/b", below: "/srv", uid: 1, gid: 1, via: { kind: "direct" } });
    for (const line of [host.line(["docker", "ps"]), sync]) {
      assert.match(line, /\bssh\b/);
      assert.deepEqual(violationsOf(create(line), production), []);
      assert.equal(
        violationsOf(create(line.replaceAll("StrictHostKeyChecking=yes", "StrictHostKeyChecking=no")), production).length,
        1,
      );
    }
    const provider = { host: host.docker.host, sshOpts: host.docker.sshOpts };
    assert.deepEqual(violationsOf({ ...create(""), type: "pulumi:providers:docker", properties: provider }, production), []);
  });
});
