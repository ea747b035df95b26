import { setTimeout as sleep } from "node:timers/promises";
import { NOT_BEGUN } from "../../core/fleet/job";
import { asNumber, asString, path } from "../../core/json";
import { linesAfter, parseLog, type LogLine } from "../../core/migrations/logLines";
import { CancelledError, RefusedError } from "../../platform/errors";
import type { KubeClient, KubeObject, ObjectRef } from "../../platform/kube/client";
import { stateOf, whyWaiting } from "../../provider/podState";
import { EXIT } from "../command";

const LOOK_MS = 500;
/** A pod whose container does not begin for so long is given up: its image cannot be pulled, or no node has room. */
const START_MS = 300_000;

export interface FollowedJob {
  readonly kube: KubeClient;
  readonly ref: ObjectRef & { readonly name: string };
  /** Resolves with the stacks of its indices when it is there. */
  readonly started: Promise<readonly string[]>;
  /** Stops it: pods that run are told to end and are waited for, others do not begin. */
  readonly signal: AbortSignal;
}

/** One index of the Job, as somebody waits for it. */
interface Member {
  readonly line: (text: string) => void;
  readonly begun: () => void;
  readonly settle: (reason?: Error) => void;
  hasBegun: boolean;
  last?: LogLine;
}

/** Follows an indexed Job: the log of each pod as it comes, and how it ended. */
export function followJob({ kube, ref, started, signal }: FollowedJob) {
  const members = new Map<string, Member>();
  const over = started.then(look).catch((error: unknown) => {
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const { settle } of members.values()) settle(reason);
  });

  return {
    /** Resolves when no pod of it runs any more. Never rejects. */
    over,
    /** Resolves when the stack is updated. @throws RefusedError with the last line of its log; CancelledError where it was stopped or not begun */
    end: (stack: string, line: Member["line"], begun: Member["begun"]): Promise<void> =>
      new Promise((resolve, reject) => {
        const settle = (reason?: Error): void => {
          members.delete(stack);
          if (reason === undefined) resolve();
          else reject(reason);
        };
        members.set(stack, { line, begun, settle, hasBegun: false });
      }),
  };

  async function look(stacks: readonly string[]): Promise<void> {
    let isStopping = false;
    for (;;) {
      if (signal.aborted && !isStopping) {
        isStopping = true;
        await kube.patch(ref, { spec: { suspend: true } }, { type: "merge" }).catch(() => undefined);
      }
      const job = await kube.get(ref);
      const pods = await podsOf();
      for (const pod of pods) await see(pod, stacks);
      const running = pods.filter((pod) => path(stateOf(pod), "terminated") === undefined);
      if (running.length === 0 && (members.size === 0 || isStopping)) break;
      if (job === undefined && pods.length === 0) throw new RefusedError(`somebody deleted its Job ${ref.name}`);
      for (const [stack, { settle }] of members)
        if (isOver(job, stacks.indexOf(stack)) && !pods.some((pod) => stackOf(pod, stacks) === stack))
          settle(new RefusedError("its pod was taken away before it ended"));
      await sleep(LOOK_MS, undefined, isStopping ? {} : { signal }).catch(() => undefined);
    }
    for (const { settle } of members.values()) settle(new CancelledError("stopped before it began"));
  }

  function podsOf(): Promise<KubeObject[]> {
    const of = { apiVersion: "v1", kind: "Pod", namespace: ref.namespace };
    return kube.list(of, { labelSelector: `batch.kubernetes.io/job-name=${ref.name}` });
  }

  async function see(pod: KubeObject, stacks: readonly string[]): Promise<void> {
    const member = members.get(stackOf(pod, stacks) ?? "");
    if (!member) return;
    const state = stateOf(pod);
    const ended = path(state, "terminated");
    if (path(state, "running") === undefined && ended === undefined) {
      const age = Date.now() - Date.parse(String(pod.metadata.creationTimestamp));
      if (age > START_MS && !member.hasBegun) {
        await kube.delete({ apiVersion: "v1", kind: "Pod", name: pod.metadata.name ?? "", namespace: ref.namespace });
        member.settle(new RefusedError(`its pod did not begin: ${whyWaiting(pod) ?? "nobody says why"}`));
      }
      return;
    }
    if (!member.hasBegun) member.begun();
    member.hasBegun = true;
    const lines = await freshLines(pod, member);
    if (ended !== undefined) member.settle(reasonOf(ended, lines));
  }

  async function freshLines(pod: KubeObject, member: Member): Promise<readonly string[]> {
    const file = `/api/v1/namespaces/${ref.namespace ?? ""}/pods/${pod.metadata.name ?? ""}/log`;
    const query = { timestamps: true, sinceTime: member.last?.at.replace(/\.\d+/, "") };
    const answer = await kube.request("GET", file, { query });
    const lines = answer.status === 200 ? linesAfter(parseLog(answer.text), member.last) : [];
    const last = lines.at(-1) ?? member.last;
    if (last !== undefined) member.last = last;
    for (const { text } of lines) member.line(text);
    return lines.map(({ text }) => text);
  }
}

const stackOf = (pod: KubeObject, stacks: readonly string[]): string | undefined =>
  stacks[Number(pod.metadata.annotations?.["batch.kubernetes.io/job-completion-index"] ?? NaN)];

/** Whether the Job has an index behind it. */
function isOver(job: KubeObject | undefined, index: number): boolean {
  const ranges = [path(job, "status", "failedIndexes"), path(job, "status", "completedIndexes")];
  return ranges
    .flatMap((text) => (asString(text) ?? "").split(",").filter((range) => range !== ""))
    .some((range) => {
      const [first = NaN, last = first] = range.split("-").map(Number);
      return first <= index && index <= last;
    });
}

/** Why a pod has failed; `undefined` when it has not. The commands' last line is the reason. */
function reasonOf(ended: unknown, lines: readonly string[]): Error | undefined {
  const code = asNumber(path(ended, "exitCode")) ?? 1;
  const said =
    lines.findLast((line) => line.trim() !== "") ?? asString(path(ended, "message"))?.trim().split("\n").at(-1);
  if (code === EXIT.done) return undefined;
  if (code === NOT_BEGUN) return new CancelledError("");
  if (code === EXIT.cancelled) return new CancelledError(said ?? "stopped");
  const why = asString(path(ended, "reason")) ?? "Error";
  return new RefusedError(`${said ?? "it said nothing"}${why === "Error" ? "" : ` (${why}, exit code ${code})`}`);
}
