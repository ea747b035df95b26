import assert from "node:assert/strict";
import { inputFailures, parseInputs, switchInputs } from "../../provider/resources/inputs";

/** As the state files of the first version have it. */
const OLD = {
  service: "web",
  namespace: "hms-dev",
  hostnames: ["web.dev.localhost"],
  gateway: { name: "public", namespace: "gateway", address: "http://127.0.0.1:8080" },
  live: "blue",
  release: "0123456789ab",
  seen: null,
  probePath: "/health",
  intent: "deploy",
  steps: [{ weight: 100, holdSeconds: 0 }],
  takeOver: false,
  retry: false,
};

describe("inputs of a TrafficSwitch", () => {
  it("reads a state of before steps had gates, as every refresh does after an upgrade", () => {
    const { steps, gates, prometheus } = parseInputs(switchInputs, OLD);
    assert.deepEqual([steps, gates, prometheus], [[{ weight: 100, holdSeconds: 0, gates: [] }], [], ""]);
  });

  it("reads a state of before sessions could be kept, and one of since then", () => {
    assert.equal(parseInputs(switchInputs, OLD).affinity, undefined);
    assert.equal(parseInputs(switchInputs, { ...OLD, affinity: "cookie" }).affinity, "cookie");
  });

  it("refuses weights that do not rise to 100", () => {
    const failures = inputFailures(switchInputs, { ...OLD, steps: [{ weight: 50, holdSeconds: 0 }] });
    assert.match(JSON.stringify(failures), /the last step must have weight 100, got 50/);
  });
});
