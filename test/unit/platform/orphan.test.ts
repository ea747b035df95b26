import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { projectRoot } from "../../../platform/home";

/** As the engine's SDK does it: what nobody caught is said on stderr. */
const SAYS_UNCAUGHT = `
  process.on("uncaughtException", (error) => console.error(String(error)));
  console.log("ready");
  setInterval(() => console.error("still here"), 20);
`;

describe("a program whose engine was killed", () => {
  it("ends, as a failure, instead of telling nobody again and again that nobody listens", async () => {
    const module = JSON.stringify(path.join(projectRoot(), "platform", "orphan"));
    const child = spawn(process.execPath, ["--require", "tsx/cjs", "--eval", `require(${module});${SAYS_UNCAUGHT}`], {
      cwd: projectRoot(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const giveUp = setTimeout(() => child.kill("SIGKILL"), 100_000);
    try {
      await once(child.stdout, "data");
      child.stdout.destroy();
      child.stderr.destroy();
      assert.deepEqual(await once(child, "exit"), [1, null]);
    } finally {
      clearTimeout(giveUp);
      child.kill("SIGKILL");
    }
  });
});
