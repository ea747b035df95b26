import { reasonOf, RefusedError } from "../errors";

/** Whether AWS answered with the error of that name. */
export const isAws = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof Error && names.includes(error.name);

/** AWS' own errors say little without their name. */
export function awsRefusal(what: string, error: unknown): RefusedError {
  if (error instanceof RefusedError) return error;
  const name = error instanceof Error && error.name !== "Error" ? `${error.name}: ` : "";
  return new RefusedError(`${what}: ${name}${reasonOf(error)}`, { cause: error });
}
