import { durationText } from "../service/duration";
import type { Lease } from "./lease";

/** What all sandboxes together may be. Absent: no limit. */
export interface Caps {
  readonly maxPerOwner?: number;
  readonly maxInAll?: number;
  /** Of one sandbox. */
  readonly pricePerHour?: number;
  /** What all that stand may cost from their creation to their end, in the price's currency. */
  readonly budget?: number;
}

/** A sandbox as it counts: one whose lease cannot be read counts with the longest one. */
export interface Counted extends Lease {
  readonly name: string;
  readonly owner: string;
}

/**
 * Why one more sandbox, or a longer lease of one, would be too much, each with its arithmetic.
 * @param standing all sandboxes; one of the same name is the wanted one as it was before.
 */
export function capProblems(caps: Caps, standing: readonly Counted[], wanted: Counted): readonly string[] {
  const others = standing.filter(({ name }) => name !== wanted.name);
  const own = others.filter(({ owner }) => owner === wanted.owner);
  // A sandbox that stands already is one of those that were counted when it came.
  const isNew = others.length === standing.length;
  return [
    ...(isNew ? tooMany(own, caps.maxPerOwner, `of ${wanted.owner}`, "maxPerOwner") : []),
    ...(isNew ? tooMany(others, caps.maxInAll, "in all", "maxInAll") : []),
    ...tooDear(caps, others, wanted),
  ];
}

function tooMany(there: readonly Counted[], most: number | undefined, whose: string, key: string): readonly string[] {
  if (most === undefined || there.length + 1 <= most) return [];
  const names = there.map(({ name }) => name).sort();
  const shown =
    names.length > SHOWN ? `${names.slice(0, SHOWN).join(", ")} and ${names.length - SHOWN} more` : names.join(", ");
  return [
    `sandboxes ${whose}: ${there.length} stand${shown === "" ? "" : ` (${shown})`} + 1 = ${there.length + 1}, ` +
      `allowed are ${most} (${key}); destroy one first (hms-sbx list)`,
  ];
}
const SHOWN = 10;

function tooDear({ pricePerHour, budget }: Caps, others: readonly Counted[], wanted: Counted): readonly string[] {
  if (pricePerHour === undefined || budget === undefined) return [];
  const seconds = [...others, wanted].map(({ createdAt, expiresAt }) =>
    Math.max(0, (expiresAt.getTime() - createdAt.getTime()) / 1000),
  );
  const last = seconds.at(-1) ?? 0;
  const before = seconds.slice(0, -1).reduce((sum, one) => sum + one, 0);
  const cost = cents(((before + last) / 3600) * pricePerHour);
  if (cost <= cents(budget)) return [];
  return [
    `budget: ${pricePerHour} per hour x (${hours(before)} of ${others.length} that stand + ${hours(last)} of ${wanted.name}) ` +
      `= ${(cost / 100).toFixed(2)}, allowed is ${budget.toFixed(2)} (budget); ask for a shorter --ttl than ` +
      `${durationText(last)}, or destroy one first (hms-sbx list)`,
  ];
}

/** Whole cents, rounded up: a budget is not exceeded by fractions. */
const cents = (amount: number): number => Math.ceil(amount * 100 - 1e-6);

const hours = (seconds: number): string => `${Number((seconds / 3600).toFixed(2))} h`;
