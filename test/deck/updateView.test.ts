import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { engineEvent } from "../../deck/engineEvents.ts";
import { UpdateView } from "../../deck/updateView.ts";

const urn = (types: string, name: string) => `urn:pulumi:dev::phillbot::${types}::${name}`;
const container = urn("phillbot:gateway:Gateway$docker:index/container:Container", "gateway-container");
const check = urn("phillbot:gate:ReleaseGate$phillbot:gate:Check", "telegram");
const gate = urn("phillbot:gate:ReleaseGate", "gate");
const began = (op: string, of = container) => ({ resourcePreEvent: { metadata: { op, urn: of } } });
const ended = (op: string, of = container, diffs?: string[]) => ({ resOutputsEvent: { metadata: { op, urn: of, diffs } } });
const failed = (op: string, of = container) => ({ resOpFailedEvent: { metadata: { op, urn: of }, status: 0, steps: 1 } });
const said = (severity: string, of: string, message: string, ephemeral = false) => ({
  diagnosticEvent: { urn: of, severity, message, color: "never", ephemeral },
});

describe("the view of an update", () => {
  let clock: number;
  let lines: string[];
  let status: string[];

  beforeEach(() => {
    clock = 0;
    lines = [];
    status = [];
  });

  const view = (more: { isPreview?: boolean; live?: boolean } = {}) =>
    new UpdateView({
      output: {
        progress: (line) => void lines.push(stripVTControlCharacters(line)),
        ...(more.live ? { status: (text: string) => void status.push(text) } : {}),
      },
      isPreview: more.isPreview === true,
      now: () => clock,
    });
  const hear = (to: UpdateView, ...events: object[]) => {
    for (const event of events) {
      const heard = engineEvent(JSON.stringify({ sequence: 1, timestamp: 1, ...event }));
      if (heard !== undefined) to.hear(heard);
    }
  };

  it("has one line for each changed resource, with its time and what differs", () => {
    const update = view();
    hear(update, began("create"));
    clock = 1500;
    hear(update, ended("create"), began("update"), ended("update", container, ["memory", "labels"]));
    assert.deepEqual(lines, ["+ gateway-container created (1.5 s)", "~ gateway-container updated (0.0 s): memory, labels"]);
  });

  it("tells what came of a command and what it printed, without the command", () => {
    const update = view();
    const command = JSON.stringify('sh -c "exit 3"\n# a screen of it');
    hear(update, said("error", container, `exit status 3: running ${command}:\nNo room.`));
    hear(update, said("error", container, `signal: killed: running ${command}:\n`));
    assert.deepEqual(lines, [
      "✗ gateway-container: its command ended with exit status 3:\nNo room.",
      "✗ gateway-container: its command was cut off",
    ]);
  });

  it("has no line for what was looked at, for what is as it was, and for what only groups", () => {
    const stack = urn("pulumi:pulumi:Stack", "phillbot-dev");
    for (const op of ["refresh", "same", "read"]) hear(view(), began(op), ended(op));
    for (const each of [stack, check, gate]) hear(view(), began("create", each), ended("create", each));
    assert.deepEqual(lines, []);
  });

  it("has one line for each check, and none for what it does meanwhile, nor for the open gate", () => {
    hear(
      view(),
      said("info", check, "Not yet: no connection.\n", true),
      said("info", check, "pass in 1.9 s: The channel runs.\n"),
      said("warning", check, "<{%fg 1%}>fail in 0.5 s: The token is refused.<{%reset%}>\n"),
      said("info", gate, "The release gate is open: 10 checks.\n"),
    );
    assert.deepEqual(lines, ["✓ telegram: pass in 1.9 s: The channel runs.", "✗ telegram: fail in 0.5 s: The token is refused."]);
  });

  it("shows every warning and every error, whole, and no chatter of a command", () => {
    hear(
      view(),
      said("info", container, "NOTICE: relation exists\n", true),
      said("info", container, '{"valid":true}\n'),
      said("debug", "", "Registering resource\n"),
      said("warning", container, "It was restarted.\n"),
      said("error", gate, "The release gate is blocked by telegram.\n  telegram: refused\n"),
      said("error", "", "update failed\n"),
      failed("create"),
    );
    assert.deepEqual(lines, [
      "! gateway-container: It was restarted.",
      "✗ The release gate is blocked by telegram.\n  telegram: refused",
      "✗ update failed",
      "✗ gateway-container could not be created",
    ]);
  });

  it("names what was not seen to end", () => {
    const update = view();
    hear(update, began("create"), began("refresh", urn("docker:index/network:Network", "network")));
    clock = 54_000;
    update.end();
    assert.deepEqual(lines, ["? gateway-container: not seen to end (54 s)"]);
  });

  it("says in a preview what would be, a replacement once", () => {
    const preview = view({ isPreview: true });
    hear(preview, began("create-replacement"), ended("create-replacement", container, ["envs"]), ended("delete-replaced"));
    hear(preview, began("delete"));
    preview.end();
    assert.deepEqual(lines, ["± gateway-container would be replaced: its environment"]);
  });

  it("breaks a long silence where nothing is redrawn, and only then", () => {
    const update = view();
    hear(update, began("create"));
    const started = ", until the old one has ended its work and the new one is started";
    for (const second of [4, 6, 6, 34, 37]) {
      clock = second * 1000;
      update.tick();
    }
    const told = [`… gateway-container being created (6.0 s)${started}`, `… gateway-container being created (37 s)${started}`];
    assert.deepEqual(lines, told);
    hear(update, ended("create"), said("info", check, "Not yet: no connection.\n", true));
    lines = [];
    clock = 43_000;
    update.tick();
    assert.deepEqual(lines, ["… telegram: Not yet: no connection."]);
  });

  it("says what is waited for where a name does not, and what differs in words", () => {
    const update = view();
    const index = urn("phillbot:gateway:Gateway$command:local:Command", "gateway-index");
    hear(update, began("create", index));
    clock = 74_000;
    update.tick();
    const preview = view({ isPreview: true });
    hear(preview, ended("create-replacement", container, ["mustRun", "ports"]), ended("update", index, ["create", "ports"]));
    assert.deepEqual(lines, [
      "… gateway-index being created (74 s), until the gateway is up and has indexed the bot's documents",
      "± gateway-container would be replaced: it had stopped",
      "~ gateway-index would be updated: its command, ports",
    ]);
  });

  it("names the checks that still run, and none that has said its word", () => {
    const update = view();
    const another = urn("phillbot:gate:ReleaseGate$phillbot:gate:Check", "memory");
    hear(update, ...[check, another].flatMap((of) => [began("same", of), ended("same", of)]));
    hear(update, said("info", another, "pass in 0.3 s: A canary was written.\n"));
    clock = 31_000;
    update.tick();
    hear(update, said("info", check, "pass in 32 s: The channel runs.\n"));
    clock = 62_000;
    update.tick();
    assert.deepEqual(
      lines.filter((line) => line.startsWith("…")),
      ["… Still running: telegram", "… The checks have run"],
    );
  });

  it("redraws what goes on where it can, and takes it away at the end", () => {
    const update = view({ live: true });
    hear(update, began("create"), ended("create"), said("info", check, "Saying /whoami.\nmore", true));
    clock = 60_000;
    update.tick();
    update.end();
    assert.match(status[0] ?? "", /^gateway-container being created \(0\.0 s\), until /);
    assert.deepEqual(status.slice(-2), ["telegram: Saying /whoami.", ""]);
    assert.deepEqual(lines, ["+ gateway-container created (0.0 s)"]);
  });

  it("passes over what is no event", () => {
    for (const line of ["", "{", "[]", "null", '{"resourcePreEvent":{}}', '{"cancelEvent":{}}'])
      assert.equal(engineEvent(line), undefined);
  });
});
