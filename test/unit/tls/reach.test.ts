import { strict as assert } from "node:assert";
import { shapeOf } from "../../../core/tls/reach";
import { loadStackFile } from "../../../config/stackFile";
import { projectRoot } from "../../../platform/home";

describe("the route that the command line writes", () => {
  const config = loadStackFile(projectRoot(), "dev");

  it("has the stack's gateway and the service's host name", () => {
    const { tls: _none, ...plain } = config;
    assert.deepEqual(shapeOf(plain, "web"), {
      service: "web",
      namespace: "hms-dev",
      hostnames: ["web.dev.localhost"],
      gateway: { name: "public", namespace: "gateway" },
    });
  });

  it("keeps the https listener of a stack that has one: a way back must not end https", () => {
    const { gateway } = shapeOf(
      { ...config, tls: { kind: "secret", secret: "web-tls", port: 8443, publicPort: 443 } },
      "web",
    );
    assert.equal(gateway.https?.name, "web-https");
  });
});
