/**
 * Tags say what a value is, not what is done with it: equal tags give equal fakes for equal values, in whichever table,
 * JSON document or schema they stand, so that joins hold.
 */

/** Replaced by a fake that a keyed function of the value decides. */
export const FAKE_TAGS = [
  "person.name",
  "person.given",
  "person.family",
  "person.username",
  "gov.ssn",
  "contact.email",
  "contact.phone",
  "addr.street",
  "fin.card",
  "fin.account",
  "id.integer",
  "id.uuid",
  "id.text",
] as const;
export type FakeTag = (typeof FAKE_TAGS)[number];

/** Made coarser inside the database, and counted as part of a set of quasi-identifiers. */
export const QUASI_TAGS = ["quasi.date", "quasi.birthdate", "quasi.zip", "quasi.age", "quasi.category"] as const;
export type QuasiTag = (typeof QUASI_TAGS)[number];

/**
 * - `text.free`: prose; replaced, or kept where nothing in it is known or has the shape of personal data.
 * - `json`: a document with rules of its own for each path.
 * - `drop`: never leaves the database.
 * - `public`: kept as it is; needs an owner and a reason.
 */
export const TAGS = [...FAKE_TAGS, ...QUASI_TAGS, "text.free", "json", "drop", "public"] as const;
export type Tag = (typeof TAGS)[number];
