import assert from "node:assert/strict";
import { renderProbeRouteSpec, renderRoute } from "../../../core/rollout/route";
import { emptyRecord } from "../../../core/rollout/record";
import { weightsFor } from "../../../core/rollout/color";
import { httpsParent, secretOf, tlsObjects } from "../../../core/tls/objects";
import { httpsUrl, type TlsSettings } from "../../../core/tls/settings";

const ARN = "arn:aws-us-gov:acm:us-gov-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef";
const OF = {
  service: "web",
  namespace: "hms-prod",
  host: "web.example.gov",
  gateway: { name: "public", namespace: "gateway" },
};
const SERVED = { port: 443, publicPort: 443 };
const WAYS: Readonly<Record<string, TlsSettings>> = {
  local: { kind: "local", port: 8443 },
  issuer: { kind: "issuer", issuer: { name: "agency", kind: "ClusterIssuer" }, ...SERVED },
  secret: { kind: "secret", secret: "wildcard", class: "traefik", port: 8443, publicPort: 443 },
  acm: { kind: "acm", arn: ARN, class: "alb", ...SERVED },
};
const objects = (way: string) => {
  const tls = WAYS[way];
  assert.ok(tls);
  return tlsObjects({ ...OF, tls }).map(({ kind, metadata, spec }) => ({
    kind,
    name: metadata.name,
    waits: metadata.annotations?.["pulumi.com/waitFor"],
    spec,
  }));
};
const listener = (more: object) => ({
  name: "https",
  protocol: "HTTPS",
  hostname: "web.example.gov",
  allowedRoutes: { namespaces: { from: "Same" } },
  ...more,
});
const servedFrom = (name: string) => ({ mode: "Terminate", certificateRefs: [{ group: "", kind: "Secret", name }] });

describe("objects of a service's https side", () => {
  it("by the local authority: a Gateway of its own that serves the Secret beside it", () => {
    assert.deepEqual(objects("local"), [
      {
        kind: "Gateway",
        name: "web-https",
        waits: "condition=Programmed",
        spec: { gatewayClassName: "traefik", listeners: [listener({ port: 8443, tls: servedFrom("web-tls") })] },
      },
    ]);
  });

  it("by cert-manager: a Certificate, and a ListenerSet on the stack's Gateway", () => {
    assert.deepEqual(objects("issuer"), [
      {
        kind: "Certificate",
        name: "web-tls",
        waits: "condition=Ready",
        spec: {
          secretName: "web-tls",
          dnsNames: ["web.example.gov"],
          issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: "agency" },
          privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
          usages: ["digital signature", "server auth"],
        },
      },
      {
        kind: "ListenerSet",
        name: "web-https",
        waits: "condition=Programmed",
        spec: {
          parentRef: { group: "gateway.networking.k8s.io", kind: "Gateway", name: "public", namespace: "gateway" },
          listeners: [listener({ port: 443, tls: servedFrom("web-tls") })],
        },
      },
    ]);
  });

  it("by a Secret that somebody else keeps: the listener alone, on the Gateway of the named class", () => {
    assert.deepEqual(objects("secret"), [
      {
        kind: "Gateway",
        name: "web-https",
        waits: "condition=Programmed",
        spec: { gatewayClassName: "traefik", listeners: [listener({ port: 8443, tls: servedFrom("wildcard") })] },
      },
    ]);
  });

  it("by ACM: the certificate at the load balancer's configuration, and no reference to any Secret", () => {
    assert.deepEqual(objects("acm"), [
      {
        kind: "LoadBalancerConfiguration",
        name: "web-https",
        waits: undefined,
        spec: { listenerConfigurations: [{ protocolPort: "HTTPS:443", defaultCertificate: ARN }] },
      },
      {
        kind: "Gateway",
        name: "web-https",
        waits: "condition=Programmed",
        spec: {
          gatewayClassName: "alb",
          listeners: [listener({ port: 443 })],
          infrastructure: {
            parametersRef: { group: "gateway.k8s.aws", kind: "LoadBalancerConfiguration", name: "web-https" },
          },
        },
      },
    ]);
  });

  it("are labelled with their service, and lie in its namespace", () => {
    for (const tls of Object.values(WAYS))
      for (const { metadata } of tlsObjects({ ...OF, tls }))
        assert.deepEqual([metadata.namespace, metadata.labels], ["hms-prod", { "hms.delivery/service": "web" }]);
  });

  it("take the key from the Secret that the way names, and from none with ACM", () => {
    assert.deepEqual(
      Object.values(WAYS).map((tls) => secretOf({ service: "web", tls })),
      ["web-tls", "web-tls", "wildcard", undefined],
    );
  });
});

describe("the address of a service with https", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["local", "https://web.example.gov:8443"],
    ["issuer", "https://web.example.gov"],
    ["secret", "https://web.example.gov"],
  ];
  for (const [way, url] of cases)
    it(`${way}: ${url}`, () => {
      const tls = WAYS[way];
      assert.ok(tls);
      assert.equal(httpsUrl(tls, OF.host), url);
    });
});

describe("the route of a service with https", () => {
  const tls = WAYS.local;
  assert.ok(tls);
  const shape = {
    service: "web",
    namespace: "ns",
    hostnames: ["web.localhost"],
    gateway: { name: "public", namespace: "gateway", section: "web", https: httpsParent({ service: "web", tls }) },
  };
  const group = "gateway.networking.k8s.io";
  const parents = [
    { group, kind: "Gateway", name: "public", namespace: "gateway", sectionName: "web" },
    { group, kind: "Gateway", name: "web-https", namespace: "ns" },
  ];

  it("attaches to both listeners, the shared one first, so that one patch moves both", () => {
    assert.deepEqual(renderRoute(shape, weightsFor("blue"), emptyRecord(), "1.1.1").spec.parentRefs, parents);
    assert.deepEqual(renderProbeRouteSpec(shape, "token").parentRefs, parents);
  });
});
