// Starts any program of this project: installs the node modules if they are missing, bundles the sources if any of them
// changed, and runs the wanted bundle in this very process. Plain JavaScript for Node 20 and newer, without dependencies,
// because it runs before anything is installed. Nothing here may print on stdout: the first line of a provider is its port.
"use strict";

const path = require("node:path");
const { ENTRIES, bundleFile, ensureBundle } = require("./bundles.cjs");
const { DIST, fail } = require("./common.cjs");
const { ensureModules } = require("./modules.cjs");
const { NODE_VERSION, ensureNode } = require("./node.cjs");
const { translateLastStack, translateStacks } = require("./stacks.cjs");

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

/** Loads a bundle here. @returns what it exports */
function load(name) {
  if (!ensureBundle(name)) fail(`${ENTRIES[name]} does not exist`);
  if (name === "program") translateLastStack(DIST);
  else translateStacks(DIST);
  // Newer Nodes keep compiled code between runs: a third of the start-up of a bundle this size.
  require("node:module").enableCompileCache?.(path.join(DIST, ".compiled"));
  return require(bundleFile(name));
}

/** Runs a bundle here, as if it had been started by itself. */
function run(name, args) {
  process.argv = [process.argv[0], bundleFile(name), ...args];
  load(name);
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

module.exports = { ENTRIES, NODE_VERSION, ensureBundle, load, main };

if (require.main === module) main(process.argv.slice(2));
