import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { version } from "@pulumi/kubernetes/package.json";
import { KubeClient, type KubeObject } from "../../../platform/kube/client";
import { PluginProject } from "./pluginProject";

const HOME = process.env.HMS_HOME ?? join(homedir(), ".hms");
const KUBECONFIG = join(HOME, "kubeconfig");

/** An image that runs the policy executor: a server on 8181, or a command that ends, by its arguments. */
export const IMAGE = "127.0.0.1:5000/hms/opa-executor:1.22.0";

/** A project whose programs make Kubernetes objects, with a namespace of its own on the local cluster. */
export class KubeProject extends PluginProject {
  readonly kube = KubeClient.load({ kubeconfig: KUBECONFIG, context: "hms-local" });
  readonly namespace = `conf-${randomBytes(3).toString("hex")}`;

  constructor() {
    super("kubernetes", version);
    this.env.KUBECONFIG = KUBECONFIG;
    this.env.NAMESPACE = this.namespace;
    this.env.IMAGE = IMAGE;
  }

  async prepare(): Promise<void> {
    await this.kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: this.namespace } });
    await this.createStack();
  }

  /** Everything the project made is in its namespace, or is named after it. */
  async cleanUp(): Promise<void> {
    await this.pulumi("destroy", "--yes", "--skip-preview", "--stack", "test");
    await this.kube.delete({ apiVersion: "v1", kind: "Namespace", name: this.namespace });
    this.remove();
  }

  override program(body: string): void {
    super.program(`const namespace = process.env.NAMESPACE, image = process.env.IMAGE;\n${HELPERS}\n${body}`);
  }

  get(apiVersion: string, kind: string, name: string): Promise<KubeObject | undefined> {
    return this.kube.get({ apiVersion, kind, name, namespace: this.namespace });
  }

  kubectl(...args: readonly string[]): string {
    const options = { env: { ...process.env, KUBECONFIG }, encoding: "utf8", stdio: "pipe" } as const;
    return execFileSync("kubectl", ["--namespace", this.namespace, ...args], options);
  }
}

/** Used by the programs of the tests. */
const HELPERS = `
const web = (name, container = {}, more = {}) => new kubernetes.apps.v1.Deployment(name, {
  metadata: { namespace, name, annotations: more.annotations },
  spec: {
    replicas: 1,
    ...more.spec,
    selector: { matchLabels: { app: more.app ?? name } },
    template: {
      metadata: { labels: { app: more.app ?? name } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{
          name: "main", image, args: ["run", "--server", "--addr=:8181"],
          readinessProbe: { httpGet: { path: "/health", port: 8181 }, periodSeconds: 1 },
          resources: { requests: { cpu: "10m", memory: "0.0625Gi" } },
          ...container,
        }],
        ...more.pod,
      },
    },
  },
}, more.options);
`;
