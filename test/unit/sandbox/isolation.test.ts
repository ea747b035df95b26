import { strict as assert } from "node:assert";
import { networkPolicies } from "../../../core/sandbox/isolation";
import { REAPER, reaperBinding, reaperObjects } from "../../../core/sandbox/reaperObjects";
import { sandboxRouteSpec } from "../../../core/sandbox/route";
import { reaperArgs } from "../../../provider/sandbox/reaper";
import { runProgram } from "../../../cli/program";
import { RUNNER } from "../../../runner/program";

describe("what a sandbox may reach", () => {
  const reach = { namespace: "hms-sandboxes", pods: { app: "sandbox-postgres" }, port: 5432 };

  it("is itself, names, and its database's server alone; only the gateway reaches it", () => {
    const { database, gateway, names, inside, ...rest } = networkPolicies(reach, "gateway");
    assert.deepEqual(rest, { "deny-all": { podSelector: {}, policyTypes: ["Ingress", "Egress"] } });
    const peers = [
      ...database.egress.flatMap(({ to }) => to),
      ...names.egress.flatMap(({ to }) => to),
      ...inside.egress.flatMap(({ to }) => to),
    ];
    assert.deepEqual(peers, [
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "hms-sandboxes" } },
        podSelector: { matchLabels: { app: "sandbox-postgres" } },
      },
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
        podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
      },
      { podSelector: {} },
    ]);
    assert.deepEqual(database.egress[0]?.ports, [{ port: 5432, protocol: "TCP" }]);
    assert.deepEqual(gateway.ingress, [
      { from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "gateway" } } }] },
    ]);
  });

  it("may be a server at an address, and then no pod of the cluster", () => {
    const { database } = networkPolicies({ cidr: "10.1.2.3/32", port: 6432 }, "gateway");
    assert.deepEqual(database.egress, [
      { to: [{ ipBlock: { cidr: "10.1.2.3/32" } }], ports: [{ port: 6432, protocol: "TCP" }] },
    ]);
  });
});

describe("the route of a sandbox", () => {
  it("asks every filter on every path, the longest path first, and lets nobody keep an answer", () => {
    const ask = { type: "ExtensionRef", extensionRef: { group: "g", kind: "Middleware", name: "review-gate" } };
    const { hostnames, rules } = sandboxRouteSpec({
      host: "sbx-42.sandbox.localhost",
      gateway: { name: "public", namespace: "gateway" },
      paths: { api: ["/"], policy: ["/v1/data", "/v1"] },
      filters: [ask],
    });
    assert.deepEqual(hostnames, ["sbx-42.sandbox.localhost"]);
    assert.deepEqual(
      rules.map(({ matches, backendRefs }) => [matches[0]?.path.value, backendRefs[0]?.name]),
      [
        ["/v1/data", "policy"],
        ["/v1", "policy"],
        ["/", "api"],
      ],
    );
    for (const { filters } of rules) {
      assert.deepEqual(filters[0], ask);
      assert.match(JSON.stringify(filters), /noindex.*no-store/);
    }
  });
});

describe("the reaper's rights", () => {
  const objects = reaperObjects({ pod: {}, server: "hms-sandboxes/sandbox-server-admin", podLabels: {} });
  const rulesOf = (kind: string, name: string) =>
    JSON.stringify(objects.filter((one) => one.kind === kind && "rules" in one && one.metadata.name === name));

  it("reach no Secret but the server's and the events', and nothing in other namespaces but namespaces themselves", () => {
    const everywhere = JSON.parse(rulesOf("ClusterRole", REAPER)) as { rules: object[] }[];
    assert.deepEqual(everywhere[0]?.rules, [
      { apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "delete"] },
    ]);
    for (const one of objects) {
      if (!("rules" in one)) continue;
      for (const rule of one.rules as { resources: string[]; resourceNames?: string[] }[])
        if (rule.resources.includes("secrets"))
          assert.ok(["sandbox-server-admin", "events-sink"].includes(rule.resourceNames?.join() ?? ""));
      assert.doesNotMatch(JSON.stringify(one.rules), /\*/);
    }
    assert.equal(reaperBinding().roleRef.name, "hms-reaper-inside");
  });

  it("are held to namespaces that carry their own name as the label", () => {
    const policy = JSON.stringify(objects.find(({ kind }) => kind === "ValidatingAdmissionPolicy"));
    assert.match(policy, /system:serviceaccount:hms-sandboxes:hms-reaper/);
    assert.match(policy, /== oldObject\.metadata\.name/);
    assert.ok(objects.some(({ kind }) => kind === "ValidatingAdmissionPolicyBinding"));
  });

  it("belong to a command that takes what the installed reaper is told", async () => {
    const args = reaperArgs({ limits: { maxTtl: 86_400, maxAge: 259_200 }, server: "hms-sandboxes/x" });
    assert.deepEqual(args, ["reap", "--server", "hms-sandboxes/x", "--longest", "1d", "--in-all", "3d"]);
    const said: string[] = [];
    const io = {
      out: { write: (text: string) => said.push(text) },
      err: { write: (text: string) => said.push(text) },
      env: {},
      signal: new AbortController().signal,
    };
    assert.equal(await runProgram(RUNNER, [...args.slice(0, 3), "--longest", "soon"], io), 2);
    assert.match(said.join(""), /--longest: got "soon"/);
  });
});
