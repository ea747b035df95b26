import type { Gate } from "../../core/gates/gate";
import type { KubeClient } from "../../platform/kube/client";
import { messageOf, Refusal } from "./errors";
import { startRunnerJob } from "./runnerJob";

/** What the watcher of one move is told. Addresses are as pods see them. */
export interface WatcherWish {
  readonly service: string;
  readonly namespace: string;
  readonly host: string;
  readonly probePath: string;
  readonly gateway: string;
  readonly prometheus: string;
  readonly gates: readonly Gate[];
  /** Image of the runner, by digest. */
  readonly image: string;
  /** Fencing token of the lease under which the move runs. */
  readonly token: number;
}

/**
 * Starts the watcher of a move and returns when it runs: from then on somebody puts the traffic back, whatever becomes
 * of the mover. @throws Refusal when it does not come up; then nothing is to be moved.
 */
export async function startWatcher(kube: KubeClient, wish: WatcherWish, signal: AbortSignal): Promise<void> {
  const { service, namespace, token, host, probePath, gateway, prometheus, gates, image } = wish;
  const args = [
    "watch",
    ...["--service", service, "--namespace", namespace, "--token", String(token)],
    ...["--gateway", gateway, "--host", host, "--probe-path", probePath],
    ...(gates.length === 0 ? [] : ["--prometheus", prometheus, "--gates", JSON.stringify(gates)]),
  ];
  const job = { name: `${service}-watch-${token}`, service, namespace, podLabel: "hms.delivery/watches" };
  try {
    await startRunnerJob(kube, { ...job, pod: { image, account: "hms-watcher", args } }, signal);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const why = messageOf(error);
    throw new Refusal(`${service}: the watcher of the move does not start: ${why}; no traffic was moved`);
  }
}
