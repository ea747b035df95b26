import { z } from "zod";
import type { Component } from "./component";
import { bestName, type Vulnerability } from "./finding";
import { found, isPlanted, namesOf, rated, type ImageReport, type Plant } from "./imageReport";
import type { Severity } from "./severity";

const WORDS = {
  Unknown: "unknown",
  Negligible: "low",
  Low: "low",
  Medium: "medium",
  High: "high",
  Critical: "critical",
} as const;
const word = z
  .enum(Object.keys(WORDS) as [keyof typeof WORDS])
  .default("Unknown")
  .transform((said): Severity => WORDS[said]);
const text = z.string().min(1);
const weakness = z.object({ id: text, severity: word, cvss: z.array(z.object({ vector: z.string() })).default([]) });

const reportSchema = z.object({
  matches: z.array(
    z.object({
      vulnerability: weakness.extend({ fix: z.object({ versions: z.array(text).nullable() }) }),
      relatedVulnerabilities: z.array(weakness).nullable(),
      artifact: z.object({
        name: text,
        version: z.string(),
        purl: z.string(),
        locations: z.array(z.object({ path: z.string() })).nullable(),
      }),
    }),
  ),
  alertsByPackage: z
    .array(
      z.object({ package: z.object({ name: text }), alerts: z.array(z.object({ type: text, message: z.string() })) }),
    )
    .default([]),
  distro: z
    .object({ name: z.string().default(""), version: z.string().default("") })
    .default({ name: "", version: "" }),
  descriptor: z.object({ name: z.literal("grype"), version: text }),
});

export interface GrypeReport extends ImageReport {
  /** As it knows the image's distribution; empty where it knows none, and then it looks at none of its packages. */
  readonly distribution: string;
  /** Packages that it says it knows too little of. */
  readonly alerts: readonly string[];
}

/**
 * Reads grype's JSON of an image. It names what it found and not what it looked at.
 * @throws ZodError for another form, a severity that is none of grype's words among it
 */
export function readGrypeReport(json: unknown, components: readonly Component[], plant: Plant): GrypeReport {
  const { matches, distro, alertsByPackage } = reportSchema.parse(json);
  const nameOf = namesOf(components);
  const read = matches.map(({ vulnerability, relatedVulnerabilities, artifact }): readonly [string, Vulnerability] => {
    const said = [vulnerability, ...(relatedVulnerabilities ?? [])];
    const names = [...new Set(said.map(({ id }) => id))].sort();
    const vectors = said.flatMap(({ cvss }) => cvss.map(({ vector }) => vector));
    const otherwise = { package: `other/${artifact.name}`, version: artifact.version };
    const paths = (artifact.locations ?? []).map(({ path }) => path);
    return [
      // Somewhere else too: then it is a package of the image's.
      paths.find((path) => !isPlanted(path, plant)) ?? paths[0] ?? "",
      {
        ...{ kind: "vulnerability", id: bestName(names), names },
        ...rated(vectors, vulnerability.severity),
        ...nameOf(artifact.purl, otherwise),
        fixed: vulnerability.fix.versions ?? [],
      },
    ];
  });
  return {
    vulnerabilities: read.filter(([path]) => !isPlanted(path, plant)).map(([, one]) => one),
    secrets: [],
    looked: undefined,
    planted: found(read, plant),
    plantedSecret: false,
    distribution: `${distro.name} ${distro.version}`.trim(),
    alerts: [
      ...new Set(
        alertsByPackage.flatMap(({ package: of, alerts }) => alerts.map(({ type }) => `${type} (${of.name})`)),
      ),
    ],
  };
}

const statusSchema = z.object({
  schemaVersion: z.union([z.string(), z.number()]).default(""),
  built: z.string().nullish(),
  valid: z.boolean().optional(),
  error: z.unknown().optional(),
});

export interface GrypeStatus {
  readonly builtAt: string | undefined;
  /** Why its database cannot be used. */
  readonly error: string | undefined;
  readonly said: unknown;
}

/** What `grype db status -o json` says; versions before 0.88 have no `valid`. @throws ZodError for another form */
export function readGrypeStatus(json: unknown): GrypeStatus {
  const { schemaVersion, built, valid, error } = statusSchema.parse(json);
  const time = Date.parse(built ?? "");
  // Go's zero time stands for none.
  const known = !Number.isNaN(time) && time > 0;
  const says = typeof error === "string" && error !== "" ? error : undefined;
  const builtAt = known ? new Date(time).toISOString() : undefined;
  return {
    builtAt,
    error: says ?? (valid === false || (error !== null && typeof error === "object") ? "it is not valid" : undefined),
    said: { schemaVersion, built },
  };
}

/** Of `grype version -o json`. @throws ZodError for another form */
export const readGrypeVersion = (json: unknown): string => z.object({ version: text }).parse(json).version;
