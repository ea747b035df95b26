import { z } from "zod";
import type { Component } from "./component";
import { bestName, type Vulnerability } from "./finding";
import { bare, found, isPlanted, namesOf, rated, typeOf, type ImageReport, type Plant } from "./imageReport";
import type { Severity } from "./severity";

const WORDS = { UNKNOWN: "unknown", LOW: "low", MEDIUM: "medium", HIGH: "high", CRITICAL: "critical" } as const;
const word = z.enum(Object.keys(WORDS) as [keyof typeof WORDS]).transform((said): Severity => WORDS[said]);
const text = z.string().min(1);
/** Go writes no list where it has nothing, or null. */
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((list) => list ?? []);
const identifier = z.object({ PURL: text.optional() }).default({});
const layer = z.object({ DiffID: z.string().default("") }).default({ DiffID: "" });

const reportSchema = z.object({
  SchemaVersion: z.literal(2),
  Results: listOf(
    z.object({
      Target: z.string(),
      Packages: listOf(z.object({ Name: text, Identifier: identifier, FilePath: z.string().default("") })),
      Vulnerabilities: listOf(
        z.object({
          VulnerabilityID: text,
          VendorIDs: listOf(text),
          PkgName: text,
          PkgPath: z.string().default(""),
          PkgIdentifier: identifier,
          InstalledVersion: text,
          FixedVersion: z.string().default(""),
          Severity: word,
          CVSS: z
            .record(z.string(), z.object({ V3Vector: z.string().optional(), V40Vector: z.string().optional() }))
            .nullish(),
        }),
      ),
      Secrets: listOf(z.object({ RuleID: text, StartLine: z.number().int(), Layer: layer })),
    }),
  ),
});

/**
 * Reads trivy's JSON of an image. What it matched as a secret is not read at all.
 * @param layers DiffIDs of the image, the lowest first
 * @throws ZodError for another form, a severity that is none of trivy's words among it
 */
export function readTrivyReport(
  json: unknown,
  components: readonly Component[],
  layers: readonly string[],
  plant: Plant,
): ImageReport {
  const results = reportSchema.parse(json).Results;
  const nameOf = namesOf(components);
  const all = results.flatMap(({ Vulnerabilities }) => Vulnerabilities);
  const read = all.map((one): readonly [path: string, Vulnerability] => {
    const names = [...new Set([one.VulnerabilityID, ...one.VendorIDs])].sort();
    const vectors = Object.values(one.CVSS ?? {}).flatMap(({ V3Vector, V40Vector }) => [V3Vector, V40Vector]);
    const otherwise = { package: `other/${one.PkgName}`, version: one.InstalledVersion };
    return [
      one.PkgPath,
      {
        ...{ kind: "vulnerability", id: bestName(names), names },
        ...rated(vectors.filter(isText), one.Severity),
        ...nameOf(one.PkgIdentifier.PURL ?? "", otherwise),
        fixed: one.FixedVersion.split(",").flatMap((version) => version.trim() || []),
      },
    ];
  });
  const secrets = results.flatMap(({ Target, Secrets }) =>
    Secrets.map((secret) => ({ ...secret, file: bare(Target) })),
  );
  const packages = results.flatMap(({ Packages }) => Packages);
  return {
    vulnerabilities: read.filter(([path]) => !isPlanted(path, plant)).map(([, one]) => one),
    secrets: secrets
      .filter(({ file }) => !isPlanted(file, plant))
      .map(({ RuleID, StartLine, Layer, file }) => {
        const number = layers.indexOf(Layer.DiffID);
        const where = number < 0 ? file : `layer ${number}: ${file}`;
        return { kind: "secret", id: RuleID, where, line: StartLine };
      }),
    looked: new Set(
      packages
        .filter(({ FilePath }) => !isPlanted(FilePath, plant))
        .flatMap(({ Identifier }) => typeOf(Identifier.PURL ?? "") ?? []),
    ),
    planted: found(read, plant),
    plantedSecret: secrets.some(({ file }) => isPlanted(file, plant)),
  };
}

const isText = (value: string | undefined): value is string => value !== undefined && value !== "";

const versionSchema = z.object({
  Version: text,
  VulnerabilityDB: z.object({ Version: z.number().int(), UpdatedAt: z.iso.datetime({ offset: true }) }).nullish(),
});

/** What `trivy version --format json` says of itself and its database. @throws ZodError for another form */
export function readTrivyVersion(json: unknown): {
  readonly version: string;
  readonly database: { readonly builtAt: string; readonly said: unknown } | undefined;
} {
  const { Version: version, VulnerabilityDB: database } = versionSchema.parse(json);
  if (database == null) return { version, database: undefined };
  return { version, database: { builtAt: new Date(database.UpdatedAt).toISOString(), said: database } };
}
