import { setTimeout as sleep } from "node:timers/promises";
import type { Color } from "../../core/rollout/color";
import { HEADER, workloadName, SERVICE_PORT } from "../../core/rollout/names";
import { probeHeader } from "../../core/rollout/route";
import { judgeResponse, wireRequest, type SmokeTest } from "../../core/service/smoke";
import type { KubeClient } from "../../platform/kube/client";
import type { DataPlane, GatewayAnswer } from "./dataPlane";
import { GateFailure, messageOf } from "./errors";
import type { RolloutStore } from "./store";

export interface VerifyRequest {
  readonly color: Color;
  readonly healthPath: string;
  readonly smoke: readonly SmokeTest[];
  /** Longest time to wait for the Service, and then for the gateway, to know the color's pods, in ms each. */
  readonly deadlineMs: number;
}

export interface VerifyParts {
  readonly kube: KubeClient;
  readonly store: RolloutStore;
  readonly dataPlane: DataPlane;
  readonly progress: (message: string) => void;
}

/** Health must be seen this often in a row, so that one lucky answer proves nothing. */
const HEALTHY_IN_A_ROW = 3;

/**
 * Proves one color while it has no traffic: health through the API server's service proxy (the pods themselves) and
 * through the real gateway (the way users come), then every smoke test through the gateway.
 * @throws GateFailure with the first thing that was wrong.
 */
export async function verifyColor(parts: VerifyParts, request: VerifyRequest, signal: AbortSignal): Promise<number> {
  const { store, progress } = parts;
  await readyBehindService(store, request, signal);
  const token = await store.probeToken();
  if (token === undefined) throw new Error(`the route that reaches idle colors is missing; refresh and deploy again`);
  const headers = { [HEADER.probe]: probeHeader(request.color, token) };
  progress(`health of ${request.color}`);
  await healthy("the pods", request, signal, () => askThroughApiServer(parts, request));
  await healthy("the gateway", request, signal, () =>
    parts.dataPlane.ask({ path: request.healthPath, headers, signal }),
  );
  for (const [index, test] of request.smoke.entries()) {
    signal.throwIfAborted();
    progress(`smoke test ${index + 1} of ${request.smoke.length}: ${test.name}`);
    await smoke(parts, test, headers, signal);
  }
  return request.smoke.length;
}

/** A Deployment's pods are ready before the EndpointSlices of its Service say so, by seconds on a busy cluster. */
async function readyBehindService(store: RolloutStore, { color, deadlineMs }: VerifyRequest, signal: AbortSignal) {
  const giveUp = performance.now() + deadlineMs;
  while ((await store.readyEndpoints(color)) === 0) {
    if (performance.now() > giveUp) throw new GateFailure(`no pod of ${color} is ready behind its Service`);
    await sleep(100, undefined, { signal });
  }
}

async function healthy(
  through: string,
  request: VerifyRequest,
  signal: AbortSignal,
  ask: () => Promise<{ readonly status: number }>,
): Promise<void> {
  const giveUp = performance.now() + request.deadlineMs;
  let inARow = 0;
  let wrong: string;
  while (inARow < HEALTHY_IN_A_ROW) {
    signal.throwIfAborted();
    try {
      const { status } = await ask();
      wrong = `status ${status}`;
      inARow = status >= 200 && status < 300 ? inARow + 1 : 0;
    } catch (error) {
      wrong = messageOf(error);
      inARow = 0;
    }
    if (inARow > 0) continue;
    if (performance.now() > giveUp) {
      throw new GateFailure(
        `health ${request.healthPath} of ${request.color} through ${through}: ${wrong}, expected 2xx`,
      );
    }
    await sleep(100, undefined, { signal });
  }
}

async function smoke(
  parts: VerifyParts,
  test: SmokeTest,
  probe: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const wire = wireRequest(test);
  let answer: GatewayAnswer;
  try {
    answer = await parts.dataPlane.ask({ ...wire, headers: { ...wire.headers, ...probe }, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new GateFailure(`smoke test "${test.name}": ${messageOf(error)}`);
  }
  const verdict = judgeResponse(test, answer);
  if (!verdict.ok) throw new GateFailure(verdict.reason);
}

function askThroughApiServer({ kube, store }: VerifyParts, { color, healthPath }: VerifyRequest) {
  const service = `http:${workloadName(store.service, color)}:${SERVICE_PORT}`;
  return kube.request("GET", `/api/v1/namespaces/${store.namespace}/services/${service}/proxy${healthPath}`);
}
