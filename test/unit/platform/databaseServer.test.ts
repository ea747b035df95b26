import assert from "node:assert/strict";
import { path } from "../../../core/json";
import { databaseServerManifests } from "../../../platform/local/manifests/databaseServer";

const SERVER = {
  name: "db",
  namespace: "vault",
  secret: "db-admin",
  settings: { max_connections: "7", jit: "on" },
  from: [{ podSelector: { matchLabels: { app: "reader" } } }],
};
const PLACE = { image: "reg/pg@sha256:1", port: 30500, folder: "/srv/db", password: "a-secret-password" };

const made = (closed: boolean) => databaseServerManifests({ ...SERVER, closed }, PLACE);
const ofKind = (kind: string, closed = true) => made(closed).filter((manifest) => manifest.kind === kind);

describe("a database server of the local platform", () => {
  it("has its password in its Secret and nowhere else, and says there how it is reached", () => {
    const holders = made(true).filter((manifest) => JSON.stringify(manifest).includes(PLACE.password));
    assert.deepEqual(
      holders.map(({ kind, metadata, stringData }) => ({ kind, name: metadata.name, stringData })),
      [
        {
          kind: "Secret",
          name: "db-admin",
          stringData: {
            host: "127.0.0.1",
            port: "30500",
            inClusterHost: "db.vault.svc.cluster.local",
            inClusterPort: "5432",
            user: "postgres",
            password: PLACE.password,
          },
        },
      ],
    );
  });

  it("lets only those in that it names, and lets nothing out", () => {
    const [server, rest] = ofKind("NetworkPolicy");
    assert.deepEqual(server?.spec, {
      podSelector: { matchLabels: { app: "db" } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: SERVER.from, ports: [{ protocol: "TCP", port: 5432 }] }],
      egress: [],
    });
    assert.deepEqual(rest?.spec, { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    assert.equal(ofKind("NetworkPolicy", false).length, 1);
  });

  it("runs without a right, and one server at most on its folder", () => {
    const [deployment] = ofKind("Deployment");
    assert.equal(path(deployment, "spec", "strategy", "type"), "Recreate");
    const pod = path(deployment, "spec", "template", "spec");
    assert.equal(path(pod, "automountServiceAccountToken"), false);
    assert.deepEqual(path(pod, "containers", 0, "securityContext", "capabilities"), { drop: ["ALL"] });
    assert.equal(path(pod, "containers", 0, "securityContext", "readOnlyRootFilesystem"), true);
    assert.equal(path(pod, "containers", 0, "securityContext", "runAsNonRoot"), true);
  });

  it("is set as it says, over what all have", () => {
    const args = path(ofKind("Deployment")[0], "spec", "template", "spec", "containers", 0, "args");
    assert.ok(Array.isArray(args));
    const settings = args.filter((word) => word !== "-c");
    assert.ok(settings.includes("max_connections=7") && settings.includes("jit=on"));
    assert.ok(!settings.includes("jit=off"));
    // What an error quotes may be a value of a row.
    assert.ok(settings.includes("log_min_error_statement=panic") && settings.includes("log_error_verbosity=terse"));
  });
});
