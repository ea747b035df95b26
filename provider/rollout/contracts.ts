import type { Color } from "../../core/rollout/color";
import { HEADER } from "../../core/rollout/names";
import { parseProvenWith, type ProvenWith } from "../../core/rollout/provenWith";
import { describeRelease, type Release } from "../../core/rollout/release";
import { probeHeader } from "../../core/rollout/route";
import { judgeResponse, wireRequest, type SmokeTest } from "../../core/service/smoke";
import type { Session } from "../session";
import type { DataPlane } from "./dataPlane";
import { GateFailure, messageOf, Refusal } from "./errors";
import { refuseUnmet } from "./needs";
import type { RolloutStore } from "./store";

/** Examples that a service gives of its needs: needed service -> requests with the answers relied on. */
export type ExamplesByService = Readonly<Record<string, readonly SmokeTest[]>>;

interface Asked {
  readonly service: string;
  readonly namespace: string;
  readonly gatewayAddress: string;
  readonly progress: (message: string) => void;
}

/**
 * Asks each needed service, as it is live, what the release relies on; `undefined` where it needs none.
 * @throws Refusal when a need is not met: that is as much the needed service's doing as the release's.
 */
export async function askNeeded(
  session: Session,
  release: Release,
  examples: ExamplesByService,
  { service, namespace, gatewayAddress, progress }: Asked,
  signal: AbortSignal,
): Promise<ProvenWith | undefined> {
  if (Object.keys(release.spec.needs ?? {}).length === 0) return undefined;
  const live = await refuseUnmet(session, service, release, namespace);
  const needs: Record<string, ProvenWith["needs"][string]> = {};
  for (const [needed, found] of live) {
    const asked = examples[needed] ?? [];
    const { hostnames } = await session.store(needed, namespace).read();
    const dataPlane = session.dataPlane(gatewayAddress, hostnames[0] ?? needed);
    progress(`${asked.length} examples of what ${service} relies on, asked of ${needed}`);
    const wrong = await firstWrong(dataPlane, asked, {}, signal);
    if (wrong !== undefined) {
      throw new Refusal(
        `${service} relies on answers that ${needed} ${describeRelease(found)}, which is live, does not give: ${wrong}. ` +
          `No traffic was moved, nothing is held. Deploy a ${needed} that answers so, or correct the examples`,
      );
    }
    needs[needed] = { release: found.id, tag: found.tag, examples: asked };
  }
  return { release: release.id, needs };
}

interface NewColor {
  readonly store: RolloutStore;
  readonly color: Color;
  /** Name of the service at the gateway. */
  readonly host: string;
  /** Services that may need it. */
  readonly dependents: readonly string[];
}

/**
 * Asks a color that has no traffic yet what the live releases of other services rely on.
 * @throws GateFailure naming who would be broken, and by which answer.
 * @returns how many examples passed.
 */
export async function askForDependents(
  session: Session,
  { store, color, host, dependents }: NewColor,
  { service, namespace, gatewayAddress, progress }: Asked,
  signal: AbortSignal,
): Promise<number> {
  if (dependents.length === 0) return 0;
  const dataPlane = session.dataPlane(gatewayAddress, host);
  const probe = { [HEADER.probe]: probeHeader(color, (await store.probeToken()) ?? "") };
  let passed = 0;
  for (const other of dependents) {
    for (const { release, examples } of await examplesOf(session.store(other, namespace), service)) {
      progress(`${examples.length} examples of what ${other} relies on`);
      const wrong = await firstWrong(dataPlane, examples, probe, signal);
      if (wrong !== undefined)
        throw new GateFailure(`it would break ${other} ${describeRelease(release)}, which is live: ${wrong}`);
      passed += examples.length;
    }
  }
  return passed;
}

/** What those releases of a service that have traffic rely on of `needed`. */
async function examplesOf(store: RolloutStore, needed: string) {
  const { actual } = await store.read();
  const { move } = actual.record;
  const colors = new Set([actual.live, move?.parked ? move.to : null].filter((color) => color !== null));
  const found = await Promise.all(
    [...colors].map(async (color) => {
      const release = actual.colors[color]?.release;
      if (release?.spec.needs?.[needed] === undefined) return [];
      const examples = parseProvenWith(await store.provenWith(color), release.id)?.needs[needed]?.examples;
      return examples === undefined ? [] : [{ release, examples }];
    }),
  );
  return found.flat();
}

async function firstWrong(
  dataPlane: DataPlane,
  examples: readonly SmokeTest[],
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const example of examples) {
    signal.throwIfAborted();
    const wire = wireRequest(example);
    try {
      const answer = await dataPlane.ask({ ...wire, headers: { ...wire.headers, ...headers }, signal });
      const verdict = judgeResponse(example, answer, "example");
      if (!verdict.ok) return verdict.reason;
    } catch (error) {
      signal.throwIfAborted();
      return `example "${example.name}": ${messageOf(error)}`;
    }
  }
  return undefined;
}
