// Bundles of the programs: which there are, whether one is what its sources would give now, and how it is made.
"use strict";

const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { DIST, INSTALLED, MODULES, ROOT, SEALED, fail } = require("./common.cjs");
const { ensureModules } = require("./modules.cjs");
const { NODE_MINIMUM } = require("./node.cjs");

/** Source of each bundle. An entry whose source does not exist is skipped. */
const ENTRIES = {
  cli: "cli/main.ts",
  program: "index.ts",
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
const IN_CHECKOUT = new Set(["cli", "program", "provider"]);

/** When a file was written and how long it is: one look, no reading. */
function fingerprintOf(file) {
  try {
    const { mtimeMs, size } = fs.statSync(file);
    return `${mtimeMs}:${size}`;
  } catch {
    return "missing";
  }
}

/** What is in a file, or which names are in a folder. */
function contentOf(file) {
  try {
    const content = fs.statSync(file).isDirectory() ? fs.readdirSync(file).sort().join("\n") : fs.readFileSync(file);
    return createHash("sha256").update(content).digest("base64");
  } catch {
    return "missing";
  }
}

const bundleFile = (name) => path.join(DIST, `${name}.cjs`);
const recordFile = (name) => path.join(DIST, `${name}.inputs.json`);

/** @returns whether the file is as it was noted down; notes the new time of one that was only written again */
function isAsNoted(file, noted) {
  const fingerprint = fingerprintOf(file);
  if (fingerprint === noted.fingerprint) return true;
  if (noted.content === undefined || contentOf(file) !== noted.content) return false;
  noted.fingerprint = fingerprint;
  return true;
}

/**
 * Whether a bundle is what its sources would give now. Costs one look at each source file, and a reading of those that were
 * written since: another branch and back, or a copy of the checkout with its bundles, needs none made anew.
 */
function isFresh(name) {
  if (SEALED) return fs.existsSync(bundleFile(name));
  try {
    const text = fs.readFileSync(recordFile(name), "utf8");
    const record = JSON.parse(text);
    if (!isAsNoted(bundleFile(name), record.bundle)) return false;
    for (const file in record.inputs) {
      if (!isAsNoted(path.join(ROOT, file), record.inputs[file])) return false;
    }
    const now = JSON.stringify(record);
    if (now !== text) place(recordFile(name), now);
    return true;
  } catch {
    return false;
  }
}

/** Written under another name and renamed, so a reader never sees half a file. */
function place(file, contents) {
  const fresh = `${file}.${process.pid}.new`;
  fs.writeFileSync(fresh, contents);
  fs.renameSync(fresh, file);
}

/**
 * Files of a build besides its sources. A new file may be resolved instead of an old one (`x.ts` beside `x/index.ts`), so
 * the folders of our own sources count; in node_modules only npm writes, and says so in its lock.
 */
function inputsOf(metafile) {
  const sources = Object.keys(metafile.inputs).filter((file) => !file.startsWith("node_modules/"));
  // The root is left out: everything that anybody does to the checkout changes it.
  const folders = new Set(sources.map((file) => path.dirname(file)).filter((folder) => folder !== "."));
  const files = [...sources, ...folders, "bin/bundles.cjs", "package.json", "tsconfig.json", "package-lock.json"];
  return [...files, path.relative(ROOT, INSTALLED)];
}

/** Bundles one entry. */
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
      // Names stay, by which a stack is read; the rest takes a quarter less to load.
      minifyWhitespace: true,
      outfile: bundleFile(name),
      // Loaded from node_modules where they are used: a program of its own, two that no bundle uses, and one for a bench.
      external: [
        ...["esbuild", "typescript", "fsevents", "@snaplet/copycat"],
        ...(IN_CHECKOUT.has(name) ? ["@aws-sdk/*"] : []),
        // The SDK that runs the program is the one that it must talk to.
        ...(name === "program" ? ["@pulumi/*"] : []),
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
  for (const file of inputsOf(result.metafile)) inputs[file] = noteOf(path.join(ROOT, file), began);
  for (const output of result.outputFiles) place(output.path, output.contents);
  place(recordFile(name), JSON.stringify({ bundle: noteOf(bundleFile(name)), inputs }));
}

/** @param changedSince a file written then or later was changed while it was bundled: which version went in is unknown */
function noteOf(file, changedSince = Infinity) {
  const fingerprint = fingerprintOf(file);
  return Number.parseFloat(fingerprint) >= changedSince
    ? { fingerprint: "changed" }
    : { fingerprint, content: contentOf(file) };
}

/** Makes a bundle current; false if its source does not exist. */
function ensureBundle(name) {
  if (isFresh(name)) return true;
  if (!fs.existsSync(path.join(ROOT, ENTRIES[name]))) return false;
  build(name);
  return true;
}

module.exports = { ENTRIES, bundleFile, ensureBundle };
