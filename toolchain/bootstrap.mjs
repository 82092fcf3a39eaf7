/**
 * Brings the project's packages, then hands over to a script on the project's own Node: `node toolchain/bootstrap.mjs <script.ts> [args]`.
 * Plain JavaScript without imports of packages, because it runs before there are any, on whatever Node the machine has.
 */

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const oldestNode = 20;
const project = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(project, "node_modules");
const binaries = join(modules, ".bin");
const node = join(binaries, "node");
/** Inside node_modules, so that it goes when they go; written last, so that an interrupted install does not count. */
const stamp = join(modules, ".phillbot-lock");
const log = join(project, ".phillbot", "log", "npm-ci.log");
/** Holds the pids of the bootstrap and of its npm, which may outlive it: the folder is taken while either runs. */
const claim = join(project, ".phillbot", "run", "npm-ci.pid");
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

const [script, ...args] = process.argv.slice(2);
if (script === undefined) fail("Usage: node toolchain/bootstrap.mjs <script.ts> [args]", 2);
if (Number(process.versions.node.split(".")[0]) < oldestNode) {
  fail(`Node ${oldestNode} or newer is missing: this is ${process.version}. Get it from https://nodejs.org/.`, 2);
}

const lock = createHash("sha256")
  .update(readFileSync(join(project, "package-lock.json")))
  .digest("hex");
if (!isInstalled()) {
  await takeClaim();
  try {
    // Another process may have done it meanwhile.
    if (!isInstalled()) await install();
  } finally {
    rmSync(claim, { force: true });
  }
}
handOver();

function isInstalled() {
  return existsSync(node) && existsSync(stamp) && readFileSync(stamp, "utf8").trim() === lock;
}

async function install() {
  const title = "Install the project's packages";
  const since = Date.now();
  const live = showLive(title, since);
  rmSync(stamp, { force: true });
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, "w");
  const code = await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], output);
  // npm may be told to run no install scripts; the package that brings Node needs its own.
  const bringer = join(modules, "node", "installArchSpecificPackage.js");
  if (code === 0 && !canRun(node) && existsSync(bringer)) await run(process.execPath, [bringer], output, dirname(bringer));
  closeSync(output);
  live.end();
  const took = `${((Date.now() - since) / 1000).toFixed(1)} s`;
  if (code !== 0 || !canRun(node)) {
    const tail = readFileSync(log, "utf8").trimEnd().split("\n").slice(-15);
    const reason = code === 0 ? `npm brought no Node that runs at ${node}.` : "`npm ci` failed.";
    rmSync(claim, { force: true });
    fail([`✗ ${title} (${took})`, reason, ...tail.map((line) => `  | ${line}`), `The whole log: ${log}`].join("\n"), 1);
  }
  writeFileSync(stamp, `${lock}\n`);
  process.stderr.write(`✓ ${title} (${took})\n`);
}

/** A link appears whole or not at all, so nobody reads half a pid. */
async function takeClaim() {
  mkdirSync(dirname(claim), { recursive: true });
  const draft = `${claim}.${process.pid}`;
  for (let told = false; ; told = true) {
    writeFileSync(draft, String(process.pid));
    try {
      linkSync(draft, claim);
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    const holder = readHolders().find(isRunning);
    if (holder === undefined) {
      rmSync(claim, { force: true });
      continue;
    }
    if (!told) process.stderr.write(`… Waiting for process ${holder}, which installs the packages here\n`);
    await sleep(300);
  }
}

function readHolders() {
  try {
    return readFileSync(claim, "utf8").split(" ").map(Number);
  } catch {
    return [];
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Resolves with the exit code. A signal to this process ends the child first, so that it leaves nothing at work behind it. */
function run(file, argv, output, cwd = project) {
  return new Promise((done) => {
    const child = spawn(file, argv, { cwd, stdio: ["ignore", output, output] });
    let stopping;
    const stop = (signal) => {
      stopping ??= signal;
      child.kill(signal);
    };
    for (const signal of signals) process.on(signal, stop);
    child.once("spawn", () => {
      writeFileSync(`${claim}.npm`, `${process.pid} ${child.pid}`);
      renameSync(`${claim}.npm`, claim);
    });
    child.once("error", (error) => {
      rmSync(claim, { force: true });
      if (error.code === "ENOENT" && file === "npm")
        fail("npm is missing: it brings the project's packages. It comes with Node: https://nodejs.org/.", 2);
      fail(`${file} did not start: ${error.message}`, 1);
    });
    child.once("close", (code, signal) => {
      for (const name of signals) process.removeListener(name, stop);
      if (stopping !== undefined) rmSync(claim, { force: true });
      if (stopping !== undefined) process.exit(128 + constants.signals[stopping]);
      done(code ?? 128 + constants.signals[signal]);
    });
  });
}

function canRun(file) {
  return spawnSync(file, ["--version"], { stdio: "ignore" }).status === 0;
}

function showLive(title, since) {
  if (!process.stderr.isTTY) {
    process.stderr.write(`… ${title}\n`);
    return { end() {} };
  }
  const draw = () => process.stderr.write(`\r\u001b[2K… ${title} (${((Date.now() - since) / 1000).toFixed(1)} s)`);
  const timer = setInterval(draw, 120);
  draw();
  return {
    end() {
      clearInterval(timer);
      process.stderr.write("\r\u001b[2K");
    },
  };
}

/** The script becomes what the caller started: its streams, its exit code, and the signals that end it. */
function handOver() {
  const path = [binaries, process.env.PATH ?? ""].join(delimiter);
  const child = spawn(node, [resolve(project, script), ...args], { stdio: "inherit", env: { ...process.env, PATH: path } });
  // A terminal's Ctrl-C reaches the child by itself; passed on twice it would end a careful shutdown halfway.
  process.on("SIGINT", () => {
    if (!process.stdin.isTTY) child.kill("SIGINT");
  });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, child.kill.bind(child, signal));
  child.once("error", (error) => fail(`${node} did not start: ${error.message}`, 1));
  child.once("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/** @returns {never} */
function fail(message, code) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}
