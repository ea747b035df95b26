import assert from "node:assert/strict";
import fc from "fast-check";
import type { TlsSettings } from "../../../core/tls/settings";
import { ACCOUNTS, rightsOf, type Account, type RightsScope, type Rule } from "../../../components/rights";

const name = fc.stringMatching(/^[a-z]([-a-z0-9]{0,20}[a-z0-9])?$/);
const scope = fc.record({
  services: fc.uniqueArray(name, { maxLength: 4 }),
  secrets: fc.uniqueArray(name, { maxLength: 4 }),
});
const SERVED = { port: 443, publicPort: 443 };
const TLS: readonly TlsSettings[] = [
  { kind: "local", port: 8443 },
  { kind: "issuer", issuer: { name: "agency", kind: "Issuer" }, ...SERVED },
  { kind: "secret", secret: "wildcard", class: "traefik", ...SERVED },
  { kind: "acm", arn: "arn", class: "alb", ...SERVED },
];

/** Whether the rules let somebody do that, as Kubernetes reads them. */
function may(rules: readonly Rule[], verb: string, resource: string, object?: string): boolean {
  return rules.some(
    ({ resources, verbs, resourceNames }) =>
      resources.includes(resource) &&
      verbs.includes(verb) &&
      (resourceNames === undefined || (object !== undefined && resourceNames.includes(object))),
  );
}

const WRITING = ["create", "update", "patch", "delete", "deletecollection"];
const writes = (account: Account, of: RightsScope) =>
  rightsOf(account, of).flatMap(({ verbs, resources, resourceNames }) =>
    verbs.some((verb) => WRITING.includes(verb)) ? resources.map((one) => [one, resourceNames] as const) : [],
  );

describe("rights in a stack's namespace", () => {
  it("write public routes for the switch and, to put them back, the watcher; never for the deployer", () => {
    fc.assert(
      fc.property(scope, (of) => {
        for (const service of of.services) {
          const writers = (verb: string) =>
            ACCOUNTS.filter((account) => may(rightsOf(account, of), verb, "httproutes", service));
          // A service may be called like another one's probe route; nobody can tell the two apart by name.
          if (of.services.some((one) => service === `${one}-probe`)) continue;
          assert.deepEqual(writers("patch"), ["hms-switch", "hms-watcher"]);
          assert.deepEqual(["create", "delete"].map(writers), [["hms-switch"], ["hms-switch"]]);
        }
      }),
    );
  });

  it("name the routes that they write, so that nobody can put another one in front", () => {
    fc.assert(
      fc.property(scope, (of) => {
        for (const account of ACCOUNTS)
          for (const [resource, names] of writes(account, of))
            if (resource === "httproutes") assert.ok(names !== undefined && names.length > 0);
      }),
    );
  });

  it("write https listeners, certificates and their keys by name alone, and only what the way of the stack needs", () => {
    const written = (account: Account, tls: TlsSettings) =>
      writes(account, { services: ["web"], secrets: [], tls })
        .filter(([, names]) => names?.some((one) => /-(https|tls)$/.test(one)))
        .map(([resource, names]) => `${resource} ${names?.join() ?? ""}`);
    assert.deepEqual(
      TLS.map((tls) => [...written("hms-deployer", tls), ...written("hms-switch", tls)]),
      [
        ["gateways web-https", "secrets web-tls"],
        ["listenersets web-https", "certificates web-tls"],
        ["gateways web-https"],
        ["gateways web-https", "loadbalancerconfigurations web-https"],
      ],
    );
    for (const tls of TLS) assert.deepEqual(written("hms-watcher", tls), []);
  });

  it("are no rights at all over what is not named, where a stack has no services", () => {
    const rules = (account: Account) => rightsOf(account, { services: [], secrets: [] });
    assert.deepEqual(rules("hms-watcher"), []);
    for (const account of ACCOUNTS) for (const rule of rules(account)) assert.notDeepEqual(rule.resourceNames, []);
  });

  it("let the watcher write nothing but routes and leases", () => {
    const of = { services: ["a"], secrets: ["s"] };
    assert.deepEqual(writes("hms-watcher", of), [
      ["httproutes", ["a"]],
      ["leases", ["a-rollout"]],
    ]);
  });

  it("show the values of Secrets only to the switch, and only of those that services refer to", () => {
    const of = { services: ["a"], secrets: ["s", "s", "r"] };
    const readers = ACCOUNTS.filter((account) => may(rightsOf(account, of), "get", "secrets", "s"));
    assert.deepEqual(readers, ["hms-switch"]);
    assert.equal(may(rightsOf("hms-switch", of), "get", "secrets", "other"), false);
    assert.equal(may(rightsOf("hms-switch", of), "list", "secrets"), false);
  });

  it("let the switch write the pointer to what is live, and delete no ConfigMap: a freeze is one", () => {
    const rules = rightsOf("hms-switch", { services: ["a"], secrets: [], migrations: true });
    const names = ["a-config", "a-config-0123456789ab", "b-config", "hms-freeze"];
    assert.deepEqual(
      names.filter((name) => may(rules, "patch", "configmaps", name)),
      ["a-config"],
    );
    for (const verb of ["delete", "list", "update"])
      assert.ok(!names.some((name) => may(rules, verb, "configmaps", name)), verb);
  });

  it("let nobody kill pods but the switch, and it only where a service asks for chaos before its move", () => {
    const of = { services: ["a"], secrets: [] };
    const killers = (scope: RightsScope) =>
      ACCOUNTS.filter((account) => may(rightsOf(account, scope), "delete", "pods", "any"));
    assert.deepEqual([killers(of), killers({ ...of, chaos: true })], [[], ["hms-switch"]]);
    assert.ok(may(rightsOf("hms-switch", { ...of, chaos: true }), "create", "pods/eviction", "any"));
  });

  it("let only the switch write what migrations have done, and look at their Jobs where a service has some", () => {
    const of = { services: ["a"], secrets: [] };
    const rules = (migrations: boolean) => rightsOf("hms-switch", { ...of, migrations });
    const reads = ([false, true] as const).map((migrations) => [
      may(rules(migrations), "get", "configmaps", "a-migrations"),
      may(rules(migrations), "patch", "configmaps", "a-migrations"),
      may(rules(migrations), "list", "jobs"),
      may(rules(migrations), "get", "pods/log", "any"),
    ]);
    assert.deepEqual(reads, [
      [true, false, false, false],
      [true, true, true, true],
    ]);
    assert.equal(may(rules(true), "patch", "configmaps", "a-blue-env"), false);
    assert.equal(may(rightsOf("hms-watcher", { ...of, migrations: true }), "create", "jobs"), false);
  });

  it("have no wildcard", () => {
    for (const account of ACCOUNTS)
      for (const { apiGroups, resources, verbs } of rightsOf(account, { services: ["a"], secrets: [] }))
        assert.ok(![...apiGroups, ...resources, ...verbs].includes("*"));
  });
});
