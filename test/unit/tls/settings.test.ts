import assert from "node:assert/strict";
import { tlsSchema } from "../../../config/tls";

const ARN = "arn:aws-us-gov:acm:us-gov-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef";

describe("hms:tls", () => {
  const cases: readonly (readonly [unknown, object])[] = [
    ["local", { kind: "local", port: 8443 }],
    [{ local: 9443 }, { kind: "local", port: 9443 }],
    [
      { issuer: { name: "agency" } },
      { kind: "issuer", issuer: { name: "agency", kind: "Issuer" }, port: 443, publicPort: 443 },
    ],
    [
      { issuer: { name: "agency", kind: "ClusterIssuer" }, class: "envoy", port: 8443 },
      {
        kind: "issuer",
        issuer: { name: "agency", kind: "ClusterIssuer" },
        class: "envoy",
        port: 8443,
        publicPort: 443,
      },
    ],
    [{ secret: "wildcard" }, { kind: "secret", secret: "wildcard", port: 443, publicPort: 443 }],
    [
      { acm: ARN, class: "alb" },
      { kind: "acm", arn: ARN, class: "alb", port: 443, publicPort: 443 },
    ],
  ];
  for (const [written, read] of cases)
    it(`reads ${JSON.stringify(written)}`, () => {
      assert.deepEqual(tlsSchema.parse(written), read);
    });
});
