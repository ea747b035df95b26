import { canonicalJson } from "../canonicalJson";

/** One thing of an account that is there before the first update, compared with how it should be. */
export interface Piece {
  /** `role hms-deploy` */
  readonly what: string;
  /** `right`: nothing to do. */
  readonly state: "right" | "make" | "change";
  /** What is to be changed, or what is made. */
  readonly how: string;
}

/** Two policy documents that mean the same, however their keys are ordered and one-element lists are written. */
export const sameDocument = (one: string | undefined, other: string): boolean =>
  one !== undefined && normalised(one) === normalised(other);

function normalised(text: string): string | undefined {
  try {
    return canonicalJson(unlisted(JSON.parse(text)));
  } catch {
    return undefined;
  }
}

function unlisted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(unlisted);
    return items.length === 1 ? items[0] : items;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unlisted(item)]));
}

const SIGNS = { right: " ", make: "+", change: "~" } as const;

/** `+ role hms-deploy: …`, a line a piece. */
export const pieceLine = ({ what, state, how }: Piece): string =>
  `${SIGNS[state]} ${what}${state === "right" ? " is as it should be" : `: ${how}`}`;

/** Where an account's state is kept, and with what its secrets are wrapped, in the words of `pulumi`. */
export interface StatePlace {
  readonly backend: string;
  readonly secretsProvider: string;
}

/** @param key ARN of the state's key: an alias could be turned to another key. */
export const statePlace = (bucket: string, key: string, region: string): StatePlace => ({
  backend: `s3://${bucket}?region=${region}`,
  secretsProvider: `awskms:///${key}?region=${region}`,
});
