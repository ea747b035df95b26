import type { SnapshotManifest } from "../core/scrub/manifest";
import type { Retention } from "../core/scrub/retention";
import { parseDuration } from "../core/service/duration";
import { UsageError, type Invocation, type OptionSpec } from "./command";

export const RETENTION_OPTIONS: readonly OptionSpec[] = [
  { flags: "--keep <count>", description: "so many of the newest stay, whatever their age", default: "7" },
  { flags: "--max-age <duration>", description: "others go when they are older", default: "30d" },
];

/** @throws UsageError */
export function retentionOf(invocation: Invocation): Retention {
  return { keep: keepOf(invocation, 999_999), maxAgeDays: secondsOf(invocation, "maxAge", "--max-age") / 86_400 };
}

/** How many are to stay. @throws UsageError */
export function keepOf(invocation: Invocation, most: number): number {
  const keep = invocation.required("keep");
  if (!/^[1-9]\d{0,5}$/.test(keep) || Number(keep) > most)
    throw new UsageError(`--keep: got "${keep}"; allowed is a whole number above zero; say how many are to stay`);
  return Number(keep);
}

/** A duration of more than nothing. @throws UsageError */
export function secondsOf(invocation: Invocation, name: string, flag: string): number {
  const text = invocation.required(name);
  const found = parseDuration(text);
  if (found === undefined || found <= 0)
    throw new UsageError(`${flag}: got "${text}"; allowed is a duration such as 36h or 30d; say how old one may be`);
  return found;
}

export const sizeOf = ({ tables }: SnapshotManifest) => ({
  rows: tables.reduce((sum, { rowsOut }) => sum + rowsOut, 0),
  bytes: tables.reduce((sum, { parts }) => sum + parts.reduce((size, { bytes }) => size + bytes, 0), 0),
});

export function sizeText(manifest: SnapshotManifest): string {
  const { rows, bytes } = sizeOf(manifest);
  return `${rows} rows in ${manifest.tables.length} tables, ${(bytes / 1e6).toFixed(1)} MB`;
}
