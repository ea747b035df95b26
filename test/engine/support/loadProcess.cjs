// Loads a snapshot as it is told by JSON in LOAD, and says each stage on stdout: for a test that kills it on its way, and
// has all the time for it, because the last stage does not end.
"use strict";

require("tsx/cjs");
const { trust } = require("../../../core/ledger/seal.ts");
const { loadSnapshot } = require("../../../provider/snapshot/load.ts");

const { publicKey, ...parts } = JSON.parse(process.env.LOAD);
// Whoever kills it does not listen any more.
process.stdout.on("error", () => undefined);
loadSnapshot({
  ...parts,
  keys: trust([publicKey]),
  progress: ({ stage }) => {
    process.stdout.write(`${stage}\n`);
    if (stage === "checking") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  signal: new AbortController().signal,
}).then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
