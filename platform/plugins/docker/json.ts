export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A text member of what another program sent, if it is one. */
export function textIn(value: unknown, ...path: readonly string[]): string | undefined {
  let at = value;
  for (const step of path) at = isRecord(at) ? at[step] : undefined;
  return typeof at === "string" && at !== "" ? at : undefined;
}
