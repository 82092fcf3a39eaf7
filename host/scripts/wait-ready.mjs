// Runs in the gateway's container, by its own Node. Waits until the gateway is alive, else it ends with 69; and then a while until
// its channels are ready, since what follows takes the processor that they need to come up.
// Arguments: the gateway's port, and the seconds to wait for the one and for the other.
const [port, aliveSeconds, readySeconds] = process.argv.slice(-3).map(Number);

const answers = (path) =>
  fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  );

async function until(path, seconds) {
  const end = performance.now() + seconds * 1000;
  while (!(await answers(path))) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return true;
}

if (!(await until("/healthz", aliveSeconds))) {
  console.error(`The gateway is not alive after ${aliveSeconds} s.`);
  process.exit(69);
}
await until("/readyz", readySeconds);
// A connection that is kept alive would keep this alive as well.
process.exit(0);
