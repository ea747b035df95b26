// What the parts of the launcher share. Nothing here may print on stdout: the first line of a provider is its port.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const ROOT = path.dirname(__dirname);
const DIST = path.join(ROOT, "dist");
const MODULES = path.join(ROOT, "node_modules");
/** Written by npm at the end of every install. */
const INSTALLED = path.join(MODULES, ".package-lock.json");

/** In an image: modules and bundles are what its sources gave when it was made, and nobody edits them there. */
const SEALED = fs.existsSync(path.join(DIST, "sealed"));

const say = (text) => process.stderr.write(`${text}\n`);

function fail(text) {
  say(text);
  process.exit(1);
}

module.exports = { DIST, INSTALLED, MODULES, ROOT, SEALED, fail, say };
