import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Log, Properties, ResourceHandler } from "../../platform/rpc";
import type { Session } from "../session";
import { diffOf } from "./diff";
import { inputFailures, parseInputs } from "./inputs";

const soakInputs = z.strictObject({
  namespace: z.string().min(1),
  /** Number of the wave, from 1, for messages. */
  wave: z.number().int().min(1),
  /** How long the wave is watched after its last move. */
  seconds: z.number().min(0),
  /** Service -> release that is to be live. */
  releases: z.record(z.string(), z.string()),
});
type SoakInputs = z.infer<typeof soakInputs>;

const LOOK_MS = 2000;

/**
 * `hms:fleet:Soak`: stands between two waves. It is made when every service of its wave has had its release live, with
 * pods that answer, for so long; what begins after it depends on it. Counted from the moves themselves, so that an
 * interrupted update goes on where it was.
 */
export function soak(session: Session): ResourceHandler {
  const watch = async (inputs: Properties, signal: AbortSignal, log: Log): Promise<Properties> => {
    const wish = parseInputs(soakInputs, inputs);
    for (;;) {
      signal.throwIfAborted();
      const left = await look(session, wish);
      if (left <= 0) return inputs;
      log.status(`wave ${wish.wave} is watched for ${Math.ceil(left / 1000)} s more`);
      await sleep(Math.min(LOOK_MS, left), undefined, { signal });
    }
  };
  return {
    check: ({ news }) => ({ inputs: news, failures: inputFailures(soakInputs, news) }),
    diff: ({ olds, news }) => diffOf(olds, news, { update: ["releases"], replace: ["namespace"] }),
    async create({ inputs, preview, signal, log, name }) {
      if (preview) return { id: "", outputs: inputs };
      return { id: name, outputs: await watch(inputs, signal, log) };
    },
    async update({ inputs, preview, signal, log }) {
      return { outputs: preview ? inputs : await watch(inputs, signal, log) };
    },
    read: ({ id, inputs, olds }) => ({ id, inputs, outputs: olds }),
    delete: () => undefined,
  };
}

/**
 * Milliseconds until the wave has been watched long enough.
 * @throws Error where a service of it is not what later waves may follow.
 */
async function look(session: Session, { namespace, wave, seconds, releases }: SoakInputs): Promise<number> {
  const left = await Promise.all(
    Object.entries(releases).map(async ([service, release]) => {
      const store = session.store(service, namespace);
      const { actual } = await store.read();
      const live = actual.live && actual.colors[actual.live];
      const refuse = (what: string): never => {
        throw new Error(
          `${service} of wave ${wave} ${what}; later waves are not begun, and nothing of this one is undone`,
        );
      };
      if (!live || live.release.id !== release) {
        const { move, scheduled } = actual.record;
        if (scheduled) return refuse("waits for its instant");
        if (move?.parked) return refuse("is parked: promote it, then update again");
        return refuse(`has ${live ? live.release.id : "nothing"} live instead of ${release}`);
      }
      if ((await store.readyEndpoints(actual.live)) === 0) return refuse(`has no pod that answers on ${actual.live}`);
      const since = actual.record.movedAt === null ? Date.now() : Date.parse(actual.record.movedAt);
      return since + seconds * 1000 - Date.now();
    }),
  );
  return Math.max(0, ...left);
}
