/**
 * Scalars of a document at a path of the rules (`members.*.name`), as texts. Where a key itself has the name `*`, it is
 * not an element of a list.
 */
export function scalarsAt(document: unknown, path: string): readonly string[] {
  let found: readonly unknown[] = [document];
  for (const key of path.split(".")) found = found.flatMap((value) => stepInto(value, key));
  return found.flatMap((value) =>
    typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? [String(value)] : [],
  );
}

function stepInto(value: unknown, key: string): readonly unknown[] {
  if (Array.isArray(value)) return key === "*" ? value : [];
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return [];
  return [Reflect.get(value, key)];
}
