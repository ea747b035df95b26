import * as fs from "node:fs";
import * as path from "node:path";
import { exec } from "../exec";
import { CLUSTER, type Layout } from "./layout";
import { ensureAuthority, issueCertificate } from "./openssl";
import { ensureUsersAuthority } from "./usersAuthority";

/** One certificate: who it names, who vouches for it, and what it may be used for. */
interface CertificateSpec {
  readonly name: string;
  readonly issuer: "ca" | "etcd-ca";
  readonly subject: string;
  readonly names?: string;
  readonly usage: string;
}

const BOTH = "serverAuth,clientAuth";
const CLIENT = "clientAuth";
const DAYS = 3650;

/** Users of the cluster that authenticate by certificate, besides the API server's own. */
export const CLIENTS = {
  admin: "/O=system:masters/CN=hms-admin",
  "controller-manager": "/CN=system:kube-controller-manager",
  scheduler: "/CN=system:kube-scheduler",
  proxy: "/CN=system:kube-proxy",
  prometheus: "/CN=hms-prometheus",
  "network-policy": "/CN=hms-network-policy",
} as const;

const CERTIFICATES: readonly CertificateSpec[] = [
  {
    name: "apiserver",
    issuer: "ca",
    subject: "/CN=kube-apiserver",
    names:
      "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local," +
      `DNS:localhost,IP:127.0.0.1,IP:${CLUSTER.address},IP:${CLUSTER.apiService}`,
    usage: "serverAuth",
  },
  {
    name: "kubelet-client",
    issuer: "ca",
    subject: "/O=hms:kubelet-clients/CN=kube-apiserver-kubelet-client",
    usage: CLIENT,
  },
  {
    name: "node",
    issuer: "ca",
    subject: `/O=system:nodes/CN=system:node:${CLUSTER.node}`,
    names: `DNS:${CLUSTER.node},IP:127.0.0.1,IP:${CLUSTER.address}`,
    usage: BOTH,
  },
  // etcd has an authority of its own, so that no certificate of the cluster opens the store behind it.
  { name: "etcd", issuer: "etcd-ca", subject: "/CN=etcd", names: "DNS:localhost,IP:127.0.0.1", usage: BOTH },
  { name: "etcd-client", issuer: "etcd-ca", subject: "/CN=kube-apiserver-etcd-client", usage: CLIENT },
  ...Object.entries(CLIENTS).map(([name, subject]) => ({ name, issuer: "ca" as const, subject, usage: CLIENT })),
];

/** Makes the cluster's authorities, certificates and keys where they are missing, readable by the owner only. */
export async function ensurePki(layout: Layout): Promise<void> {
  fs.mkdirSync(layout.pki, { recursive: true, mode: 0o700 });
  const missing = CERTIFICATES.filter(({ name }) => !has(layout, `${name}.crt`));
  const authorities = (["ca", "etcd-ca"] as const).map((name) =>
    ensureAuthority({ at: file(layout, name), subject: `/CN=hms-local ${name}`, days: DAYS }),
  );
  await Promise.all([...authorities, ensureUsersAuthority(layout)]);
  if (!has(layout, "sa.key")) {
    const temporary = file(layout, `sa.key.${process.pid}`);
    await exec("openssl", ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", temporary]);
    fs.chmodSync(temporary, 0o600);
    fs.renameSync(temporary, file(layout, "sa.key"));
  }
  await Promise.all(missing.map((spec) => issue(layout, spec)));
}

const file = (layout: Layout, name: string): string => path.join(layout.pki, name);
const has = (layout: Layout, name: string): boolean => fs.existsSync(file(layout, name));

async function issue(layout: Layout, spec: CertificateSpec): Promise<void> {
  const extensions = [`extendedKeyUsage=${spec.usage}`, "keyUsage=critical,digitalSignature"];
  if (spec.names !== undefined) extensions.push(`subjectAltName=${spec.names}`);
  const at = file(layout, spec.name);
  await issueCertificate({
    at,
    authority: file(layout, spec.issuer),
    subject: spec.subject,
    extensions,
    days: DAYS,
  });
}

/** A kubeconfig with everything inside, so that the file works wherever it is copied to. */
export function kubeconfigText(layout: Layout, user: string): string {
  const embed = (name: string) => fs.readFileSync(file(layout, name)).toString("base64");
  const name = CLUSTER.context;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: layout.apiUrl, "certificate-authority-data": embed("ca.crt") } }],
    users: [
      { name, user: { "client-certificate-data": embed(`${user}.crt`), "client-key-data": embed(`${user}.key`) } },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
