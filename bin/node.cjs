// Sees to a Node.js that is supported, for the engine and all that it starts.
"use strict";

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { fail, say } = require("./common.cjs");

/** Node of the engine and of everything after it, where PATH has none that is supported. */
const NODE_VERSION = "24.21.0";
const NODE_SUPPORTED = 22;
const NODE_MINIMUM = 20;

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

module.exports = { NODE_MINIMUM, NODE_VERSION, ensureNode };
