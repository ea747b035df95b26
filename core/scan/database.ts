import { z } from "zod";
import { canonicalJson } from "../canonicalJson";
import { sha256 } from "../sha256";
import { durationText } from "../service/duration";

const instant = z.iso.datetime();
const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** An advisory that is known to be in a database: a scan that does not find it has looked at nothing. */
export const canarySchema = z.strictObject({
  id: z.string().min(1),
  ecosystem: z.string().min(1),
  name: z.string().min(1),
  version: z.string().min(1),
  critical: z.boolean(),
});
export type Canary = Readonly<z.infer<typeof canarySchema>>;

const partSchema = z.strictObject({
  /** Of its archive. */
  sha256: hash,
  bytes: z.number().int().positive(),
  advisories: z.number().int().positive(),
  /** When the newest of its advisories was last changed: the archive is at least as new. */
  newest: instant,
  canary: canarySchema,
});
export type DatabasePart = Readonly<z.infer<typeof partSchema>>;

export const DATABASE_SCHEMA = "hms-scan-database/1";

export const databaseSchema = z.strictObject({
  schema: z.literal(DATABASE_SCHEMA),
  importedAt: instant,
  /** By the name of OSV's ecosystem, without a release: `npm`, `Go`, `Debian`. */
  parts: z.record(z.string(), partSchema),
});
export type DatabaseManifest = Readonly<z.infer<typeof databaseSchema>>;

/** What is known of a database before a scan. */
export type FoundDatabase =
  | { readonly kind: "missing"; readonly where: string }
  | { readonly kind: "unreadable"; readonly where: string; readonly why: string }
  | {
      readonly kind: "read";
      readonly where: string;
      readonly manifest: DatabaseManifest;
      /** SHA-256 of the archives that are there now; `null` for one that cannot be read. */
      readonly actual: Readonly<Record<string, string | null>>;
    };

export interface DatabaseFacts {
  /** Of all its archives; of a scanner's own database, of what that scanner says of it. */
  readonly digest: string;
  /** ISO 8601: when the oldest of the parts that were used was built, at the latest. */
  readonly builtAt: string;
}

/** Whether a database may be asked. */
export type Consulted =
  | { readonly state: "fresh"; readonly facts: DatabaseFacts }
  | { readonly state: "stale"; readonly facts: DatabaseFacts; readonly why: string }
  | { readonly state: "error"; readonly facts: DatabaseFacts | null; readonly why: string };

/** Of ours, with what a scanner has to find by it. */
export type DatabaseState =
  | (Exclude<Consulted, { state: "error" }> & { readonly canaries: readonly Canary[] })
  | Extract<Consulted, { state: "error" }>;

/** A clock that runs ahead somewhere is no forgery. */
const SKEW_MS = 86_400_000;
const HOW = "Import one with: hms scan database import DIR";

/** Whether a database may be asked of packages of these ecosystems. @param maxAge seconds */
export function judgeDatabase(
  found: FoundDatabase,
  needed: readonly string[],
  now: Date,
  maxAge: number,
): DatabaseState {
  const broken = (why: string, facts: DatabaseFacts | null = null): DatabaseState => ({ state: "error", facts, why });
  if (found.kind === "missing") return broken(`there is no database of advisories at ${found.where}. ${HOW}`);
  if (found.kind === "unreadable")
    return broken(`the database of advisories at ${found.where} cannot be read: ${found.why}. ${HOW}`);
  const { manifest, actual } = found;
  const absent = needed.filter((name) => manifest.parts[name] === undefined);
  if (absent.length > 0)
    return broken(
      `the database of advisories has none for ${absent.join(", ")}, and the image has such packages; it has ${Object.keys(manifest.parts).join(", ") || "none at all"}`,
    );
  const parts = used(manifest, needed);
  const facts = factsOf(manifest, parts);
  const changed = parts.filter(([name, part]) => actual[name] !== part.sha256).map(([name]) => name);
  if (changed.length > 0)
    return broken(
      `the advisories for ${changed.join(", ")} are not what was imported: the archive is ${changed.every((name) => actual[name] == null) ? "missing or unreadable" : "damaged or was replaced"}. ${HOW}`,
      facts,
    );
  const coming = parts.filter(([, part]) => Date.parse(part.newest) > now.getTime() + SKEW_MS).map(([name]) => name);
  if (coming.length > 0)
    return broken(`the advisories for ${coming.join(", ")} are from the future; check the clocks`, facts);
  const canaries = parts.map(([, part]) => part.canary);
  if (!canaries.some(({ critical }) => critical))
    return broken(
      "the database of advisories knows nothing critical, so that no scan with it could prove itself",
      facts,
    );
  const old = tooOld(facts.builtAt, now, maxAge);
  if (old === undefined) return { state: "fresh", facts, canaries };
  const why = `the database of advisories is stale: its newest are of ${old}. ${HOW}`;
  return { state: "stale", facts, canaries, why };
}

/** `2026-11-13T…, 216h old, and 168h is allowed`; `undefined` for what is young enough. @param maxAge seconds */
function tooOld(builtAt: string, now: Date, maxAge: number): string | undefined {
  const age = Math.floor((now.getTime() - Date.parse(builtAt)) / 1000);
  if (age <= maxAge) return undefined;
  return `${builtAt}, ${durationText(age - (age % 3600))} old, and ${durationText(maxAge)} is allowed`;
}

/**
 * Whether the database that a scanner keeps by itself may be asked, by the time at which that scanner says it was built.
 * @param said everything that it says of it @param how what brings a newer one @param maxAge seconds
 */
export function judgeOwnDatabase({ scanner, builtAt, said, how }: OwnDatabase, now: Date, maxAge: number): Consulted {
  if (builtAt === undefined)
    return { state: "error", facts: null, why: `${scanner} has no database of advisories. ${how}` };
  const facts = { digest: `sha256:${sha256(canonicalJson(said))}`, builtAt };
  if (Date.parse(builtAt) > now.getTime() + SKEW_MS)
    return {
      state: "error",
      facts,
      why: `the database of ${scanner} is from the future (${builtAt}); check the clocks`,
    };
  const old = tooOld(builtAt, now, maxAge);
  if (old === undefined) return { state: "fresh", facts };
  return { state: "stale", facts, why: `the database of ${scanner} is stale: it was built at ${old}. ${how}` };
}

export interface OwnDatabase {
  readonly scanner: string;
  readonly builtAt: string | undefined;
  readonly said: unknown;
  readonly how: string;
}

/** Those that are needed, and one with something critical to find. */
function used(manifest: DatabaseManifest, needed: readonly string[]): readonly (readonly [string, DatabasePart])[] {
  const parts = Object.entries(manifest.parts).filter(([name]) => needed.includes(name));
  if (parts.some(([, { canary }]) => canary.critical)) return parts;
  const other = Object.entries(manifest.parts).find(([, { canary }]) => canary.critical);
  return other === undefined ? parts : [...parts, other];
}

function factsOf(manifest: DatabaseManifest, parts: readonly (readonly [string, DatabasePart])[]): DatabaseFacts {
  const hashes = Object.fromEntries(Object.entries(manifest.parts).map(([name, part]) => [name, part.sha256]));
  const builtAt = parts.map(([, { newest }]) => new Date(newest).toISOString()).sort()[0] ?? manifest.importedAt;
  return { digest: `sha256:${sha256(canonicalJson(hashes))}`, builtAt };
}
