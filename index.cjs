// What the engine runs: index.ts, bundled when a source changed, like every other program here. Pulumi's own way, ts-node,
// takes four times as long to load it.
"use strict";

module.exports = require("./bin/launch.cjs").load("program");
