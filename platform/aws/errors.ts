import { reasonOf, RefusedError } from "../errors";

/** Whether AWS answered with the error of that name. */
export const isAws = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof Error && names.includes(error.name);

/** What AWS says to whom it knows and does not let. */
const DENIED = ["AccessDenied", "AccessDeniedException"];

/** AWS' own errors say little without their name. @param who told with a right that is missing, for then that matters. */
export function awsRefusal(what: string, error: unknown, who?: { readonly arn: string }): RefusedError {
  if (error instanceof RefusedError) return error;
  const name = error instanceof Error && error.name !== "Error" ? `${error.name}: ` : "";
  const by = who !== undefined && isAws(error, ...DENIED) ? ` for ${who.arn}` : "";
  return new RefusedError(`${what}${by}: ${name}${reasonOf(error)}`, { cause: error });
}
