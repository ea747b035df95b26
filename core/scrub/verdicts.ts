import { z } from "zod";
import { FINDING_KINDS } from "./scan/findingKinds";

// What the checks of a snapshot say, as its manifest has it. Apart from the checks themselves: threads need no schema.

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const place = {
  /** Schema and name. */
  table: z.string(),
  column: z.string(),
  kind: z.enum(FINDING_KINDS),
};

export const findingSchema = z.strictObject({
  ...place,
  /** From 1, in the order of the rows as they ship. */
  row: count,
  /** Equal for equal values of one scan; says nothing without its key. */
  tag: z.string().regex(/^[0-9a-p]{16}$/),
});
export type Finding = Readonly<z.infer<typeof findingSchema>>;

export const scanReportSchema = z.strictObject({
  detector: z.string(),
  /** `pass`: nothing was found in anything. */
  verdict: z.enum(["pass", "fail"]),
  rows: count,
  bytes: count,
  /** All findings, by place and kind. */
  counts: z.array(z.strictObject({ ...place, count })),
  /** The first of each place and kind. */
  findings: z.array(findingSchema),
});
export type ScanReport = Readonly<z.infer<typeof scanReportSchema>>;

export const kResultSchema = z.strictObject({
  table: z.string(),
  columns: z.array(z.string()),
  required: count,
  /** Rows of the smallest group; `null` of a table without rows. */
  k: count.nullable(),
  rows: count,
  groups: count,
  /** Groups that are too small: how many there are of each size. */
  tooSmall: z.array(z.strictObject({ size: count, groups: count })),
  verdict: z.enum(["pass", "fail"]),
});
export type KResult = Readonly<z.infer<typeof kResultSchema>>;

export const canaryResultSchema = z.strictObject({
  /** Places and kinds in which people were planted. */
  planted: z.number().int().min(0),
  /** How many of these the scan found with masking off; all of them, or it cannot be trusted. */
  found: z.number().int().min(0),
  /** What it found with masking on. */
  leaked: z.number().int().min(0),
  verdict: z.enum(["pass", "fail"]),
});
export type CanaryResult = Readonly<z.infer<typeof canaryResultSchema>>;
