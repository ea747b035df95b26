/** Credentials from a command, as `aws eks get-token` gives them. */
import { spawn } from "node:child_process";
import { KubeUnreachableError } from "./errors";
import type { ClusterEntry, ExecPlugin } from "./kubeconfig";

export interface ExecCredential {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  /** When to ask again, in ms; undefined: they do not expire. */
  readonly expires?: number;
}

const DEFAULT_VERSION = "client.authentication.k8s.io/v1";
const TIMEOUT_MS = 30_000;

/** @throws KubeUnreachableError that names the command; its output, which may hold a token, is not repeated. */
export async function execCredential(plugin: ExecPlugin, cluster: ClusterEntry): Promise<ExecCredential> {
  const { apiVersion = DEFAULT_VERSION, command, args, env, installHint, provideClusterInfo } = plugin;
  const { server, "certificate-authority-data": authority } = cluster;
  const known = provideClusterInfo ? { cluster: { server, "certificate-authority-data": authority } } : {};
  const info = { apiVersion, kind: "ExecCredential", spec: { interactive: false, ...known } };
  const extra = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  const stdout = await run(command, args ?? [], { ...extra, KUBERNETES_EXEC_INFO: JSON.stringify(info) }, installHint);
  try {
    const { status } = JSON.parse(stdout) as { status: ExecCredential & { expirationTimestamp?: string } };
    const { expirationTimestamp, ...credential } = status;
    return { ...credential, ...(expirationTimestamp !== undefined && { expires: Date.parse(expirationTimestamp) }) };
  } catch {
    throw new KubeUnreachableError(`the kubeconfig's command ${command} did not answer with an ExecCredential`);
  }
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv, hint = ""): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, timeout: TIMEOUT_MS });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    child.on("error", (error) => {
      fail(
        new KubeUnreachableError(`the kubeconfig's command ${command} cannot be run: ${error.message}. ${hint}`.trim()),
      );
    });
    child.on("close", (code) => {
      if (code === 0) done(stdout);
      else fail(new KubeUnreachableError(`the kubeconfig's command ${command} failed: ${stderr.trim().slice(0, 500)}`));
    });
    child.stdin.end();
  });
}
