import { describeBrokenNeed, needsUnmet } from "../../core/rollout/needs";
import { describeRelease, type BoundRelease, type Release } from "../../core/rollout/release";
import type { Session } from "../session";
import { Refusal } from "./errors";
import type { Permit } from "./permit";

type Needing = Pick<Release, "id" | "tag" | "spec">;

/** What is live of each service that a release needs; left out where nothing is. */
export async function liveOfNeeded(
  session: Session,
  release: Needing,
  namespace: string,
): Promise<ReadonlyMap<string, BoundRelease>> {
  const names = Object.keys(release.spec.needs ?? {});
  const found = await Promise.all(
    names.map(async (name) => {
      const { actual } = await session.store(name, namespace).read();
      const live = actual.live && actual.colors[actual.live]?.release;
      return live ? ([[name, live]] as const) : [];
    }),
  );
  return new Map(found.flat());
}

/** @throws Refusal that names every need of the release that what is live does not meet. */
export async function refuseUnmet(
  session: Session,
  service: string,
  release: Needing,
  namespace: string,
): Promise<ReadonlyMap<string, BoundRelease>> {
  const live = await liveOfNeeded(session, release, namespace);
  const unmet = needsUnmet(service, release, live);
  if (unmet.length === 0) return live;
  throw new Refusal(`${unmet.map(describeBrokenNeed).join("; ")}. No traffic was moved, nothing is held`);
}

/**
 * Says no to traffic for a release while a service that it needs does not answer by the contract. Asked before each
 * weight: what is needed may have been rolled back since this release was proven.
 */
export const needsPermit =
  (session: Session): Permit =>
  async ({ service, namespace, release }) => {
    const live = await refuseUnmet(session, service, release, namespace);
    const met = [...live].map(
      ([name, found]) => `${name} is live with ${describeRelease(found)}, as ${service} needs it`,
    );
    return met.length === 0 ? undefined : met.join("; ");
  };
