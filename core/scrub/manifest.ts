import { z } from "zod";
import { seal, type Signer, type TrustedKeys, unseal } from "../ledger/seal";
import { DETECTOR_VERSION } from "./scan/report";
import { canaryResultSchema, kResultSchema, scanReportSchema } from "./verdicts";
import { FAKE_TAGS } from "./tags";

/** Older snapshots seed no sandbox, unless a stack says otherwise. */
export const DEFAULT_MOST_HOURS = 36;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const instant = z.iso.datetime({ precision: 3 });
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const partSchema = z.strictObject({
  /** Base name. */
  file: z.string().regex(/^[\w.-]+$/),
  /** As stored. */
  bytes: count,
  sha256: digest,
});

export const manifestTableSchema = z.strictObject({
  schema: z.string().min(1),
  table: z.string().min(1),
  /** In the order of the rows' fields; what the database computes is not among them. */
  columns: z.array(z.string().min(1)),
  /** Read from the source, and written. */
  rowsIn: count,
  rowsOut: count,
  /** Of COPY text, before it is compressed. */
  bytes: count,
  parts: z.array(partSchema),
  /** Values that were replaced, by tag. */
  fakes: z.partialRecord(z.enum(FAKE_TAGS), count),
});

/** What a snapshot is and what was proven of it; names, counts and digests, no data. */
export const manifestSchema = z.strictObject({
  version: z.literal(1),
  id: z.string().min(1),
  service: z.string().min(1),
  /** Version of this program. */
  tool: z.string().min(1),
  /** When it was finished. ISO 8601, UTC, milliseconds. */
  at: instant,
  source: z.strictObject({
    /** Of the transaction that all rows were read in; ages count from here. */
    at: instant,
    lsn: z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/),
  }),
  /** Of the key that the fakes were made with; says nothing of the key. */
  epoch: z.string().min(1),
  /** Of the catalog as it was read, and of the rules file. */
  schema: digest,
  rules: digest,
  /** SQL of types, tables and functions, and of what comes after the rows: indexes, keys, triggers. */
  definitions: z.strictObject({ preData: partSchema, postData: partSchema }),
  tables: z.array(manifestTableSchema),
  scan: scanReportSchema,
  canaries: canaryResultSchema,
  k: z.array(kResultSchema),
});
export type SnapshotManifest = Readonly<z.infer<typeof manifestSchema>>;
export type SnapshotPart = Readonly<z.infer<typeof partSchema>>;

/** The text of the manifest's file: canonical JSON, signed as the ledger's checkpoints are. @throws ZodError */
export const signManifest = (manifest: SnapshotManifest, signer: Signer): Promise<string> =>
  seal(manifestSchema.parse(manifest), signer);

/** What a snapshot is held against. */
export interface ManifestExpectation {
  readonly keys: TrustedKeys;
  readonly now: Date;
  /** Of the source's moment. @default 36 */
  readonly mostHours?: number;
  /** Digests of the catalog and of the rules that are in force, if they are to be the same. */
  readonly schema?: string;
  readonly rules?: string;
  /** All files that are there beside the manifest, as they are. Left out: they are not looked at. */
  readonly parts?: readonly SnapshotPart[];
}

export interface ManifestProblem {
  readonly what:
    "signature" | "form" | "schema" | "rules" | "rows" | "part" | "definition" | "scan" | "canaries" | "k" | "age";
  /** A sentence's part for a person. */
  readonly why: string;
}

export type ManifestVerdict =
  | { readonly ok: true; readonly manifest: SnapshotManifest }
  | { readonly ok: false; readonly problems: readonly ManifestProblem[] };

const SEALS = {
  unreadable: "it is not a signed text",
  "unknown-key": "it is signed by a key that is not trusted",
  altered: "it was changed after it was signed",
} as const;

/** Whether a snapshot may be used: all that does not match, unless the text itself cannot be trusted. */
export function verifyManifest(text: string, expected: ManifestExpectation): ManifestVerdict {
  const seal = unseal(text, expected.keys);
  if (!seal.ok) return { ok: false, problems: [{ what: "signature", why: SEALS[seal.problem] }] };
  const parsed = manifestSchema.safeParse(seal.content);
  if (!parsed.success) {
    const paths = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
    return {
      ok: false,
      problems: [{ what: "form", why: `another version wrote it, or none; see ${paths || "all of it"}` }],
    };
  }
  const manifest = parsed.data;
  const problems = [
    ...digestProblems(manifest, expected),
    ...verdictProblems(manifest),
    ...rowProblems(manifest),
    ...fileProblems(manifest, expected),
    ...ageProblems(manifest, expected),
  ];
  return problems.length === 0 ? { ok: true, manifest } : { ok: false, problems };
}

function digestProblems(manifest: SnapshotManifest, expected: ManifestExpectation): readonly ManifestProblem[] {
  return (["schema", "rules"] as const).flatMap((what) => {
    const wanted = expected[what];
    if (wanted === undefined || wanted === manifest[what]) return [];
    return [{ what, why: `taken with ${manifest[what].slice(0, 12)}, in force is ${wanted.slice(0, 12)}` }];
  });
}

function verdictProblems({ scan, canaries, k }: SnapshotManifest): readonly ManifestProblem[] {
  const problems: ManifestProblem[] = [];
  const found = scan.counts.reduce((sum, { count }) => sum + count, 0);
  if (scan.verdict !== "pass" || found > 0) problems.push({ what: "scan", why: `it found ${found} leaks` });
  if (scan.detector !== DETECTOR_VERSION)
    problems.push({ what: "scan", why: `made by ${scan.detector}, current is ${DETECTOR_VERSION}` });
  if (
    canaries.verdict !== "pass" ||
    canaries.planted === 0 ||
    canaries.found < canaries.planted ||
    canaries.leaked > 0
  ) {
    const { planted, found: seen, leaked } = canaries;
    problems.push({ what: "canaries", why: `${planted} planted, ${seen} found, ${leaked} left after masking` });
  }
  for (const { table, columns, k: least, required, verdict } of k)
    if (verdict !== "pass" || (least !== null && least < required))
      problems.push({ what: "k", why: `${table} (${columns.join(", ")}) has k ${least ?? 0}, ${required} needed` });
  return problems;
}

function rowProblems({ tables, scan }: SnapshotManifest): readonly ManifestProblem[] {
  const problems: ManifestProblem[] = tables
    .filter(({ rowsIn, rowsOut }) => rowsIn !== rowsOut)
    .map(({ schema, table, rowsIn, rowsOut }) => ({
      what: "rows",
      why: `${schema}.${table} had ${rowsIn} rows, ${rowsOut} were written`,
    }));
  const rows = tables.reduce((sum, { rowsOut }) => sum + rowsOut, 0);
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  if (rows !== scan.rows) problems.push({ what: "rows", why: `${rows} were written, ${scan.rows} scanned` });
  if (bytes !== scan.bytes) problems.push({ what: "rows", why: `${bytes} bytes were written, ${scan.bytes} scanned` });
  return problems;
}

function fileProblems(
  { definitions, tables }: SnapshotManifest,
  { parts }: ManifestExpectation,
): readonly ManifestProblem[] {
  if (parts === undefined) return [];
  const there = new Map(parts.map((part) => [part.file, part]));
  const listed = [
    ...Object.values(definitions).map((file) => ({ what: "definition" as const, ...file })),
    ...tables.flatMap((table) => table.parts).map((file) => ({ what: "part" as const, ...file })),
  ];
  const problems: ManifestProblem[] = listed.flatMap(({ what, file, bytes, sha256 }) => {
    const part = there.get(file);
    if (part === undefined) return [{ what, why: `${file} is missing` }];
    if (part.bytes !== bytes) return [{ what, why: `${file} has ${part.bytes} bytes, signed are ${bytes}` }];
    return part.sha256 === sha256 ? [] : [{ what, why: `${file} was changed: another SHA-256` }];
  });
  const names = new Set(listed.map(({ file }) => file));
  if (names.size < listed.length) problems.push({ what: "part", why: "a file is listed twice" });
  for (const { file } of parts)
    if (!names.has(file)) problems.push({ what: "part", why: `${file} is not in the manifest` });
  return problems;
}

function ageProblems({ source }: SnapshotManifest, expected: ManifestExpectation): readonly ManifestProblem[] {
  const { now, mostHours = DEFAULT_MOST_HOURS } = expected;
  const hours = (now.getTime() - Date.parse(source.at)) / 3_600_000;
  // A clock may be a little behind the source's.
  if (hours < -0.1) return [{ what: "age", why: `its source's moment ${source.at} has not come yet` }];
  if (hours <= mostHours) return [];
  return [{ what: "age", why: `${hours.toFixed(1)} h old, at most ${mostHours} h allowed; take a new snapshot` }];
}

/** One line, for a person. */
export const manifestProblemsText = (problems: readonly ManifestProblem[]): string =>
  problems.map(({ what, why }) => `${what}: ${why}`).join("; ");
