import { countSteps, type Counts } from "./counts";
import type { Op, PolicyResult, SeenPreview, Step } from "./events";
import { keyOf, type PlanFacts, type ServiceFacts } from "./facts";

/** A resource that changes. */
export interface Change {
  readonly op: Exclude<Op, "same" | "read">;
  readonly type: string;
  readonly name: string;
  readonly account: string | null;
  readonly service: string | null;
  /** Paths of what changes. */
  readonly changed: readonly string[];
}

/** A change that takes something away. */
export interface Danger extends Change {
  /** Protected resources are refused by the engine. */
  readonly protected: boolean;
  /** Paths that force a replacement. */
  readonly replacedFor: readonly string[];
}

/** What a scan said of an image, as a listed key attested it beside the image. */
export interface ImageVerdict {
  readonly verdict: "pass" | "fail" | "stale" | "error";
  readonly scanner: string;
  /** One sentence: counts, or why there is none. */
  readonly text: string;
}

export interface ServicePreview extends ServiceFacts {
  readonly changes: readonly Change[];
  /** Of the image that is live after this update; `null` where none is attested, or the update builds it. */
  readonly scan: ImageVerdict | null;
}

/** Contract of `hms preview --format json`: keys are added, never renamed. */
export interface PreviewDocument {
  readonly stack: string;
  /** What is approved and applied; `null` when the preview was refused. */
  readonly digest: string | null;
  readonly result: "changes" | "none" | "refused";
  /** Why it is refused: the program, the engine or a policy says no. */
  readonly refused: readonly string[];
  readonly dangers: readonly Danger[];
  readonly services: readonly ServicePreview[];
  /** What belongs to no service. */
  readonly others: readonly Change[];
  readonly policies: { readonly packs: Readonly<Record<string, string>>; readonly results: readonly PolicyResult[] };
  readonly counts: { readonly before: Counts; readonly after: Counts };
  readonly summary: Readonly<Record<Op, number>>;
  readonly warnings: readonly string[];
}

export interface PreviewInput {
  readonly stack: string;
  readonly digest: string | null;
  readonly seen: SeenPreview;
  readonly facts: PlanFacts;
  /** Why it failed besides what the events say. */
  readonly failure?: string;
  /** Image by digest -> what was said of it. */
  readonly scans?: ReadonlyMap<string, ImageVerdict>;
}

const SERVICE = "hms:delivery:PolicyService";
const ACCOUNT = "hms:delivery:GovCloudAccount";

/** Puts together what the engine's events and the program's plan say. */
export function previewDocument({ stack, digest, seen, facts, failure, scans }: PreviewInput): PreviewDocument {
  const parents = new Map(seen.steps.map(({ urn, parent }) => [urn, parent]));
  const above: Above = { parents, services: new Map(facts.services.map((service) => [resourceOf(service), service])) };
  const changes = seen.steps.flatMap((step) => changeOf(step, above));
  const denied = seen.policies.filter(({ level }) => level === "mandatory");
  const refused = [
    ...new Set([
      ...seen.errors.filter((text) => !/^(preview|update) failed$/.test(text)),
      ...denied.map(({ policy, message }) => `policy ${policy}: ${message}`),
      ...(failure === undefined || seen.errors.length > 0 ? [] : [failure]),
    ]),
  ];
  const isRefused = refused.length > 0;
  const names = new Set(facts.services.map(keyOf));
  const owner = (change: Change) =>
    change.service === null ? undefined : keyOf({ account: change.account, name: change.service });
  return {
    stack,
    digest: isRefused ? null : digest,
    result: isRefused ? "refused" : changes.length > 0 ? "changes" : "none",
    refused,
    dangers: seen.steps.flatMap((step) => dangerOf(step, above)),
    services: facts.services.map((service) => ({
      ...service,
      changes: changes.filter((change) => owner(change) === keyOf(service)),
      scan: scanOf(service, scans),
    })),
    others: changes.filter((change) => !names.has(owner(change) ?? "")),
    policies: { packs: seen.packs, results: seen.policies },
    counts: countSteps(seen.steps),
    summary: summaryOf(seen.steps),
    warnings: seen.warnings,
  };
}

/** What a resource belongs to is told by what is above it. */
interface Above {
  readonly parents: ReadonlyMap<string, string | undefined>;
  /** Services by the name of their resource. */
  readonly services: ReadonlyMap<string, Pick<ServiceFacts, "account" | "name">>;
}

const resourceOf = ({ account, name }: ServiceFacts): string => (account === null ? name : `${account}-${name}`);

function changeOf(step: Step, above: Above): Change[] {
  const { op, type, name, changed } = step;
  if (op === "same" || op === "read") return [];
  return [{ op, type, name, ...placeOf(step.urn, above), changed }];
}

function placeOf(urn: string, { parents, services }: Above): Pick<Change, "account" | "service"> {
  const resource = nameAbove(urn, SERVICE, parents);
  const service = resource === null ? undefined : services.get(resource);
  if (service) return { account: service.account, service: service.name };
  return { account: nameAbove(urn, ACCOUNT, parents)?.replace(/^hms-/, "") ?? null, service: resource };
}

function dangerOf(step: Step, above: Above): Danger[] {
  if (step.op !== "delete" && step.op !== "replace") return [];
  // A component is only the sum of its parts.
  if (/^hms:delivery:/.test(step.type)) return [];
  return changeOf(step, above).map((change) => ({
    ...change,
    protected: step.protect,
    replacedFor: step.replacedFor,
  }));
}

/** Name of the nearest resource of that type, from `urn` upwards. */
function nameAbove(urn: string, type: string, parents: ReadonlyMap<string, string | undefined>): string | null {
  const met = new Set<string>();
  for (let at: string | undefined = urn; at !== undefined && !met.has(at); at = parents.get(at)) {
    met.add(at);
    const [name = "", types = ""] = at.split("::").reverse();
    if (types.split("$").at(-1) === type) return name;
  }
  return null;
}

function scanOf({ colors, live }: ServiceFacts, scans?: ReadonlyMap<string, ImageVerdict>): ImageVerdict | null {
  const image = colors.after[live.after]?.image;
  return image ? (scans?.get(image) ?? null) : null;
}

function summaryOf(steps: readonly Step[]): Readonly<Record<Op, number>> {
  const summary = { create: 0, update: 0, replace: 0, delete: 0, same: 0, read: 0 };
  for (const { op } of steps) summary[op] += 1;
  return summary;
}
