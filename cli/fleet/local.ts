import { createWriteStream, mkdirSync } from "node:fs";
import path from "node:path";
import { statusText, type ServiceSeen } from "../../core/rollout/status";
import { readyCluster } from "../cluster";
import { Invocation, type Io } from "../command";
import { goBack } from "../commands/rollback";
import { deployStack } from "../deploy";
import { withDecision } from "../permission";
import type { Prepared } from "../prepare";
import { LOCAL_CONTEXT, openStack, openTargets, seeServices } from "../stack";
import type { FleetRunner, UpdateHow } from "./drive";

/** What the permission policy said of each stack: of its update, and of taking it back. */
export type FleetPermits = ReadonlyMap<
  string,
  { readonly update: string | undefined; readonly undo: string | undefined }
>;

/** One stack's update, wherever it runs; what it says goes to `io`. */
export type Update = (stack: string, io: Io, how: UpdateHow) => Promise<void>;

/** On this machine, by the same engine and program. */
export const updateHere =
  (prepared: Prepared, permits: FleetPermits): Update =>
  async (stack, io) => {
    const { config } = openStack(stack, undefined, prepared.env);
    if (config.kubeContext !== LOCAL_CONTEXT) await readyCluster(config, prepared, io);
    const { env } = withDecision({ ...io, env: prepared.env }, permits.get(stack)?.update);
    await deployStack(stack, {}, io, { ...prepared, env });
  };

export interface StackRun {
  readonly work: Update;
  readonly prepared: Prepared;
  /** Where each stack's output goes. */
  readonly folder: string;
  readonly permits: FleetPermits;
}

/**
 * Stacks as members of a fleet. What is live is asked from here, before and after; what an update prints goes into a
 * file per stack.
 */
export function stackRunner({ work, prepared, folder, permits }: StackRun, io: Io): FleetRunner {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  /** Live releases of a stack before its update, and after. */
  const before = new Map<string, string>();
  const after = new Map<string, string>();
  const see = async (stack: string) =>
    (await Promise.all((await openTargets(stack, undefined, undefined, prepared.env)).map(seeServices))).flat();
  const own = async (stack: string, signal: AbortSignal, work: (io: Io) => Promise<unknown>): Promise<void> => {
    const log = createWriteStream(path.join(folder, `${stack}.log`), { flags: "a", mode: 0o600 });
    const sink = { write: (text: string) => log.write(text) };
    try {
      await work({ ...io, out: sink, err: sink, env: prepared.env, signal });
    } finally {
      await new Promise<void>((closed) => log.end(closed));
    }
  };
  return {
    async update(stack, how) {
      before.set(stack, liveText(await see(stack)));
      await own(stack, how.signal, (inner) => work(stack, inner, how));
      const seen = await see(stack);
      after.set(stack, liveText(seen));
      return headText(seen);
    },
    async look(stack) {
      const now = await see(stack);
      const [was, is] = [after.get(stack), liveText(now)];
      return was === is ? undefined : `while its wave was watched, ${was ?? "nothing"} became ${is}`;
    },
    async undo(stack, signal) {
      if (before.get(stack) === after.get(stack)) return "nothing to take back: it moved nothing";
      for (const open of await openTargets(stack, undefined, undefined, prepared.env))
        await own(stack, signal, (inner) => goBack(open, new Invocation({}, []), inner, permits.get(stack)?.undo));
      return headText(await see(stack));
    },
  };
}

const liveText = (seen: readonly ServiceSeen[]): string =>
  seen
    .map(
      ({ name, account = null, actual: { live, colors } }) =>
        `${account === null ? name : `${account}/${name}`} ${(live && colors[live]?.release.id) ?? "nothing"}`,
    )
    .join(", ");

/** The lines that say what is live, without those of the colors. */
const headText = (seen: readonly ServiceSeen[]): string =>
  statusText(seen)
    .filter((line) => !line.startsWith(" "))
    .map((line) => line.replace(/ {2}\S*:\/\/\S*$/, ""))
    .join("; ");
