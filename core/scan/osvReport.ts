import { z } from "zod";
import { bestName, type Vulnerability } from "./finding";
import { ratingOf, worst } from "./severity";

const severity = z.object({ type: z.string(), score: z.string() });
const advisorySchema = z.object({
  id: z.string().min(1),
  aliases: z.array(z.string()).default([]),
  severity: z.array(severity).default([]),
  affected: z
    .array(
      z.object({
        package: z.object({ ecosystem: z.string(), name: z.string() }).optional(),
        severity: z.array(severity).default([]),
        versions: z.array(z.string()).default([]),
        ranges: z
          .array(z.object({ type: z.string(), events: z.array(z.record(z.string(), z.string())).default([]) }))
          .default([]),
      }),
    )
    .default([]),
});
export type Advisory = Readonly<z.infer<typeof advisorySchema>>;

const reportSchema = z.object({
  results: z.array(
    z.object({
      source: z.object({ path: z.string() }),
      packages: z.array(
        z.object({
          package: z.object({ name: z.string(), version: z.string(), ecosystem: z.string() }),
          vulnerabilities: z.array(advisorySchema).default([]),
          groups: z.array(z.object({ ids: z.array(z.string()) })).default([]),
        }),
      ),
    }),
  ),
});

/** What a scanner says of the packages that it was given, file by file. */
export interface ScannedFile {
  readonly path: string;
  /** `npm/minimist@1.2.5`: the packages that it looked at. */
  readonly packages: ReadonlySet<string>;
  readonly findings: readonly Vulnerability[];
}

export const packageKey = (ecosystem: string, name: string, version: string): string =>
  `${ecosystem}/${name}@${version}`;

/** Reads osv-scanner's JSON; the severity is ours, from the advisories' vectors. @throws ZodError for another form */
export function readOsvReport(json: unknown): readonly ScannedFile[] {
  return reportSchema.parse(json).results.map(({ source, packages }) => ({
    path: source.path,
    packages: new Set(
      packages.map(({ package: { ecosystem, name, version } }) => packageKey(ecosystem, name, version)),
    ),
    findings: packages.flatMap(({ package: of, vulnerabilities, groups }) => {
      const grouped = new Set(groups.flatMap(({ ids }) => ids));
      // An advisory that no group names still counts.
      const alone = vulnerabilities.filter(({ id }) => !grouped.has(id)).map(({ id }) => ({ ids: [id] }));
      return [...groups, ...alone].map(({ ids }) =>
        vulnerabilityOf(
          of,
          vulnerabilities.filter(({ id }) => ids.includes(id)),
        ),
      );
    }),
  }));
}

/** Advisory of a database's file, or undefined for what is none. */
export function readAdvisory(json: unknown): Advisory | undefined {
  const parsed = advisorySchema.safeParse(json);
  return parsed.success ? parsed.data : undefined;
}

/** All vectors that an advisory gives of a package. */
export function vectorsOf(advisory: Advisory, ecosystem: string, name: string): readonly string[] {
  const own = advisory.affected.filter(({ package: of }) => of?.name === name && sameDatabase(of.ecosystem, ecosystem));
  return [...advisory.severity, ...own.flatMap((affected) => affected.severity)].map(({ score }) => score);
}

const sameDatabase = (a: string, b: string): boolean => a.split(":")[0] === b.split(":")[0];

function vulnerabilityOf(
  of: { readonly ecosystem: string; readonly name: string; readonly version: string },
  advisories: readonly Advisory[],
): Vulnerability {
  const names = [...new Set(advisories.flatMap(({ id, aliases }) => [id, ...aliases]))].sort();
  const rating = worst(advisories.map((advisory) => ratingOf(vectorsOf(advisory, of.ecosystem, of.name))));
  const fixed = advisories.flatMap(({ affected }) =>
    affected
      .filter(({ package: its }) => its?.name === of.name && its.ecosystem === of.ecosystem)
      .flatMap(({ ranges }) => ranges)
      .filter(({ type }) => type !== "GIT")
      .flatMap(({ events }) => events.flatMap((event) => event.fixed ?? [])),
  );
  return {
    kind: "vulnerability",
    id: bestName(names),
    names,
    ...rating,
    package: `${of.ecosystem.split(":")[0] ?? ""}/${of.name}`,
    version: of.version,
    fixed: [...new Set(fixed)].sort(),
  };
}
