import { z } from "zod";
import { parseStamp, type SandboxIdentity } from "../core/sandbox/identity";
import { parseSandboxName } from "../core/sandbox/name";
import { anyText, duration, field, mapOf, mapWith, text } from "../core/service/field";
import { PINNED_IMAGE, SERVICE_NAME, TAG } from "../core/service/names";
import { durationText } from "../core/service/duration";
import { describeValue, problemsOf, problemText, type Problem } from "../core/service/problem";
import type { ServiceConfig } from "../core/service/service";
import { stackProblem } from "./stackProblem";
import type { SandboxesConfig } from "./sandboxes";
import { readServices } from "./services";
import type { SourceFiles } from "./sourceFiles";

/** One service of a sandbox, and where it answers there. */
export interface SandboxServiceConfig {
  readonly service: ServiceConfig;
  readonly paths: readonly string[];
}

/** Everything one sandbox decides, checked as a whole, with what all have in common. */
export interface SandboxConfig {
  readonly identity: SandboxIdentity;
  readonly common: SandboxesConfig;
  /** Sorted by name. */
  readonly services: readonly SandboxServiceConfig[];
}

const stamp = field(
  { allowed: "a time such as 20261122T043000Z (UTC)", advice: "let hms-sbx create and extend write it" },
  (value) => (typeof value === "string" ? parseStamp(value) : undefined),
);

const wish = mapWith({
  image: text(PINNED_IMAGE).exactOptional(),
  source: field(
    {
      allowed: "a folder with a service.yaml, relative to Pulumi.yaml",
      advice: "write for example examples/drought-benefit",
    },
    (value) => (typeof value === "string" && value !== "" && !/^[/~\\]|^[A-Za-z]:|\0/.test(value) ? value : undefined),
  ).exactOptional(),
  tag: text(TAG).exactOptional(),
});

const sandboxSchema = mapWith({
  owner: anyText("say who answers for it"),
  purpose: anyText("say what it is for").default("not said"),
  createdAt: stamp,
  expiresAt: stamp,
  /** This one sandbox may stand longer than others. */
  maxTtl: duration(60, 7 * 86_400, "say how much one lease of this sandbox gives at most").exactOptional(),
  snapshot: text({
    pattern: /^(?:latest|[A-Za-z0-9][A-Za-z0-9._-]{0,100})$/,
    allowed: "latest, or the id of a snapshot",
    advice: "take it from hms snapshot list",
  }).default("latest"),
  changed: anyText("say what differs from what is live").default("not said"),
  services: mapOf(SERVICE_NAME, wish).default({}),
});

export interface SandboxInput {
  readonly stack: string;
  /** Keys of the stack without the project's prefix, values as they stand in the file. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly encrypted: readonly string[];
  readonly common: SandboxesConfig;
  readonly files: SourceFiles;
}

export type ReadSandbox =
  { readonly ok: true; readonly config: SandboxConfig } | { readonly ok: false; readonly problems: readonly string[] };

/** Checks all of `hms:sandbox`; a config only if nothing at all is wrong. */
export function readSandbox({ stack, values, encrypted, common, files }: SandboxInput): ReadSandbox {
  const { sandbox: raw, ...others } = values;
  const name = parseSandboxName(stack);
  const secret = encrypted.includes("sandbox");
  const parsed = sandboxSchema.safeParse(secret ? {} : raw);
  const problems: string[] = [
    ...(name.ok ? [] : name.problems.map(problemText)),
    ...Object.keys(others).map((key) =>
      stackProblem({ path: [key], got: "an unknown key", allowed: "sandbox", advice: "remove it" }),
    ),
    ...(secret
      ? ["hms:sandbox: got an encrypted value; allowed are plain values only; write it without --secret"]
      : parsed.success
        ? []
        : problemsOf(parsed.error, raw, ["sandbox"]).map(stackProblem)),
  ];
  if (!parsed.success || !name.ok) return { ok: false, problems };
  const { services: wishes, maxTtl, ...said } = parsed.data;
  const limits =
    maxTtl === undefined ? common.limits : { ...common.limits, maxTtl: Math.min(maxTtl, common.limits.maxAge) };
  const read = readServices(withWishes(common.services, wishes), files);
  problems.push(
    ...leaseProblems(said, limits.maxAge).map(stackProblem),
    ...Object.keys(wishes)
      .filter((one) => !(one in common.services))
      .map((one) => stackProblem(unknownService(one, Object.keys(common.services)))),
    ...read.problems,
    ...read.services.flatMap(({ name: service, config }) =>
      config === undefined
        ? []
        : [
            stackProblem({
              path: ["services", service, "config"],
              got: "files",
              allowed: "none in a sandbox",
              advice: "give it variables",
            }),
          ],
    ),
  );
  if (problems.length > 0) return { ok: false, problems };
  const services = read.services.map((service) => ({ service, paths: common.paths[service.name] ?? [] }));
  return { ok: true, config: { identity: { name: name.value, ...said }, common: { ...common, limits }, services } };
}

function leaseProblems(
  { createdAt, expiresAt }: SandboxIdentity | Pick<SandboxIdentity, "createdAt" | "expiresAt">,
  maxAge: number,
): readonly Problem[] {
  const seconds = (expiresAt.getTime() - createdAt.getTime()) / 1000;
  if (seconds > 0 && seconds <= maxAge) return [];
  const got = seconds > 0 ? durationText(seconds) : "a time before it was created";
  const allowed = `at most ${durationText(maxAge)} after createdAt`;
  return [{ path: ["sandbox", "expiresAt"], got, allowed, advice: "let hms-sbx create and extend write it" }];
}

/** An image or folder of the sandbox stands instead of the folder that all have in common. */
function withWishes(
  services: SandboxesConfig["services"],
  wishes: Readonly<Record<string, { readonly image?: string; readonly source?: string; readonly tag?: string }>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(services).map(([name, entry]) => [name, { ...entry, ...wishes[name] }]));
}

const unknownService = (name: string, known: readonly string[]): Problem => ({
  path: ["sandbox", "services", name],
  got: describeValue(name),
  allowed: `one of ${known.join(", ")}`,
  advice: "name a service of sandboxes.yaml",
});

export type SandboxWish = Readonly<z.output<typeof wish>>;
