import { proofOf } from "../../core/chaos/gate";
import { withFailure } from "../../core/rollout/record";
import { describeProvenWith } from "../../core/rollout/provenWith";
import type { Log, Properties, ResourceHandler } from "../../platform/rpc";
import { RegistryUnreachable } from "../../platform/registry/transport";
import { keysOf } from "../attest/keys";
import { verify } from "../attest/verify";
import { tryByChaos } from "../chaos/gate";
import { withDowns } from "../migration/takeBack";
import { askForDependents, askNeeded } from "../rollout/contracts";
import { GateFailure, Inconclusive, messageOf, Refusal } from "../rollout/errors";
import { journalOf, type Note } from "../rollout/journal";
import { thisProcess } from "../rollout/lease";
import { describeHolder } from "../../core/rollout/lease";
import type { RolloutStore } from "../rollout/store";
import { verifyColor } from "../rollout/verify";
import type { Session } from "../session";
import { resourceId, splitId } from "./id";
import { inputFailures, parseInputs, verificationInputs, type VerificationInputs } from "./inputs";
import { liveRelease, movedProperties } from "./live";

/** How long a color whose pods are ready may take to answer through the gateway. */
const HEALTH_DEADLINE_MS = 15_000;

/**
 * `hms:rollout:Verification`: creating or updating it proves one color with one release. A pass is noted on the color's
 * Deployment, a fail holds the release; changed smoke tests alone prove nothing again until the next release. Where
 * chaos is asked for, it is part of the proof: it tries the color when everything else has passed.
 */
export function verification(session: Session): ResourceHandler {
  const prove = async (inputs: Properties, signal: AbortSignal, log: Log): Promise<Properties> => {
    const wish = parseInputs(verificationInputs, inputs);
    const store = session.store(wish.service, wish.namespace);
    const dataPlane = session.dataPlane(wish.gatewayAddress, wish.host);
    const { color, healthPath, smoke, release, tag } = wish;
    const note = journalOf(session.kube, store, session.held(store), release);
    const status = (message: string) => {
      log.status(message);
    };
    try {
      const parts = {
        kube: session.kube,
        store,
        dataPlane,
        progress: status,
      };
      await note("workload-up");
      await mustBeSigned(store, wish, signal);
      const passed = await verifyColor(parts, { color, healthPath, smoke, deadlineMs: HEALTH_DEADLINE_MS }, signal);
      const relied = await askContracts(session, store, wish, parts.progress, signal);
      await note("verification-passed");
      await survive(session, store, wish, note, signal, log);
      await store.markProven(color, release);
      await note("proven");
      log.status(`${color} is healthy, ${passed} smoke tests passed${relied}`);
      return inputs;
    } catch (error) {
      if (error instanceof Inconclusive)
        throw new Error(
          `${wish.service}: ${messageOf(error)}. That says nothing about ${tag} (${release}): it is not held, and no traffic was moved. Deploy it again`,
          { cause: error },
        );
      if (!(error instanceof GateFailure)) throw error;
      const act = { at: new Date().toISOString(), by: describeHolder(thisProcess()), reason: error.message };
      const { actual } = await store.read();
      // Proving the live color again and failing says something about now, not about the release: it is not held.
      if (actual.live !== color) {
        await store.updateRecord((record) => withFailure(record, { id: release, tag }, act));
        const warn = (message: string) => {
          log.warn(message);
        };
        await session.recorder(store, warn)?.settle();
      }
      const held = new Error(
        `${wish.service}: ${messageOf(error)}; no traffic was moved, ${tag} (${release}) is held`,
        { cause: error },
      );
      const lease = session.held(store);
      throw lease ? await withDowns({ session, store, lease, progress: status }, held, signal) : held;
    }
  };
  return {
    check: ({ news }) => ({ inputs: news, failures: inputFailures(verificationInputs, news) }),
    diff: ({ olds, news }) => movedProperties(olds, news),
    async create({ inputs, preview, signal, log }) {
      if (preview) return { id: "", outputs: inputs, refreshBeforeUpdate: true };
      const id = resourceId(parseInputs(verificationInputs, inputs));
      return { id, outputs: await prove(inputs, signal, log), refreshBeforeUpdate: true };
    },
    async update({ inputs, preview, signal, log }) {
      return { outputs: preview ? inputs : await prove(inputs, signal, log), refreshBeforeUpdate: true };
    },
    async read({ id, inputs, olds }) {
      const { namespace, service } = splitId(id);
      const { actual } = await session.store(service, namespace).read();
      const live = liveRelease(actual);
      if (!live) return undefined; // nothing is live, so nothing counts as proven
      return { id, inputs: { ...inputs, ...live }, outputs: { ...olds, ...live }, refreshBeforeUpdate: true };
    },
    delete: () => undefined,
  };
}

/**
 * What stands on the color is verified as it stands there, whatever this update meant to put there.
 * @throws Refusal: the release is not to blame for who signed it, and is not held. Inconclusive when the registry is silent.
 */
async function mustBeSigned(
  store: RolloutStore,
  { signed, color, service, tag }: VerificationInputs,
  signal: AbortSignal,
): Promise<void> {
  if (signed === undefined) return;
  const image = (await store.read()).actual.colors[color]?.release.image;
  if (image === undefined) throw new Inconclusive(`${color} stands there without an image that could be verified`);
  const verdict = await verify(image, await keysOf(signed), signed, signal).catch((error: unknown) => {
    if (error instanceof RegistryUnreachable) throw new Inconclusive(messageOf(error));
    throw error;
  });
  if (!verdict.ok) throw new Refusal(`${service}: ${verdict.message}. No traffic was moved; ${tag} is not held for it`);
}

/** What it relies on of others, and others of it. @returns words on what was asked, empty for nothing. */
async function askContracts(
  session: Session,
  store: RolloutStore,
  { service, namespace, gatewayAddress, host, color, examples = {}, dependents = [] }: VerificationInputs,
  progress: (message: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const asked = { service, namespace, gatewayAddress, progress };
  const fact = (await store.read()).actual.colors[color];
  const proven = fact ? await askNeeded(session, fact.release, examples, asked, signal) : undefined;
  if (proven) await store.markProvenWith(color, proven);
  const passed = await askForDependents(session, { store, color, host, dependents }, asked, signal);
  return [...describeProvenWith(proven), ...(passed === 0 ? [] : [`${passed} examples of others passed`])]
    .map((words) => `, ${words}`)
    .join("");
}

/** Chaos, where it is asked for and the color has no traffic. What came through it once is not tried in the same way again. */
async function survive(
  session: Session,
  store: RolloutStore,
  wish: VerificationInputs,
  note: Note,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  if (wish.chaos === undefined) return;
  const { service, color, release, namespace, gatewayAddress, host, healthPath } = wish;
  const { startupSeconds, ...gate } = wish.chaos;
  const proof = proofOf(release, gate);
  if ((await store.chaosProof(color)) === proof) {
    log.info(`${service}: ${color} came through chaos before, with this release and these settings`);
    return;
  }
  // Users are there already: a live color that is only proven again is left alone.
  if ((await store.read()).actual.live === color) return;
  const lost = session.held(store)?.lost ?? NEVER;
  const place = { session, namespace, gatewayAddress };
  const target = { name: service, host, healthPath, startupSeconds };
  const progress = (line: string) => {
    log.status(`chaos ${line.trim()}`);
  };
  let seen: string;
  try {
    seen = await tryByChaos(place, target, color, gate, AbortSignal.any([signal, lost]), progress);
  } catch (error) {
    if (!lost.aborted || signal.aborted) throw error;
    throw new Refusal(`${service}: ${messageOf(lost.reason)}, so chaos ended; no traffic was moved, nothing is held`);
  }
  await store.markChaos(color, proof);
  await note("chaos-survived");
  log.info(`${service}: ${color} came through ${seen}`);
}

const NEVER = new AbortController().signal;
