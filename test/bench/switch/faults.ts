import { setTimeout as sleep } from "node:timers/promises";
import type { Io } from "../../../cli/command";
import type { Color } from "../../../core/rollout/color";
import { LABEL } from "../../../core/rollout/names";
import type { KubeClient } from "../../../platform/kube/client";
import { clusterChecks } from "../../../platform/local/cluster";
import { runningDaemon } from "../../../platform/local/daemon";
import { GATEWAY } from "../../../platform/local/manifests/gateway";
import { platformParts } from "../../../platform/local/parts";
import type { Layout } from "../../../platform/local/layout";
import { becomesHealthy, repair } from "../../../platform/local/reconcile";
import { Progress } from "../../../platform/progress";
import { processesOfPod } from "./processes";

/** Parts of the local platform that are stopped and put right again. */
export type StoppablePart = "prometheus" | "kube-apiserver";

const GATEWAY_DEADLINE_MS = 60_000;

/** Breaks parts of the local platform, and mends what it broke. */
export class Faults {
  private readonly broken = new Set<StoppablePart>();

  constructor(
    private readonly layout: Layout,
    private readonly kube: KubeClient,
    private readonly namespace: string,
    private readonly io: Io,
  ) {}

  /** Ends a part as a crash would. It stays away until `mend`. */
  stop(name: StoppablePart): void {
    const record = runningDaemon(this.layout, name);
    if (record === undefined) throw new Error(`${name} does not run`);
    this.broken.add(name);
    process.kill(record.pid, "SIGKILL");
  }

  /** Starts a part that was stopped, and returns when it works. Runs to its end also after Ctrl-C. */
  async mend(name: StoppablePart): Promise<void> {
    const part = platformParts(this.layout, false).find((one) => one.name === name);
    if (!part) throw new Error(`the platform has no ${name}`);
    await repair(this.layout, part, new Progress(this.io.err), undefined);
    this.broken.delete(name);
  }

  async mendAll(): Promise<void> {
    for (const name of [...this.broken]) await this.mend(name);
  }

  /**
   * Ends one pod of a color. `drain`: deleted, with its time to leave. `delete`: deleted without it. `crash`: its process
   * dies and nobody was told; the kubelet starts another.
   */
  async killPod(color: Color, how: "drain" | "delete" | "crash"): Promise<void> {
    const of = { apiVersion: "v1", kind: "Pod", namespace: this.namespace };
    const pods = await this.kube.list(of, { labelSelector: `${LABEL.color}=${color}` });
    const { name, uid } = pods.find(({ metadata }) => metadata.deletionTimestamp === undefined)?.metadata ?? {};
    if (name === undefined || uid === undefined) throw new Error(`${color} has no pod`);
    if (how === "crash") for (const { pid } of processesOfPod(uid)) process.kill(pid, "SIGKILL");
    else await this.kube.delete({ ...of, name }, how === "delete" ? { gracePeriodSeconds: 0 } : {});
  }

  /** Ends the pods that watch this stack's moves; their Jobs make others. */
  async killWatchers(): Promise<void> {
    const of = { apiVersion: "v1", kind: "Pod", namespace: this.namespace };
    const pods = await this.kube.list(of, {
      labelSelector: "hms.delivery/watches",
      fieldSelector: "status.phase=Running",
    });
    if (pods.length === 0) throw new Error("nobody watches the move");
    for (const { metadata } of pods)
      await this.kube.delete({ ...of, name: metadata.name ?? "" }, { gracePeriodSeconds: 0 });
  }

  /** Replaces the one gateway of this machine, as a new version of it would; returns when the next one is ready. */
  async restartGateway(): Promise<void> {
    const ref = { apiVersion: "apps/v1", kind: "Deployment", name: "traefik", namespace: GATEWAY.namespace };
    const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
    await this.kube.patch(
      ref,
      { spec: { template: { metadata: { annotations } } } },
      { type: "strategic", fieldManager: "hms-bench-switch" },
    );
    await sleep(1000);
    for (const { name, probe } of clusterChecks(this.layout, this.kube)) {
      const verdict = await becomesHealthy(probe, GATEWAY_DEADLINE_MS, this.io.signal);
      if (verdict !== undefined) throw new Error(`${name} did not come back: ${verdict}`);
    }
  }
}
