/** What stops a release: everything at least as bad as this. A program reads it without loading how scores are computed. */
export const FAIL_ON = ["critical", "high"] as const;
export type FailOn = (typeof FAIL_ON)[number];
