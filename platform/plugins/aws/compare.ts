/** When two values of a property are the same thing, though not the same text. */
import { isProperties, isUnknown, mapValues, sameValue, type Value } from "../../rpc";
import type { Property } from "./kind";

export function same(a: Value | undefined, b: Value | undefined, property: Property | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (isUnknown(a) || isUnknown(b)) return false;
  return sameValue(normal(a, property), normal(b, property));
}

function normal(value: Value, property: Property | undefined): Value {
  const { document, unordered, normal: spelling } = property ?? {};
  const parsed = document === undefined ? value : parsedOf(value);
  const read = document === "policy" ? policyOf(parsed) : parsed;
  const listed = unordered === true && Array.isArray(read) ? sorted(read) : read;
  return spelling === undefined ? listed : spelling(listed);
}

function parsedOf(value: Value): Value {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as Value;
  } catch {
    return value;
  }
}

const sorted = (list: readonly Value[]): Value[] =>
  [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** Lists of a statement in which order and number say nothing, and one member may stand without its list. */
const SETS = new Set(["Action", "NotAction", "Resource", "NotResource"]);

/** A policy as IAM reads it. Statements keep their order: it says nothing either, but no service changes it. */
function policyOf(policy: Value): Value {
  if (!isProperties(policy)) return policy;
  const { Statement: statement, ...rest } = policy;
  if (statement === undefined) return policy;
  const statements = Array.isArray(statement) ? statement : [statement];
  return { ...rest, Statement: statements.map((one) => (isProperties(one) ? mapValues(one, partOf) : one)) };
}

function partOf(value: Value, name: string): Value {
  if (SETS.has(name)) return asSet(value);
  if (name === "Principal" || name === "NotPrincipal") {
    return isProperties(value) ? mapValues(value, asSet) : value;
  }
  if (name !== "Condition" || !isProperties(value)) return value;
  return mapValues(value, (test) => (isProperties(test) ? mapValues(test, (words) => asSet(asTexts(words))) : test));
}

function asSet(value: Value): Value {
  const list = sorted(Array.isArray(value) ? value : [value]);
  return list.filter((item, index) => index === 0 || !sameValue(item, list[index - 1]));
}

/** In conditions `true` and `"true"` are one. */
const asTexts = (value: Value): Value =>
  Array.isArray(value) ? value.map(asTexts) : typeof value === "boolean" ? String(value) : value;
