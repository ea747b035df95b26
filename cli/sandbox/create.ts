import type { SandboxConfig } from "../../config/sandbox";
import { capProblems } from "../../core/sandbox/caps";
import type { SandboxIdentity } from "../../core/sandbox/identity";
import { newLease, readTtl } from "../../core/sandbox/lease";
import { countedOf, type SeenSandbox } from "../../core/sandbox/seen";
import { durationText } from "../../core/service/duration";
import { RESERVED_PATH } from "../../core/sharing/names";
import { problemText } from "../../core/service/problem";
import { RefusedError } from "../../platform/errors";
import { UsageError } from "../command";
import { untilItAnswers } from "./answers";
import { update, type Engine } from "./engine";
import { chooseImages, type ImageWish } from "./images";
import { refuseProtected, standingSandboxes, urlOf, type SandboxPlace } from "./place";
import { readStackFile, wishesIn, writeStackFile, type ServiceWishes } from "./stackFile";

export interface CreateWish extends ImageWish {
  readonly name: string;
  readonly owner?: string | undefined;
  readonly purpose?: string | undefined;
  readonly ttl?: string | undefined;
  /** Id of a snapshot. @default - the newest one */
  readonly snapshot?: string | undefined;
}

/** Contract of `hms-sbx create --json`: keys are added, never renamed. */
export interface CreatedSandbox {
  readonly name: string;
  readonly url: string;
  readonly owner: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly snapshot: string;
  /** Image of each service, or the folder that it is built from. */
  readonly services: ServiceWishes;
}

export interface CreatePlan {
  readonly identity: SandboxIdentity;
  readonly services: ServiceWishes;
  /** Whether some of it stands already. */
  readonly goesOn: boolean;
}

/**
 * What a creation would do; a sandbox of that name that is there, or half there, goes on as it was begun.
 * @throws RefusedError with every reason against it.
 */
export async function planCreate(
  place: SandboxPlace,
  wish: CreateWish,
  defaultOwner: string,
  resolveSnapshot: () => Promise<string>,
  signal: AbortSignal,
): Promise<CreatePlan> {
  const { name } = wish;
  refuseProtected(place, name);
  const { limits, defaultTtl, caps } = place.common;
  const ttl = wish.ttl === undefined ? undefined : readTtl(wish.ttl, limits);
  if (ttl && !ttl.ok) throw new UsageError(ttl.problems.map((one) => `--${problemText(one)}`).join("; "));
  const file = readStackFile(place, name);
  const standing = await standingSandboxes(place, signal);
  const own = standing.find((one) => one.name === name);
  const before = begun(file, own);
  const now = new Date();
  refuseOther(name, before, own, wish, now);
  const identity: SandboxIdentity = before ?? {
    name,
    owner: wish.owner ?? defaultOwner,
    purpose: wish.purpose ?? "not said",
    ...newLease(now, ttl?.value ?? defaultTtl),
    snapshot: wish.snapshot ?? (await resolveSnapshot()),
    changed: "not said",
  };
  const counted = standing.filter(({ leaving }) => !leaving).map((one) => countedOf(one, limits));
  const problems = capProblems(caps, counted, identity);
  if (problems.length > 0) throw new RefusedError(problems.join("\n"));
  // Begun with one release, it is not finished with another: only what is asked for now changes it.
  const kept = wishesIn(place, name);
  const asks = wish.tag !== undefined || wish.source !== undefined || Object.keys(kept).length === 0;
  const services = asks ? { ...kept, ...(await chooseImages(place, wish, signal)) } : kept;
  return { identity: { ...identity, changed: changedText(services) }, services, goesOn: before !== undefined };
}

/** @throws RefusedError with the engine's reason, and what to do. */
export async function create(
  place: SandboxPlace,
  { identity, services }: CreatePlan,
  engine: Engine,
): Promise<CreatedSandbox> {
  const { name, owner, createdAt, expiresAt, snapshot } = identity;
  const { gateway, domain, paths } = place.common;
  writeStackFile(place, identity, services);
  try {
    await update(engine, name);
    // Behind the gate each of its paths would be answered by the gate, which notes whom it refuses.
    const asked = place.common.review ? [`${RESERVED_PATH}/`] : Object.values(paths).flat();
    await untilItAnswers(gateway.address, `${name}.${domain}`, asked, engine.signal);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const next = `go on with: hms-sbx create --name ${name}; or take it away with: hms-sbx destroy ${name}`;
    throw new RefusedError(`${name}: ${error.message}\n${next}`);
  }
  const times = { createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString() };
  return { name, url: urlOf(place, name), owner, ...times, snapshot, services };
}

/** Who it was begun for: by its file here, or by its labels when it was begun elsewhere. */
function begun(file: SandboxConfig | undefined, own: SeenSandbox | undefined): SandboxIdentity | undefined {
  const seen = own?.identity;
  if (!file) return seen;
  return seen && seen.expiresAt > file.identity.expiresAt
    ? { ...file.identity, expiresAt: seen.expiresAt }
    : file.identity;
}

function refuseOther(
  name: string,
  before: SandboxIdentity | undefined,
  own: SeenSandbox | undefined,
  wish: CreateWish,
  now: Date,
): void {
  if (own?.leaving === true)
    throw new RefusedError(`sandbox ${name} is being destroyed; wait until it is gone (hms-sbx destroy ${name})`);
  if (own && !own.identity)
    throw new RefusedError(`sandbox ${name}: ${own.problems.join("; ")}. Destroy it: hms-sbx destroy ${name}`);
  if (!before) return;
  const owner = own?.owner ?? before.owner;
  if (wish.owner !== undefined && wish.owner !== owner)
    throw new RefusedError(`sandbox ${name} belongs to ${owner}, not to ${wish.owner}; choose another --name`);
  if (before.expiresAt <= now)
    throw new RefusedError(
      `sandbox ${name} ended at ${before.expiresAt.toISOString()}. Destroy it, then create it anew: hms-sbx destroy ${name}`,
    );
  if (wish.snapshot !== undefined && wish.snapshot !== before.snapshot)
    throw new RefusedError(
      `sandbox ${name} has a clone of ${before.snapshot}, which is not exchanged for ${wish.snapshot}; choose another --name`,
    );
}

const changedText = (services: ServiceWishes): string =>
  Object.entries(services)
    .map(([name, { tag, image, source }]) => `${name} ${tag ?? image?.slice(-12) ?? source ?? ""}`.trim())
    .join(", ");

/** What a creation would do, for people. */
export function planText({ identity, services, goesOn }: CreatePlan, url: string): string {
  const seconds = Math.round((identity.expiresAt.getTime() - identity.createdAt.getTime()) / 1000);
  return [
    `${goesOn ? "goes on with" : "makes"} sandbox ${identity.name} of ${identity.owner}, until ${identity.expiresAt.toISOString()} (${durationText(seconds)})`,
    `  address   ${url}`,
    `  snapshot  ${identity.snapshot}`,
    ...Object.entries(services).map(([name, { image, source, tag }]) => {
      const label = tag === undefined ? "" : ` (${tag})`;
      return `  ${name}  ${image ?? `built from ${source ?? "its sources"}`}${label}`;
    }),
  ].join("\n");
}
