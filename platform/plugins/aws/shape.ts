/** Nested values in the program's spelling and in a service's: one description for both directions. */
import { isProperties, type Value } from "../../rpc";

/** The service's name of each property, with the shape below it where there is one. */
export interface Shape {
  readonly [property: string]: string | readonly [name: string, below: Shape];
}

const nameOf = (entry: Shape[string]): string => (typeof entry === "string" ? entry : entry[0]);
const belowOf = (entry: Shape[string]): Shape | undefined => (typeof entry === "string" ? undefined : entry[1]);

/** As the service wants it. */
export function toService(value: Value | undefined, shape: Shape): Value | undefined {
  if (Array.isArray(value)) return value.map((item) => toService(item, shape) ?? null);
  if (!isProperties(value)) return value;
  return renamed(value, (name) => {
    const entry = shape[name];
    return entry === undefined ? undefined : [nameOf(entry), belowOf(entry), toService];
  });
}

/** As the program writes it; what the shape does not have is left out. */
export function fromService(value: Value | undefined, shape: Shape): Value | undefined {
  if (Array.isArray(value)) return value.map((item) => fromService(item, shape) ?? null);
  if (!isProperties(value)) return value;
  const byName = new Map(Object.entries(shape).map(([name, entry]) => [nameOf(entry), [name, entry] as const]));
  return renamed(value, (name) => {
    const known = byName.get(name);
    return known === undefined ? undefined : [known[0], belowOf(known[1]), fromService];
  });
}

type Convert = (value: Value | undefined, shape: Shape) => Value | undefined;

function renamed(
  value: Readonly<Record<string, Value>>,
  entryOf: (name: string) => readonly [name: string, below: Shape | undefined, convert: Convert] | undefined,
): Value {
  const result: Record<string, Value> = {};
  for (const [name, item] of Object.entries(value)) {
    const entry = entryOf(name);
    if (entry === undefined) continue;
    const [to, below, convert] = entry;
    const converted = below === undefined ? item : convert(item, below);
    if (converted !== undefined) result[to] = converted;
  }
  return result;
}

/** Paths of what a value has and the shape has not. */
export function strangersIn(value: Value | undefined, shape: Shape, at = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => strangersIn(item, shape, `${at}[${index}]`));
  if (!isProperties(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const entry = shape[name];
    if (entry === undefined) return [`${at}.${name}`];
    const below = belowOf(entry);
    return below === undefined ? [] : strangersIn(item, below, `${at}.${name}`);
  });
}
