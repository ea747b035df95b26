import { z } from "zod";
import { sha256 } from "../sha256";

/** Of PostgreSQL: what is longer is cut off without a word. */
const LONGEST_NAME = 63;
const LOADING = "_loading";
/** `_20261122t014400z_1a2b3c`, as ids of snapshots are. */
const ID = String.raw`_\d{8}t\d{6}z_[0-9a-f]{6}`;

/** What every name of a service's templates begins with; names of services hold no `_`, so two never share one. */
function prefixOf(service: string): string {
  const room = LONGEST_NAME - LOADING.length - "_20261122t014400z_1a2b3c".length;
  const whole = `hms_${service.replaceAll("-", "_")}`;
  return whole.length <= room ? whole : `${whole.slice(0, room - 9)}_${sha256(service).slice(0, 8)}`;
}

/** Name of the database that sandboxes with a snapshot are copied from, and of the role that owns what is in it. */
export const templateName = (service: string, snapshot: string): string =>
  `${prefixOf(service)}_${snapshot.toLowerCase().replaceAll("-", "_")}`;

/** Its name until it is whole. */
export const loadingName = (template: string): string => `${template}${LOADING}`;

/** Whether a database, or a role, is such a service's template or the beginning of one. */
export function isTemplateOf(service: string, name: string): "template" | "loading" | undefined {
  const [, loading] = new RegExp(`^${prefixOf(service)}${ID}(${LOADING})?$`).exec(name) ?? [];
  if (loading !== undefined) return "loading";
  return new RegExp(`^${prefixOf(service)}${ID}$`).test(name) ? "template" : undefined;
}

const instant = z.iso.datetime({ precision: 3 });
const count = z.number().int().min(0);

/** What the server itself says of a template: the comment of the database, as JSON. */
const templateSchema = z.strictObject({
  kind: z.literal("template"),
  service: z.string().min(1),
  /** Id of the snapshot. */
  snapshot: z.string().min(1),
  /** When the source was as the template is. ISO 8601. */
  takenAt: instant,
  loadedAt: instant,
  rows: count,
  /** On disk. */
  bytes: count,
});

/** What it says of a sandbox's database once that is whole, and from the start of its role. */
const sandboxSchema = z.strictObject({
  kind: z.literal("sandbox"),
  sandbox: z.string().min(1),
  service: z.string().min(1),
  snapshot: z.string().min(1),
  takenAt: instant,
  template: z.string().min(1),
});

export type TemplateLabel = Readonly<z.infer<typeof templateSchema>>;
export type SandboxLabel = Readonly<z.infer<typeof sandboxSchema>>;
const labelSchema = z.discriminatedUnion("kind", [templateSchema, sandboxSchema]);

export const labelText = (label: TemplateLabel | SandboxLabel): string => JSON.stringify(label);

/** What a comment says, if it is one of ours. */
export function parseLabel(comment: string | null): TemplateLabel | SandboxLabel | undefined {
  if (comment === null) return undefined;
  try {
    return labelSchema.parse(JSON.parse(comment));
  } catch {
    return undefined;
  }
}
