import { z } from "zod";
import { anyText, field, mapWith, text } from "../service/field";
import { fail, problemsOf, succeed, type Problem, type Result } from "../service/problem";
import type { Finding } from "./finding";

/** The first day, UTC, on which the waiver no longer counts. */
const expiry = field(
  { allowed: "a date such as 2027-03-31", advice: "write the first day on which it no longer counts" },
  (value) => {
    const text = value instanceof Date ? value.toISOString().slice(0, 10) : value;
    if (typeof text !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
    const at = new Date(`${text}T00:00:00Z`);
    return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== text ? undefined : text;
  },
);

/** The form of one waiver, with clear words for what is wrong. */
export const waiverSchema = mapWith({
  id: text({
    pattern: /^[A-Za-z0-9][A-Za-z0-9:._-]*$/,
    longest: 100,
    allowed: "the name of a weakness such as CVE-2021-44906, or of a secrets rule such as github-pat",
    advice: "take it from the scan's report",
  }),
  package: text({
    pattern: /^[A-Za-z]+\/\S+$/,
    longest: 300,
    allowed: "an ecosystem and a package such as npm/minimist",
    advice: "take it from the scan's report, without the version",
  }).exactOptional(),
  file: anyText("write the file of the image, as the scan's report has it, without the layer").exactOptional(),
  image: text({
    pattern: /^sha256:[0-9a-f]{64}$/,
    longest: 71,
    allowed: "sha256: and 64 hex digits",
    advice: "write the image's id or digest, as the scan's report has it",
  }).exactOptional(),
  owner: anyText("write who answers for it"),
  reason: anyText("write why it may stay"),
  expires: expiry,
}).superRefine((waiver, context) => {
  if (waiver.package !== undefined || waiver.file !== undefined || waiver.image !== undefined) return;
  const params = {
    got: "a waiver for every image and package",
    allowed: "one that says for what it is",
    advice: "name the package, the file (of a secret), or the image",
  };
  context.addIssue({ code: "custom", params });
});

/** A finding that somebody answers for. */
export type Waiver = Readonly<z.output<typeof waiverSchema>>;

const fileSchema = mapWith({
  waivers: z.array(waiverSchema, { error: "a list of waivers; write an empty list for none" }),
});

/** What a file of waivers says, with everything that is wrong with it. @param document parsed YAML or JSON */
export function readWaivers(document: unknown): Result<readonly Waiver[]> {
  const parsed = fileSchema.safeParse(document);
  if (parsed.success) return succeed(parsed.data.waivers);
  const problems: readonly Problem[] = problemsOf(parsed.error, document);
  return fail(problems);
}

/** A finding and who answers for it. */
export interface Waived<F extends Finding = Finding> {
  readonly finding: F;
  readonly waiver: Waiver;
}

export interface Weighed<F extends Finding> {
  /** Nobody answers for these. */
  readonly open: readonly F[];
  readonly waived: readonly Waived<F>[];
  /** Waivers that would cover a finding if they were still good. */
  readonly expired: readonly Waived<F>[];
  /** Waivers that covered nothing. */
  readonly unused: readonly Waiver[];
}

/** @param image every digest that the scanned image is known by. */
export function weigh<F extends Finding>(
  findings: readonly F[],
  waivers: readonly Waiver[],
  image: readonly string[],
  now: Date,
): Weighed<F> {
  const today = now.toISOString().slice(0, 10);
  const open: F[] = [];
  const waived: Waived<F>[] = [];
  const expired: Waived<F>[] = [];
  const used = new Set<Waiver>();
  for (const finding of findings) {
    const fitting = waivers.filter((waiver) => covers(waiver, finding, image));
    for (const waiver of fitting) used.add(waiver);
    const good = fitting.find(({ expires }) => today < expires);
    if (good !== undefined) {
      waived.push({ finding, waiver: good });
      continue;
    }
    open.push(finding);
    const [old] = fitting;
    if (old !== undefined) expired.push({ finding, waiver: old });
  }
  return { open, waived, expired, unused: waivers.filter((waiver) => !used.has(waiver)) };
}

function covers(waiver: Waiver, finding: Finding, image: readonly string[]): boolean {
  if (waiver.image !== undefined && !image.includes(waiver.image)) return false;
  if (finding.kind === "secret")
    return (
      waiver.package === undefined &&
      waiver.id === finding.id &&
      (waiver.file === undefined || waiver.file === finding.where.replace(/^layer \d+: /, ""))
    );
  return (
    waiver.file === undefined &&
    finding.names.includes(waiver.id) &&
    (waiver.package === undefined || waiver.package === finding.package)
  );
}
