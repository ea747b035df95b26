// Installs the node modules when they are missing or belong to another lock file.
"use strict";

const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { DIST, INSTALLED, MODULES, ROOT, SEALED, fail, say } = require("./common.cjs");

const LOCK = path.join(ROOT, "package-lock.json");
const INSTALL_STAMP = path.join(MODULES, ".hms-lock-hash");

/** Waits without a loop of its own to wait in: everything here is synchronous. */
const pause = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/** Runs `body` while no other launcher of this checkout does; the lock of one that has died is taken over. */
function exclusively(body) {
  const lock = path.join(ROOT, "dist", "install.lock");
  fs.mkdirSync(DIST, { recursive: true });
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch {
      if (!holderLives(lock)) fs.rmSync(lock, { force: true });
      else pause(200);
    }
  }
  try {
    return body();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

function holderLives(lock) {
  try {
    const pid = Number(fs.readFileSync(lock, "utf8"));
    // Just made and not written yet.
    if (pid === 0) return Date.now() - fs.statSync(lock).mtimeMs < 2000;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Installs the node modules when they are missing or belong to another lock file. */
function ensureModules() {
  if (!modulesAreCurrent()) exclusively(installModules);
}

function modulesAreCurrent() {
  if (SEALED) return true;
  const hash = createHash("sha256").update(fs.readFileSync(LOCK)).digest("hex");
  const read = (file) => {
    try {
      return fs.readFileSync(file, "utf8");
    } catch {
      return undefined;
    }
  };
  if (!fs.existsSync(INSTALLED)) return false;
  if (read(INSTALL_STAMP) === hash) return true;
  // Somebody ran npm by hand: what it noted down is what the lock file wants.
  if (!installedMatchesLock()) return false;
  fs.writeFileSync(INSTALL_STAMP, hash);
  return true;
}

function installModules() {
  // Whoever held the lock before may have done it.
  if (modulesAreCurrent()) return;
  say("… npm ci (the project's dependencies, once)");
  const began = Date.now();
  // npm's own output goes to stderr: stdout belongs to the program that is started afterwards.
  const result = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: ROOT, stdio: ["ignore", 2, 2] });
  if (result.error) fail(`npm could not be started: ${result.error.message}. Install npm, which comes with Node.js.`);
  if (result.status !== 0) fail(`npm ci failed (exit ${result.status ?? result.signal}); its output above says why`);
  fs.writeFileSync(INSTALL_STAMP, createHash("sha256").update(fs.readFileSync(LOCK)).digest("hex"));
  say(`✓ npm ci (${((Date.now() - began) / 1000).toFixed(1)} s)`);
}

function installedMatchesLock() {
  try {
    const versions = (file) => {
      const { packages } = JSON.parse(fs.readFileSync(file, "utf8"));
      return new Map(Object.entries(packages).map(([name, entry]) => [name, entry]));
    };
    const installed = versions(INSTALLED);
    for (const [name, entry] of versions(LOCK)) {
      if (name === "" || entry.optional || entry.devOptional || entry.peer) continue;
      if (installed.get(name)?.version !== entry.version) return false;
    }
    return true;
  } catch {
    return false;
  }
}

module.exports = { ensureModules };
