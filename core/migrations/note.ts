import { z } from "zod";
import { migrationSchema, type Release } from "../rollout/release";

/** Everything that a run needs, so that `down` can be run when nothing else knows its release any more. */
export const workSchema = migrationSchema.extend({
  /** By digest. */
  image: z.string(),
  /** Of the release and of the migration together; no name is in both. */
  env: z.record(z.string(), z.string()),
  resources: z.object({ cpu: z.string(), memory: z.string() }),
});

export type MigrationWork = Readonly<z.infer<typeof workSchema>>;

const endSchema = z.object({
  run: z.number().int().min(1),
  direction: z.enum(["up", "down"]),
  failed: z.boolean(),
  at: z.string(),
  by: z.string(),
});

const noteSchema = z.object({
  tag: z.string(),
  work: workSchema,
  /** `begun`: a run of `up` may have been started, its Job tells. The others are how the newest run that ended did. */
  state: z.enum(["begun", "up", "up failed", "down", "down failed"]),
  /** Number of the newest run whose end is known; 0: none. Runs of both directions count as one row. */
  run: z.number().int().min(0),
  /** Grows with each beginning `up` of the service: what was done last is taken back first. */
  serial: z.number().int().min(0),
  /** `order` of the deployment that was live when `up` began; 0 before the first. Later ones may build on it. */
  since: z.number().int().min(0),
  /** When this was written (ISO 8601); for people. */
  at: z.string(),
  /** Ends of runs that the ledger is not known to have yet. */
  ended: z.array(endSchema).default([]),
});

/** What is known of the migration of one release in one database. */
export type MigrationNote = Readonly<z.infer<typeof noteSchema>>;

/** By release id. */
export type MigrationNotes = ReadonlyMap<string, MigrationNote>;

/** @throws Error when a text is no note: what cannot be read is never treated as "has not run". */
export function parseNotes(data: Readonly<Record<string, string>>, where: string): MigrationNotes {
  return new Map(Object.entries(data).map(([release, text]) => [release, parseNote(text, `${where}, key ${release}`)]));
}

function parseNote(text: string, where: string): MigrationNote {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${where} is not JSON: ${MEND}`);
  }
  const parsed = noteSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  throw new Error(`${where} is not a note of a migration (${problems}): ${MEND}`);
}

const MEND = "correct it, or remove the key if that migration may be run again";

/** A service has so many notes at most. Older ones of releases that nobody goes back to are dropped. */
const KEPT = 50;

/** The notes with one more, as data of a ConfigMap. */
export function notesWith(notes: MigrationNotes, release: string, note: MigrationNote): Record<string, string> {
  const all = [...new Map(notes).set(release, note)].sort(([, a], [, b]) => a.serial - b.serial).slice(-KEPT);
  return Object.fromEntries(all.map(([id, one]) => [id, JSON.stringify(one)]));
}

/** The note of a release whose `up` begins now. @param since order of the live deployment. */
export function begun(
  notes: MigrationNotes,
  { id, tag }: Pick<Release, "id" | "tag">,
  work: MigrationWork,
  since: number,
  at: string,
): MigrationNote {
  const serial = Math.max(0, ...[...notes.values()].map((note) => note.serial)) + 1;
  const { run = 0, ended = [] } = notes.get(id) ?? {};
  return { tag, work, state: "begun", run, serial, since, at, ended };
}
