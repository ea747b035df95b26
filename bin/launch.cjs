// Starts any program of this project: installs the node modules if they are missing, bundles the sources if any of them
// changed, and runs the wanted bundle in this very process. Plain JavaScript for Node 20 and newer, without dependencies,
// because it runs before anything is installed. Nothing here may print on stdout: the first line of a provider is its port.
"use strict";

const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const ROOT = path.dirname(__dirname);
const DIST = path.join(ROOT, "dist");
const MODULES = path.join(ROOT, "node_modules");
const LOCK = path.join(ROOT, "package-lock.json");
/** Written by npm at the end of every install. */
const INSTALLED = path.join(MODULES, ".package-lock.json");
const INSTALL_STAMP = path.join(MODULES, ".hms-lock-hash");

/** Node of the engine and of everything after it, where PATH has none that is supported. */
const NODE_VERSION = "24.21.0";
const NODE_SUPPORTED = 22;
const NODE_MINIMUM = 20;

/** In an image: modules and bundles are what its sources gave when it was made, and nobody edits them there. */
const SEALED = fs.existsSync(path.join(DIST, "sealed"));

/** Source of each bundle. An entry whose source does not exist is skipped. */
const ENTRIES = {
  cli: "cli/main.ts",
  provider: "provider/main.ts",
  policy: "policy/pulumi/main.ts",
  "plugin-kubernetes": "platform/plugins/kubernetes/main.ts",
  "plugin-random": "platform/plugins/random/main.ts",
  "plugin-docker": "platform/plugins/docker/main.ts",
  "plugin-aws": "platform/plugins/aws/main.ts",
  "network-policy": "platform/networkPolicy/main.ts",
  runner: "runner/main.ts",
  verify: "verifier/main.ts",
  "snapshot-worker": "provider/snapshot/worker.ts",
};

/** Bundles that only ever run in the checkout: what few of their commands need is loaded from node_modules when they do. */
const IN_CHECKOUT = new Set(["cli", "provider"]);

/** Programs that the command line serves under names of their own. */
const COMMANDS = new Set([
  "hms",
  "hms-deploy",
  "hms-sbx",
  "start",
  "test",
  "bench",
  "bench:preview",
  "bench:sandbox",
  "bench:scrub",
  "bench:switch",
]);

const say = (text) => process.stderr.write(`${text}\n`);

function fail(text) {
  say(text);
  process.exit(1);
}

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

const homeFolder = () => (process.env.HMS_HOME ? path.resolve(process.env.HMS_HOME) : path.join(os.homedir(), ".hms"));

/**
 * Puts a supported Node first on PATH, for the engine and all that it starts. This process goes on with the Node it has.
 */
function ensureNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < NODE_MINIMUM)
    fail(
      `Node.js ${NODE_MINIMUM} or newer is needed to start, this is ${process.version}; Node.js 24 is the best choice`,
    );
  if (major >= NODE_SUPPORTED) {
    // Started by its full path, perhaps: what PATH finds must be no older.
    if (firstNodeOnPath() !== fs.realpathSync(process.execPath)) prependPath(path.dirname(process.execPath));
    return;
  }
  const platform = process.platform === "win32" ? "win" : process.platform;
  const prefix = path.join(homeFolder(), "node", NODE_VERSION);
  const bin = path.join(prefix, "node_modules", `node-${platform}-${process.arch}`, "bin");
  const node = path.join(bin, "node");
  if (!fs.existsSync(node)) {
    const found = supportedNodeOnPath();
    if (found) {
      prependPath(found);
      return;
    }
    installNode(prefix, `node-${platform}-${process.arch}`);
    if (!fs.existsSync(node)) fail(`the npm package of Node.js ${NODE_VERSION} holds no ${node}`);
  }
  prependPath(bin);
}

function firstNodeOnPath() {
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    const node = path.join(folder, "node");
    if (folder !== "" && fs.existsSync(node)) return fs.realpathSync(node);
  }
  return undefined;
}

function prependPath(folder) {
  // Tells `hms env` which folder that is.
  process.env.HMS_NODE_BIN = folder;
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  if (folders[0] !== folder)
    process.env.PATH = [folder, ...folders.filter((other) => other !== folder)].join(path.delimiter);
}

function supportedNodeOnPath() {
  for (const folder of new Set((process.env.PATH ?? "").split(path.delimiter))) {
    const node = path.join(folder, "node");
    if (folder === "" || !fs.existsSync(node) || fs.realpathSync(node) === fs.realpathSync(process.execPath)) continue;
    const result = spawnSync(node, ["--version"], { encoding: "utf8" });
    if (Number(/^v(\d+)/.exec(result.stdout ?? "")?.[1]) >= NODE_SUPPORTED) return folder;
  }
  return undefined;
}

function installNode(prefix, name) {
  say(`… Node.js ${NODE_VERSION} (once; ${process.version} on PATH is past its end of life)`);
  // Into a folder of this process, then renamed: two starts at once do not see each other's half.
  const fresh = `${prefix}.${process.pid}`;
  fs.mkdirSync(fresh, { recursive: true });
  const args = ["install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"];
  const result = spawnSync("npm", [...args, `${name}@${NODE_VERSION}`], { cwd: fresh, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) {
    fs.rmSync(fresh, { recursive: true, force: true });
    fail(
      `Node.js ${NODE_SUPPORTED} or newer is needed, and npm has no package ${name}@${NODE_VERSION} for this machine: ` +
        "install Node.js 24 and put it first on PATH",
    );
  }
  try {
    fs.renameSync(fresh, prefix);
  } catch {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
}

/** What a bundle depends on: every file in it, the folders that resolution looked into, and how it is made. */
function fingerprintOf(file) {
  try {
    const { mtimeMs, size } = fs.statSync(file);
    return `${mtimeMs}:${size}`;
  } catch {
    return "missing";
  }
}

const bundleFile = (name) => path.join(DIST, `${name}.cjs`);
const recordFile = (name) => path.join(DIST, `${name}.inputs.json`);

/** Whether a bundle is what its sources would give now. Costs one look at each source file. */
function isFresh(name) {
  if (SEALED) return fs.existsSync(bundleFile(name));
  try {
    const record = JSON.parse(fs.readFileSync(recordFile(name), "utf8"));
    if (record.bundle !== fingerprintOf(bundleFile(name))) return false;
    for (const file in record.inputs) {
      if (fingerprintOf(path.join(ROOT, file)) !== record.inputs[file]) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/**
 * Files of a build besides its sources. A new file may be resolved instead of an old one (`x.ts` beside `x/index.ts`), so
 * the folders of our own sources count; in node_modules only npm writes, and says so in its lock.
 */
function inputsOf(metafile) {
  const sources = Object.keys(metafile.inputs).filter((file) => !file.startsWith("node_modules/"));
  // The root is left out: everything that anybody does to the checkout changes it.
  const folders = new Set(sources.map((file) => path.dirname(file)).filter((folder) => folder !== "."));
  const files = [...sources, ...folders, "bin/launch.cjs", "package.json", "tsconfig.json", "package-lock.json"];
  return [...files, path.relative(ROOT, INSTALLED)];
}

/** Bundles one entry. Written under another name and renamed, so a reader never sees half a bundle. */
function build(name) {
  ensureModules();
  fs.mkdirSync(DIST, { recursive: true });
  const esbuild = require(path.join(MODULES, "esbuild"));
  // Looked at before the build: a change during it makes the bundle stale, never wrongly fresh.
  const began = Date.now();
  let result;
  try {
    result = esbuild.buildSync({
      absWorkingDir: ROOT,
      entryPoints: [ENTRIES[name]],
      bundle: true,
      write: false,
      metafile: true,
      platform: "node",
      format: "cjs",
      target: `node${NODE_MINIMUM}`,
      sourcemap: "linked",
      sourcesContent: false,
      outfile: bundleFile(name),
      // Loaded from node_modules where they are used: a program of its own, two that no bundle uses, and one for a bench.
      external: [
        ...["esbuild", "typescript", "fsevents", "@snaplet/copycat"],
        ...(IN_CHECKOUT.has(name) ? ["@aws-sdk/*"] : []),
      ],
      logLevel: "silent",
    });
  } catch (error) {
    const messages = error.errors
      ? esbuild.formatMessagesSync(error.errors, { kind: "error" }).join("")
      : String(error);
    fail(`${ENTRIES[name]} does not build:\n${messages}`);
  }
  const inputs = {};
  for (const file of inputsOf(result.metafile)) {
    const stats = fs.statSync(path.join(ROOT, file), { throwIfNoEntry: false });
    // Changed while it was being bundled: which version went in is unknown.
    inputs[file] = stats && stats.mtimeMs >= began ? "changed" : fingerprintOf(path.join(ROOT, file));
  }
  const place = (file, contents) => {
    const fresh = `${file}.${process.pid}.new`;
    fs.writeFileSync(fresh, contents);
    fs.renameSync(fresh, file);
  };
  for (const output of result.outputFiles) place(output.path, output.contents);
  place(recordFile(name), JSON.stringify({ bundle: fingerprintOf(bundleFile(name)), inputs }));
}

/** Makes a bundle current; false if its source does not exist. */
function ensureBundle(name) {
  if (isFresh(name)) return true;
  if (!fs.existsSync(path.join(ROOT, ENTRIES[name]))) return false;
  build(name);
  return true;
}

/** Runs a bundle here, as if it had been started by itself. */
function run(name, args) {
  if (!ensureBundle(name)) fail(`${ENTRIES[name]} does not exist`);
  process.argv = [process.argv[0], bundleFile(name), ...args];
  if (name === "cli") process.setSourceMapsEnabled(true);
  // Newer Nodes keep compiled code between runs: a third of the start-up of a bundle this size.
  require("node:module").enableCompileCache?.(path.join(DIST, ".compiled"));
  require(bundleFile(name));
}

/** @param {string[]} argv name of a program, and its arguments */
function main([program, ...args]) {
  if (program === undefined) fail("usage: launch.cjs PROGRAM [ARGUMENT]…");
  if (program === "build") {
    ensureModules();
    for (const name of args.length > 0 ? args : Object.keys(ENTRIES)) ensureBundle(name);
    return;
  }
  if (program === "modules") {
    ensureModules();
    return;
  }
  if (COMMANDS.has(program)) {
    ensureModules();
    ensureNode();
    run("cli", [program, ...args]);
    return;
  }
  if (!(program in ENTRIES))
    fail(`no program "${program}"; there are ${[...COMMANDS, ...Object.keys(ENTRIES)].join(", ")}`);
  run(program, args);
}

module.exports = { ENTRIES, NODE_VERSION, ensureBundle, main };

if (require.main === module) main(process.argv.slice(2));
