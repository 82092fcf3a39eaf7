import assert from "node:assert/strict";
import fc from "fast-check";
import { plainText, userWrites } from "../../../images/telegram/chat.ts";
import { emptyState, enqueue, entriesSince, take, withNextId } from "../../../images/telegram/state.ts";

const at = (ms: number) => new Date(ms);
const queued = (ids: readonly number[]) => ids.reduce((state, id) => enqueue(state, { update_id: id }), emptyState);
const ids = (taken: ReturnType<typeof take>) => taken.updates.map((update) => update.update_id);

describe("The emulated update queue", () => {
  it("hands out the oldest first, up to the limit, and keeps what is not confirmed", () => {
    const first = take(queued([5, 6, 7]), { offset: 0, limit: 2 });
    assert.deepEqual(ids(first), [5, 6]);
    assert.deepEqual(ids(take(first.state, { offset: 0, limit: 100 })), [5, 6, 7]);
  });

  it("confirms all below the offset, for good", () => {
    const confirmed = take(queued([5, 6, 7]), { offset: 7, limit: 100 });
    assert.deepEqual(ids(confirmed), [7]);
    assert.deepEqual(ids(take(confirmed.state, { offset: 0, limit: 100 })), [7]);
  });

  it("counts a negative offset from the end and forgets what is before it", () => {
    const taken = take(queued([5, 6, 7]), { offset: -1, limit: 100 });
    assert.deepEqual(ids(taken), [7]);
    assert.deepEqual(ids(take(taken.state, { offset: 0, limit: 100 })), [7]);
  });

  it("loses nothing and repeats nothing that was confirmed, however a poller and users interleave", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("write" as const) }),
      // An answer that is lost on its way leaves the poller's offset where it was.
      fc.record({ kind: fc.constant("poll" as const), limit: fc.integer({ min: 1, max: 5 }), lost: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 0, max: 2 ** 41 }), (steps, clock) => {
        let state = emptyState;
        let offset = 0;
        const written: number[] = [];
        const heard: number[] = [];
        const poll = (limit: number, lost: boolean) => {
          const taken = take(state, { offset, limit });
          state = taken.state;
          assert.ok(
            taken.updates.every((update) => update.update_id >= offset),
            "an update came again after its confirmation",
          );
          if (lost) return;
          heard.push(...ids(taken));
          offset = (taken.updates.at(-1)?.update_id ?? offset - 1) + 1;
        };
        for (const one of steps) {
          if (one.kind === "poll") {
            poll(one.limit, one.lost);
          } else {
            const wrote = userWrites(state, at(clock), { from: { id: 1, username: "a" }, text: "hello" });
            state = wrote.state;
            written.push(wrote.updateId);
          }
        }
        poll(100, false);
        assert.deepEqual(heard, written);
      }),
    );
  });

  it("gives growing ids, over a restart that forgot everything too", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 41 }), fc.integer({ min: 1, max: 50 }), (clock, count) => {
        let state = emptyState;
        let last = -1;
        for (let n = 0; n < count; n += 1) {
          const next = withNextId(state, at(clock));
          assert.ok(next.id > last);
          [state, last] = [next.state, next.id];
        }
        assert.ok(withNextId(emptyState, at(clock + count)).id > last);
      }),
    );
  });
});

describe("What is said in an emulated chat", () => {
  it("is seen by those who watch the chat, after their last entry only", () => {
    const one = userWrites(emptyState, at(1), { from: { id: 1, username: "a" }, text: "first" });
    const two = userWrites(one.state, at(1), { from: { id: 2, username: "b" }, text: "second" });
    const texts = (watch: Parameters<typeof entriesSince>[1]) => entriesSince(two.state, watch).map((entry) => entry.text);
    assert.deepEqual(texts({ after: 0 }), ["first", "second"]);
    assert.deepEqual(texts({ after: one.updateId }), ["second"]);
    assert.deepEqual(texts({ after: 0, chat: 1 }), ["first"]);
    assert.deepEqual(texts({ after: 0, by: "bot" }), []);
  });

  it("marks a command as Telegram does, and plain text not", () => {
    const entities = (text: string) => {
      const { state } = userWrites(emptyState, at(1), { from: { id: 1, username: "a" }, text });
      return (state.pending[0]?.message as { entities?: unknown } | undefined)?.entities;
    };
    assert.deepEqual(entities("/whoami now"), [{ type: "bot_command", offset: 0, length: 7 }]);
    assert.equal(entities("who am I"), undefined);
  });

  for (const [sent, mode, seen] of [
    ["<b>1 &lt; 2</b> &amp;lt;", "HTML", "1 < 2 &lt;"],
    ["1 < 2 <b>", "", "1 < 2 <b>"],
    ['<a href="https://example.org">x</a>\n<pre>y</pre>', "html", "x\ny"],
  ] as const) {
    it(`shows ${JSON.stringify(sent)} in mode ${JSON.stringify(mode)} as ${JSON.stringify(seen)}`, () => {
      assert.equal(plainText(sent, mode), seen);
    });
  }
});
