import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { withDatabase } from "../../memory/database.ts";
import { Secret } from "../../model/secret.ts";

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}
const refusal = (code: string) => message("E", Buffer.from(`SFATAL\0C${code}\0Mnot now\0\0`));
const welcome = Buffer.concat([message("R", Buffer.alloc(4)), message("Z", Buffer.from("I"))]);

describe("withDatabase", () => {
  /** A server that answers its first connections so, one after the other, and every further one like the last. */
  const serving = async (answers: readonly Buffer[], signal = AbortSignal.timeout(10_000)) => {
    let asked = 0;
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.write(answers[Math.min(asked++, answers.length - 1)] ?? welcome));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const address = { host: "127.0.0.1", port, name: "postgres", user: "postgres", tls: "disable" } as const;
    try {
      const work = withDatabase({ address, password: new Secret("any") }, signal, async () => "done");
      return { said: await work.catch(({ code, name }) => (typeof code === "string" ? code : name)), asked };
    } finally {
      server.close();
    }
  };

  it("waits for a server that starts, as after its host was started", async () => {
    assert.deepEqual(await serving([refusal("57P03"), refusal("57P03"), welcome]), { said: "done", asked: 3 });
  });

  it("tells any other refusal at once", async () => {
    assert.deepEqual(await serving([refusal("28P01"), welcome]), { said: "28P01", asked: 1 });
  });

  it("ends the waiting where it is told to", async () => {
    const { said } = await serving([refusal("57P03")], AbortSignal.timeout(300));
    assert.equal(said, "TimeoutError");
  });
});
