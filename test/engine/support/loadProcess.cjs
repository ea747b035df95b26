// Loads a snapshot as it is told by JSON in LOAD, and says each stage on stdout: for a test that kills it on its way.
"use strict";

require("tsx/cjs");
const { trust } = require("../../../core/ledger/seal.ts");
const { loadSnapshot } = require("../../../provider/snapshot/load.ts");

const { publicKey, ...parts } = JSON.parse(process.env.LOAD);
loadSnapshot({
  ...parts,
  keys: trust([publicKey]),
  progress: ({ stage }) => process.stdout.write(`${stage}\n`),
  signal: new AbortController().signal,
}).then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
