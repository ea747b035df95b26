import { z } from "zod";
import { sessionsSchema } from "./affinity";
import { COLORS } from "./color";
import { boundReleaseSchema } from "./release";

const weight = z.number().int().min(0).max(100);
const weights = z.object({ blue: weight, green: weight });

/** What a gate last said. */
const saidSchema = z.object({
  gate: z.string(),
  value: z.number().nullable(),
  /** Users' requests. */
  samples: z.number().nullable(),
  /** Set: so many synthetic requests stood in for them. */
  synthetic: z.number().exactOptional(),
});

const holdSchema = z.object({
  release: z.string(),
  tag: z.string(),
  /** `rolledBack`: somebody left it. `failed`: a gate said so. */
  kind: z.enum(["rolledBack", "failed"]),
  reason: z.string(),
  at: z.string(),
});

/** A proven release that waits for its instant; weights and live color know nothing of it. */
const scheduledSchema = z.object({
  /** Fencing token of the update that set it: tells it from those before and after. */
  id: z.number().int(),
  /** ISO 8601; the move begins then, and not before. */
  at: z.string(),
  /** Zone that it was said in, and the whole of what was said. */
  zone: z.string(),
  text: z.string(),
  color: z.enum(COLORS),
  release: z.string(),
  tag: z.string(),
  image: z.string(),
  by: z.string(),
  since: z.string(),
  /** What becomes of it when its instant falls into a freeze, and how late it may be then or otherwise. */
  onFreeze: z.enum(["fire", "expire"]),
  expiresAfterSeconds: z.number(),
  graceSeconds: z.number(),
  /** Set: its instant has come, and a freeze holds it. */
  delayed: z.object({ since: z.string(), why: z.string() }).exactOptional(),
});

/**
 * The memory of a service's rollouts. It lives in one annotation of the route, so that one patch changes it together
 * with the weights, and as a copy on the lease for the day the route is gone. `sequence` tells which copy is newer.
 */
export const recordSchema = z.object({
  sequence: z.number().int().min(0),
  /** Fencing token of the last writer; a writer with a smaller one stops. */
  fence: z.number().int().min(0),
  writer: z.string(),
  live: z.enum(COLORS).nullable(),
  /** The weights we last wrote: others on the route are somebody else's. */
  weights,
  /** The release that last went live on each color. */
  colors: z.object({ blue: boundReleaseSchema.nullable(), green: boundReleaseSchema.nullable() }),
  /** Deployments that went live, oldest first; `order` only grows, and going back makes no new one. */
  deployments: z.array(
    z.object({
      order: z.number().int(),
      at: z.string(),
      release: boundReleaseSchema,
      /** Somebody rolled back from it: no rollback goes there, until it is deployed again. */
      left: z.boolean().default(false),
    }),
  ),
  /** `order` of the deployment that is live; 0 before the first. */
  current: z.number().int().min(0),
  /** When the live color last changed (ISO 8601). */
  movedAt: z.string().nullable(),
  holds: z.array(holdSchema),
  /** Set while a move is under way: what to restore if the mover dies. */
  move: z
    .object({
      from: z.enum(COLORS).nullable(),
      to: z.enum(COLORS),
      release: z.string(),
      step: z.number().int(),
      /** Weights that it began with; `null` before anything was public. */
      found: weights.nullable().exactOptional(),
      /** Set: it goes back to a release that was live before. Left or given up, it holds nothing against that one. */
      intent: z.literal("rollback").exactOptional(),
      /** Waits at these weights, on purpose and with nobody moving, until promoted, given up or `until`. */
      parked: z
        .object({
          at: z.string(),
          until: z.string(),
          /** What the gates last said before it was parked. */
          evidence: z.array(saidSchema).default([]),
        })
        .nullable()
        .default(null),
      /** Set while users' sessions stay on their color. */
      sessions: sessionsSchema.exactOptional(),
    })
    .nullable(),
  /** Younger than records in use. */
  scheduled: scheduledSchema.exactOptional(),
  events: z.array(
    z.object({
      at: z.string(),
      /**
       * `failed`: refused before any traffic; `restore`: the traffic was put back. Of a schedule: `scheduled` when it is
       * set, `delayed` when its instant falls into a freeze, `cancelled` by somebody, `expired` without a move.
       */
      kind: z.enum([
        ...["deploy", "rollback", "restore", "failed", "repair", "parked"],
        ...["scheduled", "delayed", "cancelled", "expired"],
      ] as const),
      color: z.enum(COLORS).nullable(),
      release: z.string(),
      tag: z.string(),
      by: z.string(),
      reason: z.string().optional(),
      /** `sequence` of the record that it came with. Like all below it is younger than records in use. */
      sequence: z.number().int().exactOptional(),
      image: z.string().exactOptional(),
      weights: z.object({ before: weights.nullable(), after: weights }).exactOptional(),
      gates: z.array(saidSchema).exactOptional(),
      /** Instant that it was scheduled for. */
      scheduled: z.string().exactOptional(),
    }),
  ),
  /** Events up to this sequence are in the ledger. */
  ledgered: z.number().int().min(0).default(0),
});

export type RolloutRecord = Readonly<z.infer<typeof recordSchema>>;
export type Hold = Readonly<z.infer<typeof holdSchema>>;
/** What a gate last said, as it is kept. */
export type Said = Readonly<z.infer<typeof saidSchema>>;
export type Scheduled = Readonly<z.infer<typeof scheduledSchema>>;
export type RolloutEvent = RolloutRecord["events"][number];
export type Parked = NonNullable<NonNullable<RolloutRecord["move"]>["parked"]>;
export type Deployment = RolloutRecord["deployments"][number];
