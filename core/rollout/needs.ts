import { describeContract, offers } from "../service/contract";
import { describeRelease, type Release } from "./release";

/** Service -> the release that is live, or is to be; services without one are left out. */
export type LiveReleases = ReadonlyMap<string, Release>;

/** A release that asks a service which does not answer it as it needs. */
export interface BrokenNeed {
  readonly service: string;
  readonly release: Release;
  readonly needed: string;
  /** Contract version that it needs. */
  readonly contract: string | undefined;
  /** What is live of the needed service; `undefined` when nothing is. */
  readonly found: Release | undefined;
}

/** Every need of these releases that is not met among them. */
export function brokenNeeds(live: LiveReleases): BrokenNeed[] {
  return [...live].flatMap(([service, release]) => needsUnmet(service, release, live));
}

/** The needs of one release that are not met by what is live. */
export function needsUnmet(service: string, release: Release, live: LiveReleases): BrokenNeed[] {
  return Object.entries(release.spec.needs ?? {}).flatMap(([needed, { contract }]) => {
    const found = live.get(needed);
    if (found && offers(found.spec.contract, contract)) return [];
    return [{ service, release, needed, contract, found }];
  });
}

/** What a change of the live releases breaks: needs that are met now, and would not be any more. */
export function newlyBroken(now: LiveReleases, then: LiveReleases): BrokenNeed[] {
  const before = brokenNeeds(now);
  return brokenNeeds(then).filter(
    (one) =>
      !before.some(
        (other) => other.service === one.service && other.release.id === one.release.id && other.needed === one.needed,
      ),
  );
}

/** `benefits-api v2 (3f1c…) needs drought-benefit by contract 1.1, and 2026.1 (9ab0…) answers by contract 1.0` */
export function describeBrokenNeed({ service, release, needed, contract, found }: BrokenNeed): string {
  const by = contract === undefined ? "" : ` by contract ${contract}`;
  const instead = found
    ? `${describeRelease(found)} answers by ${describeContract(found.spec.contract)}`
    : "no release of it is live";
  return `${service} ${describeRelease(release)} needs ${needed}${by}, and ${instead}`;
}

/**
 * What stands against a plan for all services of a stack, each with what to do. Needed services move first, so a release
 * that is live must also live with what its needed services become before it is replaced.
 * @param now what is live. @param then what is to be live.
 */
export function planProblems(now: LiveReleases, then: LiveReleases): string[] {
  const broken = brokenNeeds(then).filter(({ service, release, needed }) => {
    // What is broken already and stays as it is is not this plan's doing.
    const untouched = now.get(service)?.id === release.id && now.get(needed)?.id === then.get(needed)?.id;
    return !untouched;
  });
  const atEnd = broken.map((need) => `${describeBrokenNeed(need)}. ${wayOut(need, now)}`);
  const onTheWay = [...now].flatMap(([service, release]) => {
    if (then.get(service)?.id === release.id) return [];
    const met = needsUnmet(service, release, now);
    return needsUnmet(service, release, new Map([...now, ...then]))
      .filter((need) => !met.some((other) => other.needed === need.needed))
      .map(
        (need) =>
          `${need.needed} moves first, and ${describeBrokenNeed(need)}. Let one release of ${need.needed} answer by both ` +
          `contracts (contract: ["${need.contract ?? ""}", …]), and drop the older one when nobody needs it any more`,
      );
  });
  return [...atEnd, ...onTheWay];
}

function wayOut({ service, release, needed, contract, found }: BrokenNeed, now: LiveReleases): string {
  const isLive = now.get(service)?.id === release.id;
  if (isLive) return `Bring ${service} to a release that does without first, or both back together`;
  if (!found) return `Deploy ${needed} too, or first`;
  return `Deploy a release of ${needed} that answers by contract ${contract ?? ""}, or correct needs`;
}
