import { majority, perColor, sameWeights, type Color, type Weights } from "./color";
import type { ActualRollout, ColorFact } from "./plan";
import { describeProvenWith, parseProvenWith } from "./provenWith";
import { emptyRecord, newerRecord, type RolloutRecord } from "./record";
import { releaseSchema, type BoundRelease, type Release } from "./release";

/** The weighted rule of a service's route, as it stands in the cluster. */
export interface ObservedRoute {
  readonly weights: Weights;
  /** Field manager that last wrote the weights. */
  readonly writer: string;
  readonly record: RolloutRecord | undefined;
}

/** A color's Deployment, as it stands in the cluster. */
export interface ObservedWorkload {
  /** Text of the release annotation. */
  readonly release: string | undefined;
  /** Text of the proven annotation: a release id. */
  readonly proven: string | undefined;
  /** Text of the note beside which needed releases it was proven. */
  readonly provenWith?: string | undefined;
  readonly image: string;
  /** Its pods read the mutable ConfigMap of their color, as an earlier version made them. @default false */
  readonly sharedConfigMap?: boolean;
  readonly ready: number;
  readonly desired: number;
}

export interface Observation {
  readonly route: ObservedRoute | undefined;
  /** The record's copy, for the case that the route is gone. */
  readonly copy: RolloutRecord | undefined;
  readonly workloads: { readonly blue: ObservedWorkload | undefined; readonly green: ObservedWorkload | undefined };
}

/** Puts what was seen together. The route's weights decide what is live; the record only remembers. */
export function actualRollout({ route, copy, workloads }: Observation): ActualRollout {
  const record = newerRecord(route?.record, copy) ?? emptyRecord();
  const live = liveColor(route, record);
  const foreign =
    route && record.live !== null && !sameWeights(route.weights, record.weights)
      ? { weights: route.weights, writer: route.writer }
      : null;
  const fact = (color: Color) => colorFact(workloads[color], record.colors[color]);
  return { live, weights: route?.weights ?? null, foreign, colors: perColor(fact), record };
}

function liveColor(route: ObservedRoute | undefined, record: RolloutRecord): Color | null {
  // Without a route nothing has traffic, but the release that had it is to get it back.
  if (!route) return record.live;
  // In the middle of a move the color that is being left counts as live until the move is done.
  const before = record.move ? record.move.from : record.live;
  return record.move && sameWeights(route.weights, record.weights) ? before : majority(route.weights, before ?? "blue");
}

function colorFact(workload: ObservedWorkload | undefined, remembered: BoundRelease | null): ColorFact | null {
  if (!workload) {
    return remembered && { release: remembered, ready: 0, desired: 0, proven: true, missing: true };
  }
  const release = parseRelease(workload.release) ?? remembered;
  if (!release) return null;
  const provenWith = describeProvenWith(parseProvenWith(workload.provenWith, release.id));
  return {
    release: { ...release, image: workload.image },
    ready: workload.ready,
    desired: workload.desired,
    proven: workload.proven === release.id,
    missing: false,
    ...(workload.sharedConfigMap ? { sharedConfigMap: true } : {}),
    ...(provenWith.length === 0 ? {} : { provenWith }),
  };
}

/** `undefined` for text that is not a release: somebody edited it; the record may know better. */
function parseRelease(text: string | undefined): Release | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = releaseSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
