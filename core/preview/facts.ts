import { z } from "zod";
import { COLORS } from "../rollout/color";

const color = z.enum(COLORS);
const weight = z.number().int().min(0).max(100);
const weights = z.strictObject({ blue: weight, green: weight });

/** What stands on a color, or is to stand there. */
const sideSchema = z.strictObject({
  tag: z.string(),
  /** Id of the release. */
  release: z.string(),
  /** `<repository>@sha256:<digest>`; `null` while it is not built. */
  image: z.string().nullable(),
  proven: z.boolean(),
});

const sides = z.strictObject({ blue: sideSchema.nullable(), green: sideSchema.nullable() });

/**
 * What the program found of a service and decided, from the reads that it plans by. Everything but `notes` is what a
 * plan is held to: a difference means that the world, or the wish, is another one.
 */
export const serviceFactsSchema = z.strictObject({
  name: z.string().min(1),
  /** Logical name of the account; `null` where the stack has none. */
  account: z.string().nullable(),
  namespace: z.string().min(1),
  url: z.string(),
  kind: z.enum(["first", "settled", "switch", "deploy", "scheduled", "parked", "kept", "refused"]),
  intent: z.enum(["deploy", "rollback"]),
  /** One sentence of the plan. */
  why: z.string(),
  live: z.strictObject({ before: color.nullable(), after: color }),
  /** Percent per color; `before` is `null` where there is no route. `after` is where this update leaves them. */
  weights: z.strictObject({ before: weights.nullable(), after: weights.nullable() }),
  /** Shares of the new release on its way, in percent; empty when nothing moves. */
  steps: z.array(weight),
  /** Instant of the move, as ISO 8601. */
  scheduled: z.string().nullable(),
  colors: z.strictObject({ before: sides, after: sides }),
  /** Ids of releases that may not go live by themselves. */
  held: z.array(z.string()),
  /** Remarks of this moment: a freeze, somebody who is moving the traffic. No part of what a plan is held to. */
  notes: z.array(z.string()),
});

export const factsSchema = z.strictObject({ services: z.array(serviceFactsSchema) });

export type SideFacts = Readonly<z.infer<typeof sideSchema>>;
export type ServiceFacts = Readonly<z.infer<typeof serviceFactsSchema>>;
export type PlanFacts = Readonly<z.infer<typeof factsSchema>>;

/** The part of the facts that a plan is held to, in an order that does not depend on when each was read. */
export const heldTo = ({ services }: PlanFacts): readonly Omit<ServiceFacts, "notes">[] =>
  services.map(({ notes: _now, ...rest }) => rest).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

/** Names a service in a stack of several accounts. */
export const keyOf = ({ account, name }: Pick<ServiceFacts, "account" | "name">): string =>
  account === null ? name : `${account}/${name}`;
