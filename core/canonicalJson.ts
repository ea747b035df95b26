import canonicalize from "canonicalize";

/** The one JSON text of a value (RFC 8785), so that equal values have equal texts. @throws TypeError for what has none. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("a value without a JSON form has no canonical text");
  return text;
}
