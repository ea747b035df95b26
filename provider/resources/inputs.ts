import { z } from "zod";
import { accountWaySchema } from "../../core/account/way";
import { MODES } from "../../core/chaos/options";
import { trustSchema } from "../../core/attest/wish";
import { workSchema } from "../../core/migrations/note";
import { COLORS } from "../../core/rollout/color";
import { FASTEST_SYNTHETIC, strategyProblems } from "../../core/rollout/strategy";
import { smokeTestSchema } from "../../core/service/smoke";
import { approvalSchema } from "../../core/source/rules";
import { containsUnknown, isProperties, isUnknown, reveal, type Properties } from "../../platform/rpc/values";

const name = z.string().min(1);
const color = z.enum(COLORS);
export const gate = z.strictObject({
  name,
  query: name,
  comparison: z.enum(["<", "<=", ">", ">="]),
  limit: z.number(),
  relativeTo: z.enum(["value", "live"]),
  kind: z.enum(["share", "measure"]),
  proof: name.exactOptional(),
  floor: z.number().exactOptional(),
  everySeconds: z.number().positive(),
  withinSeconds: z.number().positive(),
  consecutive: z.number().int().min(1),
  minSamples: z.number().int().min(1),
  unit: z.string().exactOptional(),
});
/** Where a freeze is asked for; see core/freeze/place.ts. */
export const freezePlace = z.strictObject({
  stack: name,
  file: name.exactOptional(),
  account: accountWaySchema.exactOptional(),
  midMove: z.enum(["hold", "restore"]),
});
const serviceKey = { service: name, namespace: name };

export const leaseInputs = z.strictObject({
  ...serviceKey,
  /** Color that is to be live when the update is done. */
  color,
  release: name,
  seen: color.nullable(),
  takeOver: z.boolean(),
  /** The color gets another release: what stands there is taken away first. */
  empties: z.boolean(),
  host: name,
  gatewayAddress: name,
  healthPath: name,
  /** Pods that the idle color will need, and what each asks for. */
  needs: z.strictObject({ replicas: z.number().int().min(0), cpu: name, memory: name }),
  /** Absent for a way back, and in states older than it. */
  freeze: freezePlace.exactOptional(),
});
export type LeaseInputs = z.infer<typeof leaseInputs>;

export const migrationInputs = z.strictObject({
  ...serviceKey,
  color,
  release: name,
  /** Label of the release, for messages. */
  tag: name,
  freeze: freezePlace.exactOptional(),
  /** Absent: the release has none; what others owe is done all the same. */
  work: workSchema.exactOptional(),
});

export const verificationInputs = z.strictObject({
  ...serviceKey,
  color,
  release: name,
  tag: name,
  host: name,
  gatewayAddress: name,
  healthPath: name,
  smoke: z.array(smokeTestSchema).min(1),
  /** Needed service -> what is relied on there. */
  examples: z.record(z.string(), z.array(smokeTestSchema)).exactOptional(),
  /** Services that may need this one: what they rely on is asked too. */
  dependents: z.array(name).exactOptional(),
  /** Absent where nothing is signed, and for a way back. */
  signed: trustSchema.exactOptional(),
  /** Younger than states in use. */
  chaos: z
    .strictObject({
      seconds: z.number().positive(),
      killShare: z.number().gt(0).max(1),
      everySeconds: z.number().positive(),
      minAvailability: z.number().gt(0).max(1),
      requestsPerSecond: z.number().positive(),
      mode: z.enum(MODES),
      /** How long a new pod may take until it answers. */
      startupSeconds: z.number().positive(),
    })
    .exactOptional(),
});
export type VerificationInputs = z.infer<typeof verificationInputs>;

/** A move that a pod of the cluster makes; see core/rollout/recordSchema.ts. */
const schedule = z.strictObject({
  at: z.iso.datetime(),
  zone: name,
  text: name,
  color,
  release: name,
  tag: name,
  onFreeze: z.enum(["fire", "expire"]),
  expiresAfterSeconds: z.number().positive(),
  graceSeconds: z.number().positive(),
});

/** Keys with a default are younger than states in use: a refresh reads those again. */
export const switchInputs = z.strictObject({
  ...serviceKey,
  hostnames: z.array(name).min(1),
  gateway: z.strictObject({
    name,
    namespace: name,
    address: name,
    section: name.optional(),
    /** What holds the service's https listener, in its namespace. Younger than states in use. */
    https: z.strictObject({ kind: z.enum(["Gateway", "ListenerSet"]), name }).exactOptional(),
  }),
  live: color,
  release: name,
  seen: color.nullable(),
  probePath: name,
  intent: z.enum(["deploy", "rollback"]),
  steps: z
    .array(
      z.strictObject({
        weight: z.number(),
        holdSeconds: z.number(),
        gates: z.array(z.string()).default([]),
        pauseSeconds: z.number().exactOptional(),
        syntheticPerSecond: z.number().min(1).max(FASTEST_SYNTHETIC).exactOptional(),
      }),
    )
    .superRefine((steps, context) => {
      for (const message of strategyProblems(steps)) context.addIssue({ code: "custom", message });
    }),
  /** What the steps name. */
  gates: z.array(gate).default([]),
  /** What synthetic load asks, where a step sends any. */
  syntheticRequests: z
    .array(
      z.strictObject({
        method: name,
        path: name,
        headers: z.record(z.string(), z.string()),
        body: z.string().exactOptional(),
      }),
    )
    .min(1)
    .exactOptional(),
  /** Where Prometheus is reached from here. */
  prometheus: z.string().default(""),
  /** Set when the move stops on its way or waits for its instant: what pods see it to its end, and what they reach. */
  watcher: z
    .strictObject({
      /** Of the runner, by digest; empty: made and pushed by the local platform. */
      image: z.string(),
      gateway: name,
      prometheus: name,
    })
    .exactOptional(),
  /** Share that the other color keeps, when a move is parked and stays so. */
  parkedShare: z.number().int().min(1).max(99).exactOptional(),
  /** How users stay on their color while the traffic is divided. */
  affinity: z.enum(["cookie"]).exactOptional(),
  /** Set: `live` stays so, and this release gets the traffic at an instant; the steps above are those of that move. */
  schedule: schedule.exactOptional(),
  /** Set: no traffic moves without the word of the policy pack on this plan. */
  production: z.boolean().exactOptional(),
  /** Set: no traffic moves unless somebody's role was asked for, and may deploy. */
  permission: z.boolean().exactOptional(),
  takeOver: z.boolean(),
  retry: z.boolean(),
  /** Computed by Check: what the pointer to the live configuration is to be; `wrong` only ever comes from a read. */
  pointer: z.enum(["right", "wrong"]).optional(),
  /** Absent for a way back, and in states older than it. */
  freeze: freezePlace.exactOptional(),
  /** Only told to the ledger: another commit with the same release is no change. */
  approval: approvalSchema.exactOptional(),
  /** Computed by Check, so that a difference to the route shows as a change of a known input. */
  weights: z.strictObject({ blue: z.number(), green: z.number() }).optional(),
});
export type SwitchInputs = z.infer<typeof switchInputs>;

export interface InputFailure {
  readonly property: string;
  readonly reason: string;
}

/** All that is wrong with the inputs; unknown values pass, they come back when they are known. */
export function inputFailures(schema: z.ZodType, news: Properties): InputFailure[] {
  const parsed = schema.safeParse(reveal(news));
  if (parsed.success) return [];
  return parsed.error.issues
    .filter((issue) => !isUnknownAt(news, issue.path))
    .map((issue) => ({ property: issue.path.join("."), reason: issue.message }));
}

/** @throws Error naming the property: a bad input here was let through by Check and is a bug. */
export function parseInputs<T>(schema: z.ZodType<T>, inputs: Properties): T {
  const parsed = schema.safeParse(reveal(inputs));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`input ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}

function isUnknownAt(news: Properties, path: readonly PropertyKey[]): boolean {
  let at: unknown = news;
  for (const key of path) {
    if (isUnknown(at) || !isProperties(at)) break;
    at = at[String(key)];
  }
  return isUnknown(at) || (isProperties(at) && containsUnknown(at));
}
