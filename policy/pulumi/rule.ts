import type { Properties } from "../../platform/rpc/values";
import { isProperties, isUnknown, reveal, type Value } from "../../platform/rpc/values";

/** What a plan leaves open in a preview. A rule lets it pass: it is judged again when it is known, before it is made. */
export const OPEN: unique symbol = Symbol("not known before the update");

/**
 * JSON in which what is not known yet is `OPEN`, the one symbol there, and secrets are what they hold: a message never
 * repeats the value of one.
 */
export type Known = null | boolean | number | string | symbol | readonly Known[] | { readonly [key: string]: Known };

/** One resource as the program wants it, after its provider has checked it and before anything is done. */
export interface Resource {
  readonly urn: string;
  /** Type token, for example `kubernetes:apps/v1:Deployment`. */
  readonly type: string;
  readonly name: string;
  readonly inputs: Known;
  /** Inputs of its provider; absent for a provider itself. */
  readonly provider?: { readonly type: string; readonly inputs: Known };
}

/** What a rule may know besides the resource. */
export interface Context {
  readonly stack: string;
  /** Values of the stack's own keys, without the project's prefix. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether the stack says that it is production (`hms:production`). */
  readonly production: boolean;
}

/** Whatever it finds fails a preview and an update; there is no rule that only warns. */
export interface Rule {
  /** Kebab case; contract: people search their logs for it. */
  readonly name: string;
  /** One sentence: what is demanded. */
  readonly description: string;
  /** What is wrong with a resource, each in words for the one who wrote it: what, what is allowed, what to do. */
  readonly check: (resource: Resource, context: Context) => readonly string[];
}

/** From the wire's values. */
export function known(inputs: Properties): Known {
  return opened(reveal(inputs));
}

function opened(value: Value): Known {
  if (isUnknown(value)) return OPEN;
  if (Array.isArray(value)) return value.map(opened);
  if (isProperties(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, opened(item)]));
  return value;
}

/** What stands at a path: `OPEN` where it, or something above it, is not known yet; `undefined` where nothing is. */
export function at(value: Known | undefined, ...keys: readonly (string | number)[]): Known | undefined {
  let found: Known | undefined = value;
  for (const key of keys) {
    if (found === OPEN) return OPEN;
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Readonly<Record<string | number, Known>>)[key];
  }
  return found;
}
