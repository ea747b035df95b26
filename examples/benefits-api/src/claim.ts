/** What a farm asks for; amounts of money are whole cents, areas acres, harvests pounds. */
export interface Claim {
  /** The office's own number for the claim: sent twice, it is still one claim. */
  readonly reference: string;
  readonly region: string;
  readonly crop: string;
  readonly drought: string;
  readonly acres: number;
  /** Dollars a year. */
  readonly income: number;
  readonly yield: { readonly expected: number; readonly harvested: number };
}

export interface StoredClaim extends Claim {
  readonly id: string;
}

const word = { type: "string", minLength: 1, maxLength: 60, pattern: "^[a-z][a-z0-9-]*$" } as const;
const amount = { type: "number", minimum: 0, maximum: 1e9 } as const;

/** What `POST /claims` takes; nothing else is kept, so nothing else is taken. */
export const CLAIM_SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["reference", "region", "crop", "drought", "acres", "income", "yield"],
  properties: {
    reference: { type: "string", minLength: 1, maxLength: 60, pattern: "^[A-Za-z0-9][A-Za-z0-9/_-]*$" },
    region: word,
    crop: word,
    drought: word,
    acres: { ...amount, exclusiveMinimum: 0 },
    income: amount,
    yield: {
      type: "object",
      additionalProperties: false,
      required: ["expected", "harvested"],
      properties: { expected: { ...amount, exclusiveMinimum: 0 }, harvested: amount },
    },
  },
} as const;

export const ID_SCHEMA = {
  type: "object",
  required: ["id"],
  properties: { id: { type: "string", format: "uuid" } },
} as const;

/** Whether two claims ask for the same. */
export const sameClaim = (a: Claim, b: Claim): boolean =>
  a.reference === b.reference &&
  a.region === b.region &&
  a.crop === b.crop &&
  a.drought === b.drought &&
  a.acres === b.acres &&
  a.income === b.income &&
  a.yield.expected === b.yield.expected &&
  a.yield.harvested === b.yield.harvested;
