import { isIPv4 } from "node:net";
import { z } from "zod";
import { path as at, asString } from "../core/json";
import { parseScrubRules } from "../core/scrub/rules";
import { anyText, duration, field, mapOf, mapWith, text, wholeNumber } from "../core/service/field";
import { parseMemory } from "../core/service/quantity";
import { DNS_LABEL, LABEL_KEY, LABEL_VALUE, PINNED_IMAGE, SECRET_NAME, SERVICE_NAME } from "../core/service/names";
import { describeValue, type Problem } from "../core/service/problem";
import { CLUSTER } from "../platform/local/layout";
import { schedule, timeZone } from "./clock";
import type { SourceFiles } from "./sourceFiles";
import { stackProblem } from "./stackProblem";

const DAY = 86_400;

/** An IPv4 network, `10.20.0.0/24`. */
export const cidr = field(
  { allowed: "an IPv4 network such as 10.20.0.0/24", advice: "write where it is, as narrow as it is known" },
  (value) => {
    const [address = "", length = "", ...rest] = typeof value === "string" ? value.split("/") : [];
    return rest.length === 0 && isIPv4(address) && /^(\d|[12]\d|3[0-2])$/.test(length)
      ? `${address}/${length}`
      : undefined;
  },
);

const flag = field({ allowed: "true or false", advice: "write one of the two without quotes" }, (value) =>
  typeof value === "boolean" ? { value } : undefined,
).transform(({ value }): boolean => value);

const secretName = text(SECRET_NAME);

const reach = {
  pods: mapOf(LABEL_KEY, text(LABEL_VALUE)).exactOptional(),
  cidr: cidr.exactOptional(),
  port: wholeNumber(1, 65_535, "write the port that the database listens on").default(5432),
};
const store = text({ ...DNS_LABEL, advice: "write the name of a claim to the volume that snapshots lie on" }).default(
  "snapshots",
);
/** With less, threads and known values find no room. */
const LEAST_MEMORY = 512 * 2 ** 20;
const podMemory = field(
  {
    allowed: "a Kubernetes memory quantity of at least 512Mi such as 1Gi or 4Gi",
    advice: "write what the pod may take; known values get a quarter of it",
  },
  (value) => (typeof value === "string" && (parseMemory(value) ?? 0) >= LEAST_MEMORY ? value : undefined),
);
const deadline = (otherwise: number) => duration(60, 7 * DAY, "say how long one may take").default(otherwise);

const loadSchema = mapWith({
  schedule,
  namespace: text({ ...DNS_LABEL, advice: "write the namespace beside the sandboxes' server" }).default(
    "hms-sandboxes",
  ),
  server: mapWith({ secret: secretName.default("sandbox-server-admin"), ...reach }),
  trust: secretName.default("snapshot-trust"),
  store,
  keep: wholeNumber(1, 1000, "say how many templates stay, the newest").default(2),
  maxAge: duration(3600, 365 * DAY, "say how old a snapshot may be that is loaded").default(36 * 3600),
  deadline: deadline(2 * 3600),
});

/** How a service's snapshots come to the sandboxes' server by themselves. */
export type SnapshotLoadConfig = Readonly<z.output<typeof loadSchema>>;

const entrySchema = mapWith({
  schedule,
  timeZone: timeZone.default("Etc/UTC"),
  namespace: text({ ...DNS_LABEL, advice: "write the namespace of the vault" }).default("hms-vault"),
  database: mapWith({ secret: secretName.default("snapshot-reader"), ...reach, tls: flag.default(false) }),
  keys: secretName.default("snapshot-keys"),
  store,
  keep: wholeNumber(1, 100_000, "say how many of the newest stay, whatever their age").default(7),
  maxAge: duration(3600, 3650 * DAY, "say how old others may get").default(30 * DAY),
  deadline: deadline(6 * 3600),
  memory: podMemory.default("1Gi"),
  load: loadSchema.exactOptional(),
  rules: anyText("write the path of the scrub rules, relative to Pulumi.yaml").exactOptional(),
  image: text(PINNED_IMAGE).exactOptional(),
});

/** `hms:snapshots` of a stack file. */
export const snapshotsSchema = mapOf(SERVICE_NAME, entrySchema).default({});
type Entry = Readonly<z.output<typeof entrySchema>>;

/** The snapshots that are taken of one service's database, by themselves. */
export interface SnapshotConfig extends Omit<Entry, "rules" | "image"> {
  readonly service: string;
  /** Text of its scrub rules. */
  readonly rules: string;
  /** The runner's image with PostgreSQL's client programs, by digest. Absent: the local platform makes it. */
  readonly image?: string;
}

export interface ReadSnapshots {
  readonly snapshots: readonly SnapshotConfig[];
  readonly problems: readonly string[];
}

/**
 * What a stack says of snapshots, with the rules that it points at.
 * @param entries as the schema read them.
 * @param services the stack's own, as they stand in its file.
 */
export function readSnapshots(
  entries: Readonly<Record<string, Entry>>,
  services: unknown,
  kubeContext: string,
  files: SourceFiles,
): ReadSnapshots {
  const read = Object.entries(entries)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([service, entry]) => readOne(service, entry, asString(at(services, service, "source")), kubeContext, files));
  return {
    snapshots: read.flatMap(({ snapshot }) => snapshot ?? []),
    problems: read.flatMap(({ problems }) => problems),
  };
}

function readOne(
  service: string,
  { rules: named, ...entry }: Entry,
  source: string | undefined,
  kubeContext: string,
  files: SourceFiles,
): { readonly snapshot?: SnapshotConfig; readonly problems: readonly string[] } {
  const path = ["snapshots", service];
  const file = named ?? (source === undefined ? undefined : `${source.replace(/\/+$/, "")}/scrub.yaml`);
  const rules = file === undefined ? undefined : files.read(file);
  const problems = [
    ...reachProblems(entry.database, [...path, "database"]),
    ...(entry.load === undefined ? [] : reachProblems(entry.load.server, [...path, "load", "server"])),
    ...imageProblems(entry.image, kubeContext, path),
  ];
  if (file === undefined || rules === undefined) {
    const missing: Problem = {
      path: [...path, "rules"],
      got:
        file === undefined
          ? `nothing, and ${service} has no source in this stack`
          : `${describeValue(file)}, which is not there`,
      allowed: "a file with scrub rules, relative to Pulumi.yaml",
      advice: "nothing is read without them; write them (docs/snapshots.md), or correct the path",
    };
    return { problems: [...problems, missing].map(stackProblem) };
  }
  const parsed = parseScrubRules(rules, file);
  const all = [...problems.map(stackProblem), ...(parsed.ok ? [] : parsed.problems)];
  return all.length > 0 ? { problems: all } : { snapshot: { service, ...entry, rules }, problems: [] };
}

function reachProblems(
  { pods, cidr: network }: { readonly pods?: object; readonly cidr?: string },
  path: readonly string[],
): readonly Problem[] {
  if ((pods === undefined) !== (network === undefined)) return [];
  return [
    {
      path,
      got: pods === undefined ? "neither pods nor cidr" : "both pods and cidr",
      allowed: "exactly one of them, for a job reaches nothing else",
      advice:
        "write pods: { <label>: <value> } for a database in the same namespace, or cidr: <network> for one elsewhere",
    },
  ];
}

const imageProblems = (image: string | undefined, kubeContext: string, path: readonly string[]): readonly Problem[] =>
  image !== undefined || kubeContext === CLUSTER.context
    ? []
    : [
        {
          path: [...path, "image"],
          got: `nothing, for the context ${kubeContext}`,
          allowed: "the runner's image with PostgreSQL's programs, by digest; the local platform alone makes its own",
          advice: "push it to a registry of that cluster (images/hms-postgres) and write its digest",
        },
      ];
