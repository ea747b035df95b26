import { parseCpu, parseMemory } from "./service/quantity";

export interface Room {
  /** Thousandths of a core. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  readonly pods: number;
}

export interface PodNeed {
  readonly replicas: number;
  readonly cpu: string;
  readonly memory: string;
}

/** How many such pods fit, node by node; a pod is never split over two nodes. */
export function podsThatFit(nodes: readonly Room[], need: PodNeed): number {
  const cpu = parseCpu(need.cpu) ?? 0;
  const memory = parseMemory(need.memory) ?? 0;
  const fit = (room: Room): number =>
    Math.max(0, Math.min(room.pods, cpu > 0 ? room.cpu / cpu : Infinity, memory > 0 ? room.memory / memory : Infinity));
  return nodes.reduce((sum, room) => sum + Math.floor(fit(room)), 0);
}
