import { closest } from "../service/closest";
import { anyText, duration, field, mapWith } from "../service/field";
import { describeValue, type Problem } from "../service/problem";

/** The order in which members (services, accounts, stacks) are updated. */
export interface Waves {
  /** Names by wave; members of one wave are updated beside each other. */
  readonly order: readonly (readonly string[])[];
  /** How long a wave is watched before the next one begins. */
  readonly soakSeconds: number;
}

const name = anyText("write the name of a service");

const order = field(
  {
    allowed: "a list of waves, each a list of names, such as [[usda], [epa, doi]]",
    advice: "write the names of one wave in one list",
  },
  (value) => {
    if (!Array.isArray(value) || value.length === 0) return undefined;
    const waves = value.map((wave: unknown) =>
      Array.isArray(wave) && wave.length > 0
        ? wave.map((one: unknown) => name.safeParse(one)).flatMap(({ data }) => data ?? [])
        : [],
    );
    const whole = waves.every((wave, index) => wave.length > 0 && wave.length === (value[index] as unknown[]).length);
    return whole ? waves : undefined;
  },
);

/**
 * `hms:waves` of a stack file. How many may fail is none of its keys: in one stack the engine begins nothing more after the
 * first failure.
 */
export const wavesSchema = mapWith({
  order,
  soak: duration(0, 86_400, "say how long a wave is watched before the next one begins").default(0),
}).transform(({ order: waves, soak: soakSeconds }): Waves => ({ order: waves, soakSeconds }));

/**
 * What is wrong with the waves of a stack: each member is in exactly one, and what it needs is in no later one.
 * @param needs what each member needs, by name.
 */
export function wavesProblems(waves: Waves, needs: ReadonlyMap<string, readonly string[]>): readonly Problem[] {
  const members = [...needs.keys()];
  const known = `one of ${members.join(", ")}`;
  const met = new Map<string, number>();
  const problems: Problem[] = [];
  waves.order.forEach((wave, index) => {
    wave.forEach((member, place) => {
      const path = ["waves", "order", index, place];
      const meant = closest(member, members);
      if (!needs.has(member)) {
        const advice = meant === undefined ? "name a member of this stack" : `did you mean ${meant}?`;
        problems.push({ path, got: describeValue(member), allowed: known, advice });
      } else if (met.has(member)) {
        const got = `${describeValue(member)} for the second time`;
        problems.push({ path, got, allowed: "each name once", advice: "remove one of the two" });
      }
      met.set(member, met.get(member) ?? index);
    });
  });
  for (const member of members.filter((one) => !met.has(one)))
    problems.push({
      path: ["waves", "order"],
      got: `waves without ${describeValue(member)}`,
      allowed: "every member of the stack in one of the waves",
      advice: "add it, to the last wave if nothing speaks for another",
    });
  for (const [member, others] of needs)
    for (const other of others) {
      const [own = 0, needed = 0] = [met.get(member), met.get(other)];
      if (needed > own)
        problems.push({
          path: ["waves", "order"],
          got: `${describeValue(member)} in wave ${own + 1}, and ${describeValue(other)}, which it needs, in wave ${needed + 1}`,
          allowed: "what is needed in the same wave or an earlier one",
          advice: "move one of the two",
        });
    }
  return problems;
}

/** Members in their waves, those of one wave in the order in which they came; without waves all are one. */
export function inWaves<T>(members: readonly T[], nameOf: (member: T) => string, waves: Waves | undefined): T[][] {
  if (waves === undefined) return members.length === 0 ? [] : [[...members]];
  const sorted = waves.order.map((wave) => members.filter((member) => wave.includes(nameOf(member))));
  return sorted.filter((wave) => wave.length > 0);
}

/**
 * Waves as a command line says them: `usda; epa, doi` are two.
 * @returns `undefined` for a text with an empty wave or with a name twice.
 */
export function parseWaves(text: string): readonly (readonly string[])[] | undefined {
  const waves = text.split(";").map((wave) => wave.split(",").map((one) => one.trim()));
  const names = waves.flat();
  return names.includes("") || new Set(names).size < names.length ? undefined : waves;
}
