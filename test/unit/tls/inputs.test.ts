import assert from "node:assert/strict";
import { inputFailures } from "../../../provider/resources/inputs";
import { localCertificateInputs } from "../../../provider/resources/localCertificate";

const GOOD = {
  service: "web",
  namespace: "hms-dev",
  hosts: ["web.dev.localhost"],
  secret: "web-tls",
  port: 8443,
};

describe("inputs of a LocalCertificate", () => {
  const failing = (change: object) => inputFailures(localCertificateInputs, { ...GOOD, ...change });

  it("are good with and without what Check computes", () => {
    assert.deepEqual([failing({}), failing({ state: "valid" })], [[], []]);
  });

  for (const [change, property] of [
    [{ hosts: [] }, "hosts"],
    [{ hosts: ["web.example.gov"] }, "hosts.0"],
    [{ hosts: ["web.dev.localhost,IP:10.0.0.1"] }, "hosts.0"],
    [{ hosts: ["web.dev.localhost\nbasicConstraints=CA:TRUE"] }, "hosts.0"],
    [{ secret: "" }, "secret"],
    [{ port: 0 }, "port"],
    [{ days: 9000 }, ""],
  ] as const)
    it(`refuse ${JSON.stringify(change)}`, () => {
      assert.deepEqual(
        failing(change).map((failure) => failure.property),
        [property],
      );
    });
});
