// Makes a sandbox's database as it is told by JSON in CLONE, and says when it begins: for a test that kills it on its way.
"use strict";

require("tsx/cjs");
const { createSandboxDatabase } = require("../../../provider/sandbox/database.ts");

const [server, wish] = JSON.parse(process.env.CLONE);
process.stdout.write("begins\n", () => {
  createSandboxDatabase(server, wish).then(() => process.exit(0));
});
