import assert from "node:assert/strict";
import { tlsText, wrongAt, type ServiceCertificate } from "../../../cli/tls";

const GOOD: ServiceCertificate = {
  name: "web",
  url: "https://web.dev.localhost:8443",
  secret: "web-tls",
  state: "valid",
  why: "until 2027-06-12T00:00:00.000Z, to be renewed from 2027-05-13T00:00:00.000Z",
  serial: "0A",
  notBefore: "2027-03-14T00:00:00.000Z",
  notAfter: "2027-06-12T00:00:00.000Z",
  renewal: "2027-05-13T00:00:00.000Z",
  served: "0A",
};

describe("hms tls status", () => {
  const cases: readonly (readonly [string, Partial<ServiceCertificate>, string | undefined])[] = [
    ["one that is good and shown", {}, undefined],
    ["one that an update will renew", { state: "due" }, undefined],
    ["one of ACM, whatever is shown", { state: "elsewhere", secret: null, serial: null, served: "0B" }, undefined],
    ["one that cannot be seen from here", { served: null }, undefined],
    ["one that is over", { state: "expired", why: "expired at noon" }, "expired: expired at noon"],
    ["one of a wrong clock", { state: "not-yet-valid", why: "begins later" }, "not-yet-valid: begins later"],
    ["one for another host", { state: "unusable", why: "it is not for web" }, "unusable: it is not for web"],
    ["one that is not there", { state: "missing", serial: null, why: "no Secret" }, "missing: no Secret"],
    ["one that is not shown", { served: "0B" }, "the gateway shows the certificate 0B, not 0A of the Secret"],
  ];
  for (const [what, change, wrong] of cases)
    it(`${wrong === undefined ? "has no fault to find with" : "finds fault with"} ${what}`, () => {
      assert.equal(wrongAt({ ...GOOD, ...change }), wrong);
    });

  it("is a line a service for people, and says what was not seen", () => {
    const services = [GOOD, { ...GOOD, name: "api", served: null }];
    assert.deepEqual(tlsText({ stack: "dev", kind: "local", services }).split("\n"), [
      `web  ${GOOD.url}  valid: ${GOOD.why}`,
      `api  ${GOOD.url}  valid: ${GOOD.why}`,
      "  no certificate was seen at the gateway from here",
    ]);
    const none = { stack: "dev", kind: null, services: [] };
    assert.equal(tlsText(none), "stack dev serves http only; hms:tls says who makes certificates");
  });
});
