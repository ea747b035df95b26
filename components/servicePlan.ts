import * as pulumi from "@pulumi/pulumi";
import type { TargetConfig } from "../config/targets";
import { BadFiles, readFiles, type ReadFiles } from "../core/configMap/readFiles";
import { canonicalJson } from "../core/canonicalJson";
import type { FreezePlace } from "../core/freeze/place";
import { hashContext } from "../core/release/contextHash";
import { readSourceState } from "../core/release/git";
import { defaultTag } from "../core/release/tag";
import { planRollout, type RolloutPlan, type Wish } from "../core/rollout/plan";
import { unfinishedRollback } from "../core/rollout/record";
import { planSchedule, type Earliest } from "../core/rollout/schedulePlan";
import type { Schedule } from "../core/rollout/scheduled";
import { instantOf } from "../core/schedule/notBefore";
import { describeRelease, releaseOf, type Migration, type Release, type ReleaseSpec } from "../core/rollout/release";
import type { Migrations } from "../core/service/migrations";
import type { ServiceConfig } from "../core/service/service";
import { sha256 } from "../core/sha256";
import type { Approval } from "../core/source/rules";
import { reasonOf } from "../platform/errors";
import { ensureBases, getRollout, type RolloutAnswer } from "../provider/sdkFunctions";
import { planConfigMaps, type ConfigPlan } from "./planConfigMaps";

/** What is wanted of one service, what is, and what follows from both: plain values, so that a program may decide by them. */
export interface ServicePlan {
  /** Whose cluster it goes to; absent where that is the stack's own. */
  readonly account?: string;
  readonly service: ServiceConfig;
  readonly plan: RolloutPlan;
  readonly rollout: RolloutAnswer;
  /** ConfigMaps that its colors need. */
  readonly configMaps: ConfigPlan;
  /** Digest of the build context; `undefined` when the image is named by digest. */
  readonly contextHash: string | undefined;
  /** Tag of the wish, for messages. */
  readonly tag: string;
  readonly intent: "deploy" | "rollback";
  readonly retry: boolean;
  readonly takeOver: boolean;
  /** Percent at which this update parks its move, whatever the strategy says. */
  readonly traffic?: number;
  /** What is to go live at an instant instead of now; it stands proven by then. */
  readonly schedule?: Schedule;
  /** Why what was said of the instant cannot be. */
  readonly scheduleProblem?: string;
  /** What vouches for its source, in a stack that asks. */
  readonly approval?: Approval;
  /** When the plan was made; decides what has been retained long enough. */
  readonly at: Date;
}

/** How messages name a service; with its account where it has one. */
export const labelOf = ({ account, service }: Pick<ServicePlan, "account" | "service">): string =>
  account === undefined ? service.name : `${account}/${service.name}`;

/** Whether a freeze has a word in it: a new release is to go live. Going back is always allowed. */
export const asksFreeze = ({ plan, intent }: Pick<ServicePlan, "plan" | "intent">): boolean =>
  intent === "deploy" && ["first", "switch", "deploy"].includes(plan.kind);

/** Tells, in the engine's own log, what a plan leaves as it is although something else was asked for. */
export function announce(servicePlan: ServicePlan): void {
  const { plan, intent, rollout, configMaps } = servicePlan;
  const name = labelOf(servicePlan);
  for (const warning of configMaps.warnings) void pulumi.log.warn(warning);
  if (intent === "rollback" && plan.kind === "switch" && unfinishedRollback(rollout.actual.record)) {
    void pulumi.log.warn(`${name}: a rollback was interrupted, and is finished now: ${plan.why}`);
  }
  if (rollout.freezeNotice !== null) {
    const back = intent === "rollback" ? "; going back is allowed" : "";
    void pulumi.log.warn(`${name}: ${rollout.freezeNotice}${back}`);
  }
  if (plan.kind === "scheduled") {
    const how = "hms-deploy promote moves it now, hms-deploy abort cancels that";
    void pulumi.log.info(`${name}: ${plan.why}; ${how}`);
  }
  if (plan.kind !== "kept") return;
  void pulumi.log.warn(
    `${name}: ${plan.why}. The live release stays; --retry lifts the hold (plain pulumi: config hms:retry)`,
  );
}

/** Whether pods see a move of this service to its end: it may stop on its way, or has, or waits for its instant. */
export const isWatched = ({ service, traffic, plan, schedule, rollout }: ServicePlan): boolean =>
  (service.strategy?.length ?? 1) > 1 ||
  traffic !== undefined ||
  plan.parkedShare !== undefined ||
  schedule !== undefined ||
  rollout.actual.record.scheduled !== undefined;

/** A stack trace through the engine's protocol helps nobody to mend a kubeconfig. */
const inOneLine =
  (service: string) =>
  (error: unknown): never => {
    throw new pulumi.RunError(`${service}: ${reasonOf(error).replace(/^invocation of \S+ returned an error: /, "")}`);
  };

/**
 * Plans one service from what the cluster says now; `undefined` for one that never went live and is left alone.
 * @param freeze where it is asked for, where it can be asked yet.
 */
export async function planService(
  config: TargetConfig,
  service: ServiceConfig,
  freeze: { readonly freeze?: FreezePlace },
  provider: pulumi.ProviderResource,
): Promise<ServicePlan | undefined> {
  const secrets = [
    ...[service.secrets, service.migrations?.secrets ?? {}].flatMap((own) => Object.values(own)),
    ...keptCertificate(config),
  ];
  const contextHash = service.source && (await hashContext(service.source));
  // A preview builds nothing.
  if (service.source && !pulumi.runtime.isDryRun())
    await ensureBases(service.source, { provider }).catch(inOneLine(service.name));
  const files = await filesOf(service);
  const asked = { service: service.name, namespace: config.namespace, secrets, ...freeze };
  const rollout = await getRollout(asked, { provider }).catch(inOneLine(service.name));
  const pin = config.pins[service.name] ?? interruptedRollback(config, service.name, rollout)?.release.id;
  const left = leftAlone(config, service.name, rollout);
  if (left === "absent") return undefined;
  const goesBack = pin === undefined ? {} : ({ goesBack: true } as const);
  const wish: Wish =
    left !== undefined
      ? { release: left, retry: false, ...goesBack }
      : pin === undefined
        ? { release: await wantedRelease(service, contextHash, files), retry: config.retry.includes(service.name) }
        : { release: pinnedRelease(service.name, pin, rollout), retry: true, ...goesBack };
  const at = new Date();
  // Going back waits for nothing.
  const earliest = left !== undefined || pin !== undefined ? undefined : earliestOf(config, at);
  const plan = planRollout(rollout.actual, earliest ? { ...wish, schedule: saidOf(earliest) } : wish);
  const planned = planSchedule(plan, rollout.actual.record, wish.release, earliest, config.schedule);
  const place = { service: service.name, namespace: config.namespace };
  return {
    ...(config.account === undefined ? {} : { account: config.account }),
    service,
    plan,
    ...(planned.schedule === undefined ? {} : { schedule: planned.schedule }),
    ...(planned.problem === undefined ? {} : { scheduleProblem: planned.problem }),
    rollout,
    configMaps: await planConfigMaps(place, plan, rollout, files?.files, provider),
    contextHash,
    tag: wish.release.tag,
    intent: pin === undefined ? "deploy" : "rollback",
    retry: wish.retry,
    takeOver: config.takeOver.includes(service.name),
    ...(config.traffic === undefined ? {} : { traffic: config.traffic }),
    at,
  };
}

/** A certificate that somebody else keeps must be there before anything is begun. */
const keptCertificate = ({ tls }: TargetConfig) =>
  tls?.kind === "secret" ? ["tls.crt", "tls.key"].map((key) => ({ secret: tls.secret, key })) : [];

const earliestOf = ({ notBefore: said }: TargetConfig, now: Date): Earliest | undefined =>
  said && { said, resolved: instantOf(said, now) };

const saidOf = ({ said: { text }, resolved }: Earliest) => ({
  text,
  ...(resolved.ok ? { at: resolved.at.toISOString() } : {}),
});

/** Whoever went back does not find the release they left live again because they were interrupted; `--retry` means that. */
const interruptedRollback = ({ retry }: TargetConfig, service: string, { actual }: RolloutAnswer) =>
  retry.includes(service) ? undefined : unfinishedRollback(actual.record);

/** The live release of a service that this update is not about; `undefined` for one that it is about. */
function leftAlone({ only }: TargetConfig, service: string, { actual }: RolloutAnswer): Release | "absent" | undefined {
  if (only === undefined || only.includes(service)) return undefined;
  const { move, scheduled } = actual.record;
  // A parked move is left parked, one with an instant waits for it, and a rollback is finished: to wish for the live
  // release would be to give any of them up.
  const left = move?.parked || move?.intent === "rollback" ? move.to : (scheduled?.color ?? actual.live);
  const standing = left && actual.colors[left];
  if (standing) return standing.release;
  if (actual.colors.blue === null && actual.colors.green === null) return "absent";
  throw new pulumi.RunError(
    `${service}: it never went live and a part of it stands; deploy it, or all services, first`,
  );
}

/** @throws pulumi.RunError with everything that is wrong with the files. */
async function filesOf({ name, config, env }: ServiceConfig): Promise<ReadFiles | undefined> {
  try {
    return config && (await readFiles(config, env));
  } catch (error) {
    if (!(error instanceof BadFiles)) throw error;
    throw new pulumi.RunError(error.problems.map((problem) => `${name}: ${problem}`).join("\n"));
  }
}

async function wantedRelease(
  service: ServiceConfig,
  contextHash: string | undefined,
  files: ReadFiles | undefined,
): Promise<Release> {
  const { port, healthPath, env, secrets, resources, longestRequestSeconds, startupSeconds } = service;
  const source = contextHash === undefined ? `image:${service.image ?? ""}` : `context:${contextHash}`;
  const spec = {
    ...{ source, port, healthPath, env, secrets, resources, longestRequestSeconds, startupSeconds },
    ...(files === undefined ? {} : { config: files.config }),
    ...(service.migrations === undefined ? {} : { migration: migrationOf(service.migrations) }),
    ...promisesOf(service),
  };
  return releaseOf(spec, service.tag ?? (await sourceTag(service, contextHash, files)));
}

/** What a release promises, and is promised. Nothing where nothing is said: ids of such releases stay as they are. */
function promisesOf({ contract, needs = {} }: ServiceConfig): Pick<ReleaseSpec, "contract" | "needs"> {
  const named = Object.entries(needs).map(
    ([name, need]) => [name, need.contract === undefined ? {} : { contract: need.contract }] as const,
  );
  return {
    ...(contract === undefined ? {} : { contract }),
    ...(named.length === 0 ? {} : { needs: Object.fromEntries(named) }),
  };
}

const migrationOf = ({ timeout: timeoutSeconds, up, down, ...rest }: Migrations): Migration => ({
  ...rest,
  up: [...up],
  ...(down === undefined ? {} : { down: [...down] }),
  timeoutSeconds,
});

/** Files are a part of the source, also where they are none of the image. */
async function sourceTag(
  { source, image = "" }: ServiceConfig,
  contextHash: string | undefined,
  files: ReadFiles | undefined,
): Promise<string> {
  const digest = files && sha256(canonicalJson(files.config));
  if (!source || contextHash === undefined)
    return [image.slice(-12), ...(digest ? [digest.slice(0, 7)] : [])].join("-");
  const hash = digest === undefined ? contextHash : sha256(contextHash + digest);
  return defaultTag(await readSourceState(source.context), hash);
}

/** A release that was live before, exactly as it was. */
function pinnedRelease(service: string, id: string, { actual }: RolloutAnswer): Release {
  const found = actual.record.deployments.findLast((deployment) => deployment.release.id === id);
  if (found) return found.release;
  const known = actual.record.deployments.map((deployment) => describeRelease(deployment.release)).join(", ");
  throw new pulumi.RunError(`${service}: release ${id} was never live here; known are ${known || "none"}`);
}
