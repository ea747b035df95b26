import assert from "node:assert/strict";
import { snapshotLoadObjects, snapshotObjects } from "../../../components/snapshotObjects";
import type { SnapshotConfig } from "../../../config/snapshots";
import { asArray, path } from "../../../core/json";

const SNAPSHOT: SnapshotConfig = {
  ...{ service: "web", schedule: "0 3 * * *", timeZone: "Etc/UTC", namespace: "vault" },
  database: { secret: "reader", pods: { app: "db" }, port: 5433, tls: false },
  ...{ keys: "keys", store: "store", keep: 3, maxAge: 86_400, deadline: 3600, memory: "3Gi", rules: "owner: office" },
};
const IMAGE = "registry/runner@sha256:1";
const LABELS = { "hms.delivery/snapshots": "web" };

const podOf = (snapshot: SnapshotConfig) =>
  path(snapshotObjects(snapshot).cronJob(IMAGE), "spec", "jobTemplate", "spec", "template", "spec");

describe("what stands in the vault for a service's snapshots", () => {
  it("runs one at a time, ends, and keeps little of what has run", () => {
    const { spec } = snapshotObjects(SNAPSHOT).cronJob(IMAGE);
    const { jobTemplate, ...rest } = spec;
    assert.deepEqual(rest, {
      ...{ schedule: "0 3 * * *", timeZone: "Etc/UTC", concurrencyPolicy: "Forbid", startingDeadlineSeconds: 3600 },
      ...{ successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 3 },
    });
    assert.equal(jobTemplate.spec.activeDeadlineSeconds, 3600);
    assert.deepEqual(jobTemplate.spec.template.metadata.labels, LABELS);
  });

  it("reaches the database and the name server, and nobody reaches it", () => {
    const egress = (database: object) => [
      { to: [database], ports: [{ protocol: "TCP", port: 5433 }] },
      {
        to: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
            podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
          },
        ],
        ports: [
          { protocol: "UDP", port: 53 },
          { protocol: "TCP", port: 53 },
        ],
      },
    ];
    const spec = { podSelector: { matchLabels: LABELS }, policyTypes: ["Ingress", "Egress"], ingress: [] };
    const near = egress({ podSelector: { matchLabels: { app: "db" } } });
    assert.deepEqual(snapshotObjects(SNAPSHOT).policy.spec, { ...spec, egress: near });
    const { secret, port, tls } = SNAPSHOT.database;
    const far = { ...SNAPSHOT, database: { secret, port, tls, cidr: "10.2.0.0/24" } };
    assert.deepEqual(snapshotObjects(far).policy.spec, {
      ...spec,
      egress: egress({ ipBlock: { cidr: "10.2.0.0/24" } }),
    });
  });

  it("takes at most the memory that it is given", () => {
    const [container] = asArray(path(podOf(SNAPSHOT), "containers"));
    assert.deepEqual(path(container, "resources", "limits"), { memory: "3Gi" });
  });

  it("runs restricted, with an account that has no rights and no token", () => {
    const pod = podOf(SNAPSHOT);
    assert.equal(snapshotObjects(SNAPSHOT).account.automountServiceAccountToken, false);
    assert.deepEqual(
      [path(pod, "serviceAccountName"), path(pod, "automountServiceAccountToken"), path(pod, "restartPolicy")],
      ["snapshot-web", false, "Never"],
    );
    assert.deepEqual(path(pod, "securityContext"), {
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
      ...{ runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 },
    });
    assert.deepEqual(path(pod, "containers", 0, "securityContext"), {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("names Secrets, and has none of their values; only the store can be written", () => {
    const pod = podOf(SNAPSHOT);
    const env = asArray(path(pod, "containers", 0, "env"));
    assert.deepEqual(
      env.map((one) => [path(one, "name"), path(one, "valueFrom", "secretKeyRef", "name"), path(one, "value")]),
      ["PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD"].map((name) => [name, "reader", undefined]),
    );
    const mounts = asArray(path(pod, "containers", 0, "volumeMounts"));
    assert.deepEqual(
      mounts.filter((mount) => path(mount, "readOnly") !== true).map((mount) => path(mount, "mountPath")),
      ["/vault/snapshots", "/tmp"],
    );
    assert.deepEqual(path(pod, "containers", 0, "args"), [
      "snapshot",
      ...["--service", "web", "--vault", "/vault", "--keys", "/keys", "--rules", "/rules/scrub.yaml"],
      ...["--keep", "3", "--max-age", "1d"],
    ]);
  });

  it("asks the database for TLS by the authority that its Secret has, where the stack says so", () => {
    const pod = podOf({ ...SNAPSHOT, database: { ...SNAPSHOT.database, tls: true } });
    const env = asArray(path(pod, "containers", 0, "env")).slice(-3);
    assert.deepEqual(
      env.map((one) => [path(one, "name"), path(one, "value")]),
      [
        ["PGSSLMODE", "verify-full"],
        ["PGSSLROOTCERT", "/authority/ca.pem"],
        ["NODE_EXTRA_CA_CERTS", "/authority/ca.pem"],
      ],
    );
    const mount = asArray(path(pod, "containers", 0, "volumeMounts")).find(
      (one) => path(one, "mountPath") === "/authority",
    );
    const volume = asArray(path(pod, "volumes")).find((one) => path(one, "name") === path(mount, "name"));
    assert.equal(path(volume, "secret", "secretName"), "reader");
  });

  it("loads beside the sandboxes' server as somebody who can only read what was promoted, and has no key that signs", () => {
    const load = {
      ...{ schedule: "30 3 * * *", namespace: "sandboxes", trust: "trust", store: "store" },
      server: { secret: "admin", pods: { app: "sdb" }, port: 5432 },
      ...{ keep: 2, maxAge: 129_600, deadline: 600 },
    };
    const { policy, cronJob } = snapshotLoadObjects("web", "Etc/UTC", load);
    const labels = { "hms.delivery/loads": "web", "hms.delivery/administers": "sandbox-server" };
    assert.deepEqual(policy.spec.podSelector, { matchLabels: labels });
    assert.deepEqual(policy.spec.egress[0]?.to, [{ podSelector: { matchLabels: { app: "sdb" } } }]);
    const pod = path(cronJob(IMAGE), "spec", "jobTemplate", "spec", "template", "spec");
    assert.deepEqual(
      [path(pod, "securityContext", "runAsUser"), path(pod, "securityContext", "runAsGroup")],
      [65533, 65532],
    );
    const mounts = asArray(path(pod, "containers", 0, "volumeMounts"));
    assert.deepEqual(
      mounts.filter((mount) => path(mount, "readOnly") !== true).map((mount) => path(mount, "mountPath")),
      ["/tmp"],
    );
    assert.deepEqual(
      asArray(path(pod, "volumes")).flatMap((volume) => path(volume, "secret", "secretName") ?? []),
      ["trust", "admin"],
    );
    assert.deepEqual(path(pod, "containers", 0, "env"), []);
  });
});
