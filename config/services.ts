import { gatesOf } from "../core/gates/serviceGates";
import { closest } from "../core/service/closest";
import { missingFiles } from "../core/service/config";
import { type ServiceDefinition, serviceDefinitionSchema } from "../core/service/definition";
import { decisionProblems } from "../core/service/migrations";
import { SERVICE_NAME } from "../core/service/names";
import { namedTwice, parseService } from "../core/service/parse";
import type { DeclaredNeeds } from "../core/service/needs";
import { describeValue, type Problem, problemsOf } from "../core/service/problem";
import { mergeService, missingEnv, type ServiceConfig, type ServiceOverrides } from "../core/service/service";
import { readNeeds } from "./needs";
import { type InlineEntry, inlineEntrySchema, sourcedEntrySchema } from "./schema";
import type { SourceFiles } from "./sourceFiles";
import { stackProblem } from "./stackProblem";

export { stackProblem } from "./stackProblem";

export interface ReadServices {
  /** Only those without a problem. */
  readonly services: readonly ServiceConfig[];
  /** Every name under `services`, right or wrong, for messages about names. */
  readonly names: readonly string[];
  readonly problems: readonly string[];
}

/** Reads the `services` of a stack, each with the service.yaml it points at. */
export function readServices(raw: unknown, files: SourceFiles): ReadServices {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw) || Object.keys(raw).length === 0) {
    const problem: Problem = {
      path: ["services"],
      got: describeValue(raw),
      allowed: "a map with at least one service",
      advice: "write <name>: { source: <folder with service.yaml> }",
    };
    return { services: [], names: [], problems: [stackProblem(problem)] };
  }
  const read = Object.entries(raw).map(([name, entry]) => readService(name, entry, files));
  return {
    services: read.flatMap(({ service }) => service ?? []).sort((a, b) => (a.name < b.name ? -1 : 1)),
    names: Object.keys(raw),
    problems: read.flatMap(({ problems }) => problems),
  };
}

interface ReadService {
  readonly service?: ServiceConfig;
  readonly problems: readonly string[];
}

function readService(name: string, raw: unknown, files: SourceFiles): ReadService {
  const path = ["services", name];
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    const advice = "write source: <folder with service.yaml>";
    return { problems: [stackProblem({ path, got: describeValue(raw), allowed: "a map", advice })] };
  }
  const named = nameProblems(name, path);
  const sourced = "source" in raw || !("image" in raw || "port" in raw);
  const read = sourced ? readSourced(name, raw, files, path) : readInline(name, raw, files, path);
  return named.length === 0 ? read : { problems: [...named, ...read.problems] };
}

function nameProblems(name: string, path: readonly string[]): readonly string[] {
  if (SERVICE_NAME.pattern.test(name) && name.length <= (SERVICE_NAME.longest ?? Infinity)) return [];
  const { allowed, advice } = SERVICE_NAME;
  return [stackProblem({ path, got: `the name ${describeValue(name)}`, allowed, advice })];
}

function readSourced(name: string, raw: object, files: SourceFiles, path: readonly string[]): ReadService {
  const parsed = sourcedEntrySchema.safeParse(raw);
  const problems = parsed.success ? [] : problemsOf(parsed.error, raw, path).map(stackProblem);
  const folder = sourceOf(raw);
  if (folder === undefined) return { problems };
  const filename = `${folder.replace(/\/+$/, "")}/service.yaml`;
  const text = files.read(filename);
  if (text === undefined) {
    const missing = {
      path: [...path, "source"],
      got: `${describeValue(folder)}, which has no service.yaml`,
      allowed: "a folder with a service.yaml, relative to Pulumi.yaml",
      advice: `correct the path, or write ${filename}`,
    };
    return { problems: [...problems, stackProblem(missing)] };
  }
  const definition = parseService(text, filename);
  if (!definition.ok) return { problems: [...problems, ...definition.problems] };
  if (!parsed.success) return { problems };
  const { source, ...overrides } = parsed.data;
  const undeclared = [
    ...undeclaredVariables(definition.value, overrides, path, filename),
    ...undeclaredFiles(definition.value, overrides, path, filename),
  ];
  const decisions = decisionProblems(definition.value.migrations, overrides.migrations).map((problem) =>
    stackProblem({ ...problem, path: [...path, "migrations", ...problem.path] }),
  );
  const read = finish(name, definition.value, overrides, [...problems, ...undeclared, ...decisions], path, (relative) =>
    files.absolute(`${source}/${relative}`),
  );
  return withNeeds(read, overrides.needs ?? definition.value.needs, folder, files, path);
}

function withNeeds(
  { service, problems }: ReadService,
  declared: DeclaredNeeds | undefined,
  folder: string | undefined,
  files: SourceFiles,
  path: readonly string[],
): ReadService {
  const read = readNeeds(declared ?? {}, folder?.replace(/\/+$/, ""), files, path);
  const all = [...problems, ...read.problems];
  if (service === undefined || all.length > 0) return { problems: all };
  return { service: declared === undefined ? service : { ...service, needs: read.needs }, problems: [] };
}

/** The folder an entry names, if what it names can be one; the schema says so if not. */
function sourceOf(raw: object): string | undefined {
  const parsed = sourcedEntrySchema.shape.source.safeParse(Reflect.get(raw, "source"));
  return parsed.success ? parsed.data : undefined;
}

function readInline(name: string, raw: unknown, files: SourceFiles, path: readonly string[]): ReadService {
  const parsed = inlineEntrySchema.safeParse(raw);
  if (!parsed.success) return { problems: problemsOf(parsed.error, raw, path).map(stackProblem) };
  const twice = namedTwice(raw, path).map(stackProblem);
  // The whole service stands here, so there is nothing beside it that could decide about its migrations.
  const { migrations: _own, ...overrides } = parsed.data;
  const read = finish(name, definitionOf(name, parsed.data), overrides, twice, path, (relative) =>
    files.absolute(relative),
  );
  return withNeeds(read, overrides.needs, undefined, files, path);
}

function definitionOf(name: string, entry: InlineEntry): ServiceDefinition {
  const { image, port, smoke, health, longestRequest, startup, kpis, migrations, config, contract } = entry;
  const defaults = serviceDefinitionSchema.parse({
    name,
    image: { ref: image },
    port,
    smoke: [{ name, request: { path: "/" } }],
  });
  return {
    ...defaults,
    smoke,
    ...(health === undefined ? {} : { health }),
    ...(longestRequest === undefined ? {} : { longestRequest }),
    ...(startup === undefined ? {} : { startup }),
    ...(kpis === undefined ? {} : { kpis }),
    ...(migrations === undefined ? {} : { migrations }),
    ...(config === undefined ? {} : { config }),
    ...(contract === undefined ? {} : { contract }),
  };
}

function finish(
  name: string,
  definition: ServiceDefinition,
  overrides: ServiceOverrides,
  problems: readonly string[],
  path: readonly string[],
  contextOf: (relative: string) => string,
): ReadService {
  const missing = missingEnv(definition, overrides).map((variable) =>
    stackProblem({
      path: [...path, "env", variable],
      got: "nothing",
      allowed: "a text, number or boolean",
      advice: "give the value this stack runs with; the service requires it",
    }),
  );
  const filesMissing = missingFiles(definition.config, overrides.config).map((file) =>
    stackProblem({
      path: [...path, "config", "files", file],
      got: "nothing",
      allowed: "exactly one of text, file and folder",
      advice: "give the file this stack runs with; the service requires it",
    }),
  );
  const all = [...problems, ...missing, ...filesMissing];
  if (all.length > 0) return { problems: all };
  const service = mergeService(name, definition, overrides, contextOf);
  const unknown = unknownGates(service, path);
  return unknown.length > 0 ? { problems: unknown } : { service, problems: [] };
}

/** Gates that the strategy names and neither the defaults nor the service's KPIs have. */
function unknownGates({ strategy = [], kpis }: ServiceConfig, path: readonly string[]): readonly string[] {
  const known = gatesOf(kpis).map((gate) => gate.name);
  return strategy.flatMap(({ gates }, index) => {
    const named = Array.isArray(gates) ? gates : [];
    return named
      .filter((gate) => !known.includes(gate))
      .map((gate) => {
        const meant = closest(gate, known);
        return stackProblem({
          path: [...path, "strategy", index, "gates"],
          got: `the gate ${describeValue(gate)}`,
          allowed: `one of ${known.join(", ")}`,
          advice: meant === undefined ? "name a KPI of this service, or one of the defaults" : `did you mean ${meant}?`,
        });
      });
  });
}

/** A stack gives values only to what the service declares: anything else is a slip of the pen. */
function undeclaredVariables(
  definition: ServiceDefinition,
  overrides: ServiceOverrides,
  path: readonly string[],
  filename: string,
): readonly string[] {
  return (["env", "secrets"] as const).flatMap((section) => {
    const declared = Object.keys(definition[section]);
    return Object.keys(overrides[section] ?? {})
      .filter((variable) => !declared.includes(variable))
      .map((variable) => {
        const meant = closest(variable, declared);
        return stackProblem({
          path: [...path, section, variable],
          got: "a variable that the service does not declare",
          allowed:
            declared.length === 0 ? `nothing, for ${filename} has no ${section}` : `one of ${declared.join(", ")}`,
          advice:
            meant === undefined ? `declare it under ${section} in ${filename}, or remove it` : `did you mean ${meant}?`,
        });
      });
  });
}

/** The same for files: a stack replaces what the service has, it adds nothing. */
function undeclaredFiles(
  { config }: ServiceDefinition,
  overrides: ServiceOverrides,
  path: readonly string[],
  filename: string,
): readonly string[] {
  const declared = Object.keys(config?.files ?? {});
  return Object.keys(overrides.config?.files ?? {})
    .filter((file) => !declared.includes(file))
    .map((file) => {
      const meant = closest(file, declared);
      return stackProblem({
        path: [...path, "config", "files", file],
        got: "a file that the service does not declare",
        allowed:
          declared.length === 0 ? `nothing, for ${filename} has no config.files` : `one of ${declared.join(", ")}`,
        advice:
          meant === undefined ? `declare it under config.files in ${filename}, or remove it` : `did you mean ${meant}?`,
      });
    });
}
