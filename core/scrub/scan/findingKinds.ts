/** What a scan can find. */
export const FINDING_KINDS = ["ssn", "card", "phone", "email", "known", "canary"] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];
