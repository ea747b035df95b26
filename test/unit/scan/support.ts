import type { DatabaseManifest, FoundDatabase } from "../../../core/scan/database";
import type { Vulnerability } from "../../../core/scan/finding";

export const NOW = new Date("2026-11-22T12:00:00.000Z");
export const DAY = 86_400;

/** `daysOld` before NOW. */
export const daysAgo = (days: number): string => new Date(NOW.getTime() - days * DAY * 1000).toISOString();

export const manifestOf = (
  parts: Readonly<Record<string, { days: number; critical?: boolean }>>,
): DatabaseManifest => ({
  schema: "hms-scan-database/1",
  importedAt: NOW.toISOString(),
  parts: Object.fromEntries(
    Object.entries(parts).map(([name, { days, critical = true }], index) => [
      name,
      {
        sha256: String(index).repeat(64),
        bytes: 10,
        advisories: 3,
        newest: daysAgo(days),
        canary: { id: `${name}-1`, ecosystem: name, name: "planted", version: "1.0.0", critical },
      },
    ]),
  ),
});

export const readDatabase = (manifest: DatabaseManifest): FoundDatabase => ({
  kind: "read",
  where: "/advisories",
  manifest,
  actual: Object.fromEntries(Object.entries(manifest.parts).map(([name, part]) => [name, part.sha256])),
});

export const vulnerability = (over: Partial<Vulnerability> = {}): Vulnerability => ({
  kind: "vulnerability",
  id: "CVE-2026-0001",
  names: ["CVE-2026-0001", "GHSA-aaaa-bbbb-cccc"],
  severity: "critical",
  score: 9.8,
  package: "npm/planted",
  version: "1.0.0",
  fixed: ["1.0.1"],
  ...over,
});
