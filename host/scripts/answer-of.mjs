// Comes before another script of this folder: by which HTTP status an address answers, or why it does not.
const code = (error) => error.cause?.code ?? error.cause?.errors?.[0]?.code ?? error.name;

/** That something answers proves the way, whatever it says: so no key is sent. */
globalThis.answerOf = (address) =>
  fetch(address, { redirect: "manual", signal: AbortSignal.timeout(10_000) }).then(
    ({ status }) => ({ status }),
    (error) => ({ silent: String(code(error)) }),
  );
