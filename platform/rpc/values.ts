/** What crosses the provider protocol: JSON, in which a secret is a wrapper object and an unknown is an agreed string. */
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

export type Value = null | boolean | number | string | Value[] | Properties;
export interface Properties {
  [name: string]: Value;
}

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** The sentinel that stands for a value not known during a preview. The engine sends this one for every type. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** Sentinels the protocol reserves for unknowns of other types (bool, number, array, asset, archive, object). */
const OTHER_UNKNOWNS: ReadonlySet<string> = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export interface SecretValue extends Properties {
  readonly value: Value;
}

export function isProperties(v: unknown): v is Properties {
  return typeof v === "object" && v !== null && !Array.isArray(v);
}

export function isSecret(v: unknown): v is SecretValue {
  return isProperties(v) && v[SIGNATURE_KEY] === SECRET_SIGNATURE;
}

/** Marks a value as secret; a secret stays as it is. */
export function secret(v: Value): SecretValue {
  return isSecret(v) ? v : { [SIGNATURE_KEY]: SECRET_SIGNATURE, value: v };
}

export function isUnknown(v: unknown): boolean {
  return typeof v === "string" && (v === UNKNOWN || OTHER_UNKNOWNS.has(v));
}

/** The plain value, without secret wrappers at any depth. Never log or store what it returns. */
export function reveal(v: Properties): Properties;
export function reveal(v: Value): Value;
export function reveal(v: Value | undefined): Value | undefined;
export function reveal(v: Value | undefined): Value | undefined {
  if (isSecret(v)) return reveal(v.value);
  if (Array.isArray(v)) return v.map((item) => reveal(item));
  if (isProperties(v)) return mapValues(v, (item) => reveal(item));
  return v;
}

export function containsSecret(v: Value | undefined): boolean {
  return isSecret(v) || children(v).some(containsSecret);
}

export function containsUnknown(v: Value | undefined): boolean {
  return isUnknown(v) || children(v).some(containsUnknown);
}

/**
 * Carries the secrecy of `pattern` over to `v`, path by path: what was secret in the inputs stays secret in the outputs.
 * A secret that is a whole object or list covers everything below it. Where a list changed its length, one secret item makes all of it secret.
 */
export function withSecretsOf(v: Properties, pattern: Value | undefined): Properties;
export function withSecretsOf(v: Value, pattern: Value | undefined): Value;
export function withSecretsOf(v: Value, pattern: Value | undefined): Value {
  if (isSecret(v) || pattern === undefined) return v;
  if (isSecret(pattern)) return secret(v);
  if (Array.isArray(v) && Array.isArray(pattern)) {
    if (v.length !== pattern.length && containsSecret(pattern)) return secret(v);
    return v.map((item, i) => withSecretsOf(item, pattern[i]));
  }
  if (isProperties(v) && isProperties(pattern)) {
    return mapValues(v, (item, name) => withSecretsOf(item, pattern[name]));
  }
  return v;
}

/** `v` without the properties that are unknown, or undefined when nothing known is left of a value that was itself unknown. */
export function withoutUnknowns(v: Properties): Properties;
export function withoutUnknowns(v: Value): Value | undefined;
export function withoutUnknowns(v: Value): Value | undefined {
  if (isUnknown(v)) return undefined;
  if (isSecret(v)) {
    const inner = withoutUnknowns(v.value);
    return inner === undefined ? undefined : secret(inner);
  }
  if (Array.isArray(v)) return v.flatMap((item) => withoutUnknowns(item) ?? []);
  if (!isProperties(v)) return v;
  const known: Properties = {};
  for (const [name, item] of Object.entries(v)) {
    const kept = withoutUnknowns(item);
    if (kept !== undefined) known[name] = kept;
  }
  return known;
}

/** Deep equality of JSON values; the order of an object's keys does not matter. */
export function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
  }
  if (!isProperties(a) || !isProperties(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && sameValue(a[name], b[name]));
}

export function mapValues(v: Properties, change: (item: Value, name: string) => Value): Properties {
  const changed: Properties = {};
  for (const [name, item] of Object.entries(v)) changed[name] = change(item, name);
  return changed;
}

/** What a JavaScript value is on the wire: `undefined` is dropped, dates become ISO strings, anything else not JSON is an error. */
export function toValue(v: unknown, path = ""): Value | undefined {
  if (v === null || typeof v === "string" || typeof v === "boolean") return v;
  if (typeof v === "number" && Number.isFinite(v)) return v;
  if (v === undefined) return undefined;
  if (v instanceof Date) return v.toISOString();
  if (Array.isArray(v)) return v.map((item: unknown, i) => toValue(item, `${path}[${i}]`) ?? null);
  if (typeof v === "object") return toProperties(v, path);
  throw new TypeError(`${path || "the value"} is a ${typeof v}, which is not JSON`);
}

export function toProperties(v: object, path = ""): Properties {
  const properties: Properties = {};
  for (const [name, item] of Object.entries(v)) {
    // The protocol's own maps lose it without a word.
    if (name === "__proto__") throw new Error(`${path || "a property"} has a key "__proto__", which cannot be sent`);
    const converted = toValue(item, path ? `${path}.${name}` : name);
    if (converted !== undefined) properties[name] = converted;
  }
  return properties;
}

export function toStruct(v: object): Struct {
  return Struct.fromJavaScript(toProperties(v));
}

export function fromStruct(struct: Struct | undefined): Properties {
  return struct ? toProperties(struct.toJavaScript()) : {};
}

function children(v: Value | undefined): readonly Value[] {
  if (Array.isArray(v)) return v;
  return isProperties(v) ? Object.values(v) : [];
}
