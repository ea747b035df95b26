import { strict as assert } from "node:assert";
import { lacksBackendFilters } from "../../../platform/doctor";

const NEEDED = "HTTPRouteBackendRequestHeaderModification";

const gatewayClass = (name: string, ...features: readonly unknown[]) => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "GatewayClass",
  metadata: { name },
  ...(features.length === 0 ? {} : { status: { supportedFeatures: features } }),
});

describe("the doctor on filters of a backend", () => {
  it("is content with one class that names them, in either spelling of the field", () => {
    assert.equal(lacksBackendFilters([gatewayClass("a", { name: "Gateway" }), gatewayClass("b", NEEDED)]), undefined);
    assert.equal(lacksBackendFilters([gatewayClass("a", { name: NEEDED })]), undefined);
  });
  it("doubts no class that names nothing", () => {
    assert.equal(lacksBackendFilters([gatewayClass("a")]), undefined);
  });
  it("names the classes that name others only", () => {
    assert.equal(
      lacksBackendFilters([gatewayClass("a", { name: "Gateway" })]),
      `a: ${NEEDED} is not among the supported features`,
    );
  });
  it("says when there is none", () => {
    assert.equal(lacksBackendFilters([]), "the cluster has no GatewayClass");
  });
});
