import { asArray, asBoolean, asObject, asString, path } from "../json";

/** What the engine does with a resource, from the resource's point of view. */
export type Op = "create" | "update" | "replace" | "delete" | "same" | "read";

/** One resource of a preview. */
export interface Step {
  readonly urn: string;
  /** `kubernetes:apps/v1:Deployment` */
  readonly type: string;
  /** Name in the program. */
  readonly name: string;
  readonly op: Op;
  readonly parent: string | undefined;
  /** Paths of the properties that change. */
  readonly changed: readonly string[];
  /** Paths that force a replacement. */
  readonly replacedFor: readonly string[];
  readonly protect: boolean;
  /** Inputs as they were and as they are to be; secrets are blanked out by the engine. */
  readonly before: Readonly<Record<string, unknown>> | undefined;
  readonly after: Readonly<Record<string, unknown>> | undefined;
}

export interface PolicyResult {
  readonly policy: string;
  readonly pack: string;
  readonly level: "advisory" | "mandatory" | "remediate" | "disabled";
  readonly message: string;
  readonly urn: string | undefined;
}

/** What a preview's events say, in the order in which resources were met. */
export interface SeenPreview {
  readonly steps: readonly Step[];
  readonly policies: readonly PolicyResult[];
  /** Packs that ran, with their versions. */
  readonly packs: Readonly<Record<string, string>>;
  /** What the engine or the program refused, each once. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Whether the engine came to its end. */
  readonly finished: boolean;
}

const OPS: Readonly<Record<string, Op>> = {
  create: "create",
  import: "create",
  update: "update",
  replace: "replace",
  "import-replacement": "replace",
  delete: "delete",
  discard: "delete",
  "read-discard": "delete",
  same: "same",
  read: "read",
  "read-replacement": "read",
};

/** @param lines of the engine's streamed JSON; whatever is no event is passed over. */
export function readEvents(lines: Iterable<string>): SeenPreview {
  const steps = new Map<string, Step>();
  const policies: PolicyResult[] = [];
  const errors: string[] = [];
  const warnings: string[] = [];
  let packs: Readonly<Record<string, string>> = {};
  let finished = false;
  for (const line of lines) {
    const event = parse(line);
    if (event === undefined) continue;
    const step = stepOf(path(event, "resourcePreEvent", "metadata"));
    // A replaced resource is met as its removal, its replacement and its making; the replacement says all of it.
    if (step && steps.get(step.urn)?.op !== "replace") steps.set(step.urn, step);
    const policy = policyOf(path(event, "policyEvent"));
    if (policy) policies.push(policy);
    const diagnostic = asObject(path(event, "diagnosticEvent"));
    if (diagnostic) {
      const list = SEVERITIES[asString(diagnostic.severity) ?? ""]?.(errors, warnings);
      const text = plain(asString(diagnostic.message) ?? "");
      if (list && asBoolean(diagnostic.ephemeral) !== true && text !== "" && !list.includes(text)) list.push(text);
    }
    const failure = asString(path(event, "errorEvent", "error"));
    if (failure !== undefined && !errors.includes(plain(failure))) errors.push(plain(failure));
    const summary = asObject(path(event, "summaryEvent"));
    if (summary) {
      finished = true;
      packs = Object.fromEntries(
        Object.entries(asObject(summary.PolicyPacks) ?? {}).map(([name, version]) => [name, asString(version) ?? ""]),
      );
    }
  }
  return { steps: [...steps.values()], policies, packs, errors, warnings, finished };
}

const SEVERITIES: Readonly<Record<string, (errors: string[], warnings: string[]) => string[]>> = {
  error: (errors) => errors,
  warning: (_errors, warnings) => warnings,
};

function parse(line: string): unknown {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // a line of a plugin
  }
}

function stepOf(metadata: unknown): Step | undefined {
  const urn = asString(path(metadata, "urn"));
  const op = OPS[asString(path(metadata, "op")) ?? ""];
  if (urn === undefined || op === undefined) return undefined;
  const state = path(metadata, "new") ?? path(metadata, "old");
  return {
    urn,
    op,
    type: asString(path(metadata, "type")) ?? "",
    name: urn.slice(urn.lastIndexOf("::") + 2),
    parent: asString(path(state, "parent")) || undefined,
    changed: changedPaths(metadata),
    replacedFor: texts(path(metadata, "keys")),
    protect: asBoolean(path(metadata, "old", "protect")) === true,
    before: asObject(path(metadata, "old", "inputs")),
    after: op === "delete" ? undefined : asObject(path(metadata, "new", "inputs")),
  };
}

/** The paths of the detailed difference, or the keys that differ where the provider gives no details. */
function changedPaths(metadata: unknown): readonly string[] {
  const detailed = Object.keys(asObject(path(metadata, "detailedDiff")) ?? {});
  return (detailed.length > 0 ? detailed : [...texts(path(metadata, "diffs"))]).sort();
}

function policyOf(event: unknown): PolicyResult | undefined {
  const policy = asString(path(event, "policyName"));
  if (policy === undefined) return undefined;
  const level = asString(path(event, "enforcementLevel"));
  return {
    policy,
    pack: asString(path(event, "policyPackName")) ?? "",
    level: level === "advisory" || level === "remediate" || level === "disabled" ? level : "mandatory",
    message: plain(asString(path(event, "message")) ?? ""),
    urn: asString(path(event, "resourceUrn")) || undefined,
  };
}

const texts = (value: unknown): readonly string[] => asArray(value).flatMap((item) => asString(item) ?? []);

/** Without the engine's colour marks and the spaces around. */
const plain = (text: string): string => text.replace(/<\{%[^%]*%\}>/g, "").trim();
