import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { asArray, asNumber, asString, path } from "../../core/json";
import { KubeApiError } from "../../platform/kube/errors";
import type { KubeObject } from "../../platform/kube/objects";
import type { TestNamespace } from "./cluster";

/** Image of pods that evaluate Rego. */
export const ASKER_IMAGE = "127.0.0.1:5000/hms/opa-executor:1.22.0";
export const ASKER_PORT = 8181;
export const OPEN = "open";
export const REFUSED = "refused";
/** Nothing is in the way, and nobody listens there. */
export const NOBODY = "nobody";

const ASK = `package ask
document := http.send(input.request)
addresses := net.lookup_ip_addr(input.name)
`;

/** A pod that asks others for documents when it is told to, and answers such questions itself. */
export class Asker {
  constructor(
    private readonly space: Pick<TestNamespace, "name" | "kube">,
    readonly name: string,
  ) {}

  private get ref() {
    return { apiVersion: "v1", kind: "Pod", name: this.name, namespace: this.space.name };
  }

  /** @param more of its pod's spec, and of its container's. */
  async start(more: { readonly pod?: object; readonly container?: object } = {}): Promise<void> {
    await made(this.space, this.name, {
      ...more.pod,
      containers: [
        {
          name: "main",
          image: ASKER_IMAGE,
          args: ["run", "--server", `--addr=:${ASKER_PORT}`, "--disable-telemetry", "--log-level=error"],
          ports: [{ name: "http", containerPort: ASKER_PORT, protocol: "TCP" }],
          readinessProbe: { httpGet: { path: "/health", port: "http" }, periodSeconds: 1 },
          livenessProbe: { httpGet: { path: "/health", port: "http" }, periodSeconds: 1, failureThreshold: 2 },
          ...more.container,
        },
      ],
    });
  }

  async state(): Promise<{ readonly address: string; readonly ready: boolean; readonly restarts: number }> {
    const pod = await this.space.kube.get(this.ref);
    const [container] = asArray(path(pod, "status", "containerStatuses"));
    return {
      address: asString(path(pod, "status", "podIP")) ?? "",
      ready: path(container, "ready") === true,
      restarts: asNumber(path(container, "restartCount")) ?? 0,
    };
  }

  async isReady(): Promise<string> {
    for (const end = Date.now() + 120_000; ;) {
      const { ready, address } = await this.state();
      if (ready) {
        const { status, text } = await this.tell("PUT", "policies/ask", ASK);
        assert.equal(status, 200, text);
        return address;
      }
      assert.ok(Date.now() < end, `${this.name} did not get ready`);
      await sleep(100);
    }
  }

  label(labels: Readonly<Record<string, string | null>>): Promise<KubeObject> {
    return this.space.kube.patch(this.ref, { metadata: { labels } }, { type: "merge" });
  }

  /** What comes of asking for a document; the pod is told by way of the API server, which asks from the node. */
  async ask(url: string): Promise<string> {
    // Each time a new connection: policies leave those alone that were there before.
    const headers = { Connection: "close" };
    const request = { method: "GET", url, headers, raise_error: false, timeout: "1500ms", max_retry_attempts: 0 };
    const answer = await this.evaluate("document", { request });
    const said = asString(path(answer, "error", "message")) ?? "";
    assert.ok(said !== "" || (asNumber(path(answer, "status_code")) ?? 0) > 0, JSON.stringify(answer));
    if (said.includes("connection refused")) return NOBODY;
    return /no route to host|deadline exceeded|Timeout/.test(said) ? REFUSED : OPEN;
  }

  /** Whether a name can be looked up. */
  async lookUp(name: string): Promise<string> {
    return asArray(await this.evaluate("addresses", { name })).length > 0 ? OPEN : REFUSED;
  }

  private async evaluate(rule: string, input: object): Promise<unknown> {
    const { status, text } = await this.tell("POST", `data/ask/${rule}`, { input });
    // A look-up that hears nothing ends so; the kernel does not say "prohibited" as often as it is asked.
    if (status === 500 && text.includes("i/o timeout")) return undefined;
    assert.equal(status, 200, text);
    return path(JSON.parse(text), "result");
  }

  private tell(method: string, what: string, body: unknown) {
    const where = `/api/v1/namespaces/${this.space.name}/pods/${this.name}:${ASKER_PORT}/proxy/v1/${what}`;
    return this.space.kube.request(method, where, { body });
  }
}

/** A namespace that has just been made takes no pod before its account is there. */
export async function made(
  space: Pick<TestNamespace, "name" | "kube">,
  name: string,
  spec: object,
  labels: Readonly<Record<string, string>> = { app: name },
): Promise<void> {
  const metadata = { name, namespace: space.name, labels };
  for (const end = Date.now() + 60_000; ;) {
    try {
      await space.kube.create({
        apiVersion: "v1",
        kind: "Pod",
        metadata,
        spec: { terminationGracePeriodSeconds: 0, ...spec },
      });
      return;
    } catch (error) {
      if (!(error instanceof KubeApiError) || error.status !== 403 || Date.now() > end) throw error;
      await sleep(100);
    }
  }
}
