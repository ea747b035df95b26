import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import type { Caps } from "../core/sandbox/caps";
import { DEFAULT_TTL, LEASE_LIMITS, type LeaseLimits } from "../core/sandbox/lease";
import type { Protected } from "../core/sandbox/protect";
import { durationText } from "../core/service/duration";
import { duration, field, mapOf, mapWith, text, wholeNumber } from "../core/service/field";
import {
  DNS_LABEL,
  LABEL_KEY,
  LABEL_VALUE,
  PINNED_IMAGE,
  REQUEST_PATH,
  SECRET_NAME,
  SERVICE_NAME,
} from "../core/service/names";
import { describeValue, type Problem, problemsOf, problemText } from "../core/service/problem";
import type { PermissionWish } from "../core/permission/identity";
import { RefusedError } from "../platform/errors";
import { folderLedgerField } from "./ledger";
import { permissionSchema, readPermission } from "./permission";
import { domain, flag, gateway, registry } from "./schema";
import type { SourceFiles } from "./sourceFiles";

/** File of this project that says what all sandboxes have in common. */
export const SANDBOXES_FILE = "sandboxes.yaml";

/** Longest lease that a file may allow; whoever needs more needs a stack that lasts. */
const LONGEST = 7 * 86_400;
const lease = (advice: string) => duration(60, LONGEST, advice);

const amount = (advice: string) =>
  field({ allowed: "a number above 0", advice }, (value) =>
    typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined,
  );

const names = (what: string) =>
  z.array(text({ pattern: /^\S+$/, allowed: `a name of ${what}`, advice: "write its name" }), {
    error: `a list of names of ${what}; write each on a line of its own`,
  });

const reachSchema = mapWith({
  namespace: text({ ...DNS_LABEL, advice: "write the namespace of the server's pods" }).exactOptional(),
  pods: mapOf(LABEL_KEY, text(LABEL_VALUE)).exactOptional(),
  cidr: text({
    pattern: /^(?:\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/,
    allowed: "a range of addresses such as 10.20.30.40/32",
    advice: "write the server's address, for a server outside of the cluster",
  }).exactOptional(),
  port: wholeNumber(1, 65_535, "write the port that pods connect to"),
}).superRefine(({ namespace, cidr }, context) => {
  if ((namespace === undefined) !== (cidr === undefined)) return;
  context.addIssue({
    code: "custom",
    params: {
      allowed: "either namespace (with pods) or cidr",
      advice: "say where the server is: it is the only place besides DNS that a sandbox may connect to",
    },
  });
});

export const sandboxesSchema = mapWith({
  kubeContext: text({
    pattern: /^\S+$/,
    allowed: "the name of a context of the kubeconfig",
    advice: "leave it out for the local platform; sandboxes have a cluster of their own, never production's",
  }).default("hms-local"),
  domain,
  gateway,
  registry,
  lease: mapWith({
    default: lease("say how long a sandbox stands that nobody said anything about").default(DEFAULT_TTL),
    longest: lease("say how much one lease gives at most").default(LEASE_LIMITS.maxTtl),
    inAll: lease("say how old a sandbox may get over all extensions").default(LEASE_LIMITS.maxAge),
  })
    .superRefine(({ default: usual, longest, inAll }, context) => {
      if (usual <= longest && longest <= inAll) return;
      const got = `${durationText(usual)}, ${durationText(longest)}, ${durationText(inAll)}`;
      const allowed = "default <= longest <= inAll";
      context.addIssue({ code: "custom", params: { got, allowed, advice: "put them into that order" } });
    })
    .prefault({}),
  caps: mapWith({
    maxPerOwner: wholeNumber(1, 1000, "say how many one owner may have at a time").exactOptional(),
    maxInAll: wholeNumber(1, 10_000, "say how many there may be at a time").exactOptional(),
    pricePerHour: amount("write what one sandbox costs an hour").exactOptional(),
    budget: amount("write what all that stand may cost over their leases").exactOptional(),
  }).default({}),
  protected: mapWith({
    contexts: names("contexts").default([]),
    namespaces: names("namespaces").default([]),
  }).prefault({}),
  /** Whether the gate asks who somebody is before a request reaches a sandbox. */
  review: flag.default(true),
  /** Where reviewers sign in. Absent: the local platform's stand-in. */
  identity: mapWith({
    issuer: text({
      pattern: /^https:\/\/[^\s?#]+$/,
      allowed: "an https address without a query",
      advice: "write it as the identity provider calls itself",
    }),
    clientId: text({ pattern: /^\S+$/, allowed: "a word", advice: "write the gate's name at the identity provider" }),
    groupsClaim: text({
      pattern: /^\S+$/,
      allowed: "the name of a claim",
      advice: "write the claim of the ID token that lists somebody's groups",
    }).default("groups"),
    scope: text({
      pattern: /^openid( \S+)*$/,
      allowed: "openid and further words, each after one blank",
      advice: "write what the provider wants to be asked for",
    }).default("openid profile email"),
    image: text(PINNED_IMAGE).exactOptional(),
  }).exactOptional(),
  /** Where the record of openings and decisions is kept. */
  ledger: folderLedgerField.default("local"),
  reaper: mapWith({ image: text(PINNED_IMAGE) }).exactOptional(),
  /** How somebody proves in which role they make, share and end sandboxes. */
  permission: permissionSchema.exactOptional(),
  database: mapWith({
    service: text(SERVICE_NAME),
    secret: text(SECRET_NAME),
    server: text({
      pattern: /^[a-z0-9][a-z0-9-]*\/[a-z0-9][a-z0-9.-]*$/,
      allowed: "<namespace>/<Secret> with how the sandbox server's administrator connects",
      advice: "write hms-sandboxes/sandbox-server-admin for the local platform's",
    }).default("hms-sandboxes/sandbox-server-admin"),
    reach: reachSchema,
  }),
  services: z.record(z.string(), z.unknown(), {
    error: "a map with at least one service; write <name>: { source: <folder with service.yaml>, paths: [/] }",
  }),
});

/** Paths of the sandbox's host that lead to a service. */
export const pathsSchema = z
  .array(text(REQUEST_PATH), { error: "a list of paths; write [/] for all that no other service has" })
  .min(1, { error: "at least one path; write [/] for all that no other service has" });

type SandboxesValues = Readonly<z.output<typeof sandboxesSchema>>;

/** What all sandboxes of this project have in common. */
export interface SandboxesConfig extends Omit<
  SandboxesValues,
  "services" | "lease" | "protected" | "caps" | "permission"
> {
  /** Absent: nobody has to prove a role. */
  readonly permission?: PermissionWish;
  readonly defaultTtl: number;
  readonly limits: LeaseLimits;
  readonly caps: Caps;
  readonly protectedPlaces: Pick<Protected, "contexts" | "namespaces">;
  /** Entries as a stack file has them, without `paths`. */
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly paths: Readonly<Record<string, readonly string[]>>;
}

export type ReadSandboxes =
  | { readonly ok: true; readonly config: SandboxesConfig }
  | { readonly ok: false; readonly problems: readonly string[] };

/** @param raw the parsed file; what its services are is for `readSandbox` to say, with their service.yaml. */
export function readSandboxes(
  raw: unknown,
  files: Pick<SourceFiles, "read"> = { read: () => undefined },
): ReadSandboxes {
  const parsed = sandboxesSchema.safeParse(raw);
  const problems = parsed.success ? [] : problemsOf(parsed.error, raw).map(fileProblem);
  if (!parsed.success) return { ok: false, problems };
  const { services, lease: leases, protected: protectedPlaces, permission: values, ...rest } = parsed.data;
  const { permission, problems: wrong } = readPermission(values, files);
  const split = Object.entries(services).map(([name, entry]) => splitEntry(name, entry));
  const all = [
    ...(split.length > 0 ? [] : [noServices]),
    ...split.flatMap((one) => one.problems),
    ...sharedPaths(split),
    ...wrong,
  ].map(fileProblem);
  if (all.length > 0) return { ok: false, problems: all };
  return {
    ok: true,
    config: {
      ...rest,
      ...(permission === undefined ? {} : { permission }),
      defaultTtl: leases.default,
      limits: { maxTtl: leases.longest, maxAge: leases.inAll },
      protectedPlaces,
      services: Object.fromEntries(split.map(({ name, entry }) => [name, entry])),
      paths: Object.fromEntries(split.map(({ name, paths }) => [name, paths])),
    },
  };
}

interface SplitEntry {
  readonly name: string;
  readonly entry: Readonly<Record<string, unknown>>;
  readonly paths: readonly string[];
  readonly problems: readonly Problem[];
}

const noServices: Problem = {
  path: ["services"],
  got: "an empty map",
  allowed: "a map with at least one service",
  advice: "write <name>: { source: <folder with service.yaml>, paths: [/] }",
};

function splitEntry(name: string, raw: unknown): SplitEntry {
  const path = ["services", name];
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    const advice = "write { source: <folder with service.yaml>, paths: [/] }";
    return { name, entry: {}, paths: [], problems: [{ path, got: describeValue(raw), allowed: "a map", advice }] };
  }
  const { paths: given, ...entry } = raw as Record<string, unknown>;
  const paths = pathsSchema.safeParse(given);
  if (paths.success) return { name, entry, paths: paths.data, problems: [] };
  return { name, entry, paths: [], problems: problemsOf(paths.error, given, [...path, "paths"]) };
}

function sharedPaths(entries: readonly SplitEntry[]): readonly Problem[] {
  const taken = new Map<string, string>();
  return entries.flatMap(({ name, paths }) =>
    paths.flatMap((one, index) => {
      const other = taken.get(one);
      taken.set(one, name);
      if (other === undefined) return [];
      const path = ["services", name, "paths", index];
      return [{ path, got: `${one}, which leads to ${other}`, allowed: "a path of its own", advice: "name another" }];
    }),
  );
}

const fileProblem = (problem: Problem): string => `${SANDBOXES_FILE}: ${problemText(problem)}`;

/** @throws RefusedError that lists every problem at once. */
export function loadSandboxes(root: string): SandboxesConfig {
  const file = resolve(root, SANDBOXES_FILE);
  if (!existsSync(file))
    throw new RefusedError(`there is no ${SANDBOXES_FILE} in ${root}, which says what sandboxes are made of`);
  const document = parseDocument(readFileSync(file, "utf8"));
  const [broken] = document.errors;
  if (broken) throw new RefusedError(`${SANDBOXES_FILE}: ${broken.message}`);
  const read = readSandboxes(document.toJS(), {
    read: (path) => (existsSync(resolve(root, path)) ? readFileSync(resolve(root, path), "utf8") : undefined),
  });
  if (read.ok) return read.config;
  throw new RefusedError(read.problems.join("\n"));
}
