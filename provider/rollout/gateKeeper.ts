import type { Gate, QueryTarget } from "../../core/gates/gate";
import { decide, takesSynthetic } from "../../core/gates/synthetic";
import { tooThin } from "../../core/gates/thinTraffic";
import { backendPattern, probeBackendPattern } from "../../core/gates/traefik";
import { otherColor, type Color } from "../../core/rollout/color";
import type { MoveStep } from "../../core/rollout/strategy";
import { queryProblems, trafficPerSecond } from "../gates/checkQueries";
import { lookAt } from "../gates/look";
import { Prometheus } from "../gates/prometheus";
import { messageOf } from "./errors";
import type { GateKeeper } from "./gateWatch";

export interface Watched {
  readonly service: string;
  readonly namespace: string;
  /** Address of Prometheus as seen from here. */
  readonly prometheus: string;
}

/** Looks at a service's gates through Prometheus. */
export function gateKeeper(watched: Watched, gates: readonly Gate[]): GateKeeper {
  const prometheus = new Prometheus(watched.prometheus);
  return {
    gates,
    async look(gate, color, windowSeconds, signal, synthetic = false) {
      const look = (of: typeof target) =>
        lookAt(prometheus, gate, of(watched, color), of(watched, otherColor(color)), windowSeconds, signal);
      const asked = synthetic && takesSynthetic(gate);
      const [users, ours] = await Promise.all([look(target), asked ? look(probed) : Promise.resolve(null)]);
      return decide(users, ours);
    },
    async blind(signal) {
      try {
        await prometheus.query("vector(1)", signal);
        return undefined;
      } catch (error) {
        signal.throwIfAborted();
        return `its gates cannot be looked at: ${messageOf(error)}`;
      }
    },
  };
}

/** What is wrong with the queries of a service's gates, one sentence each; asked before anything is built or moved. */
export function gateProblems(
  watched: Watched & { readonly gates: readonly Gate[]; readonly steps: readonly MoveStep[] },
  live: Color | null,
): Promise<string[]> {
  const named = new Set(watched.steps.flatMap((step) => step.gates));
  const gates = watched.gates.filter((gate) => named.has(gate.name));
  if (gates.length === 0) return Promise.resolve([]);
  const prometheus = new Prometheus(watched.prometheus);
  return queryProblems(prometheus, gates, live && target(watched, live), AbortSignal.timeout(20_000));
}

/** Steps that cannot pass in their time with the traffic there is now, one sentence each. */
export async function thinSteps(
  watched: Watched & { readonly gates: readonly Gate[]; readonly steps: readonly MoveStep[] },
  live: Color,
  signal: AbortSignal,
): Promise<string[]> {
  if (watched.steps.every((step) => step.gates.length === 0)) return [];
  const perSecond = await trafficPerSecond(new Prometheus(watched.prometheus), target(watched, live), signal);
  if (perSecond === null) return [];
  return watched.steps.flatMap((step) =>
    watched.gates
      .filter((gate) => step.gates.includes(gate.name))
      .flatMap((gate) => tooThin(gate, step, perSecond) ?? [])
      .slice(0, 1),
  );
}

const target = ({ service, namespace }: Watched, color: Color): QueryTarget => ({
  service,
  color,
  namespace,
  backend: backendPattern(service, color, namespace),
});

/** The same color as synthetic load reaches it. */
const probed = (watched: Watched, color: Color): QueryTarget => ({
  ...target(watched, color),
  backend: probeBackendPattern(watched.service, color, watched.namespace),
});
