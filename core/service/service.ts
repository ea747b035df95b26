import type { ServiceChaos } from "./chaos";
import { mergeFiles, type ConfigOverrides, type ServiceFiles } from "./config";
import type { Autoscale, ServiceDefinition } from "./definition";
import type { Kpi } from "./kpi";
import { mergeMigrations, type Migrations, type MigrationsDecision } from "./migrations";
import type { Need } from "./needs";
import type { SmokeTest } from "./smoke";
import type { Strategy } from "./strategy";

/** Where a service's image is built from. */
export interface ServiceSource {
  /** Absolute path of the build context; differs between two clones, so it may decide nothing. */
  readonly context: string;
  /** Relative to the context. */
  readonly dockerfile: string;
  readonly buildArgs: Readonly<Record<string, string>>;
}

/** A service as one stack wants it: its service.yaml with the stack's own decisions merged in. */
export interface ServiceConfig {
  readonly name: string;
  /** Set unless the image is named by digest; exactly one of `source` and `image` is set. */
  readonly source?: ServiceSource;
  /** `<repository>@sha256:<digest>` */
  readonly image?: string;
  readonly port: number;
  readonly healthPath: string;
  readonly env: Readonly<Record<string, string>>;
  /** Environment variable -> key of a Kubernetes Secret; never a value. */
  readonly secrets: Readonly<Record<string, { readonly secret: string; readonly key: string }>>;
  /** Files that pods see; none if not set. Their paths are absolute, so they may decide nothing. */
  readonly config?: ServiceFiles;
  readonly resources: { readonly cpu: string; readonly memory: string };
  readonly longestRequestSeconds: number;
  /** How long a new pod may take until it answers its health path. */
  readonly startupSeconds: number;
  readonly smoke: readonly SmokeTest[];
  readonly replicas: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly autoscale?: Autoscale;
  /** How long the old color stays at full size after a switch; until the next release if not set. */
  readonly retainSeconds?: number;
  /** Label for people; without one, it is derived from the source. */
  readonly tag?: string;
  readonly kpis: readonly Kpi[];
  /** Steps of a move; all the traffic at once if not set. */
  readonly strategy?: Strategy;
  /** How a user stays on one color while the traffic is divided; not at all if not set. */
  readonly affinity?: "cookie";
  /** How a new release is tried before its move; not at all if not set. */
  readonly chaos?: ServiceChaos;
  /** What runs before a new release gets traffic, and what takes that back; nothing if not set. */
  readonly migrations?: Migrations;
  /** Versions of what it answers those who need it; nothing is promised if not set. */
  readonly contract?: readonly string[];
  /** Services of the stack that it asks, by name; none if not set. */
  readonly needs?: Readonly<Record<string, Need>>;
}

/** What a stack may decide about a service; the rest belongs to the service itself. */
export interface ServiceOverrides {
  readonly replicas?: number;
  readonly tag?: string;
  readonly image?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly secrets?: ServiceConfig["secrets"];
  readonly config?: ConfigOverrides;
  readonly labels?: Readonly<Record<string, string>>;
  readonly resources?: ServiceConfig["resources"];
  readonly autoscale?: Autoscale;
  readonly retain?: number;
  readonly strategy?: Strategy;
  readonly affinity?: "cookie" | "none";
  readonly chaos?: ServiceChaos | "none";
  readonly migrations?: MigrationsDecision;
}

/** Names under `env` that have no value yet. */
export const missingEnv = (definition: ServiceDefinition, overrides: ServiceOverrides): readonly string[] =>
  Object.entries(definition.env)
    .filter(([name, value]) => value === null && overrides.env?.[name] === undefined)
    .map(([name]) => name);

/** The service that `name` stands for in a stack. `contextOf` gives the absolute path of a folder beside service.yaml. */
export function mergeService(
  name: string,
  definition: ServiceDefinition,
  overrides: ServiceOverrides,
  contextOf: (relative: string) => string,
): ServiceConfig {
  const image = overrides.image ?? ("ref" in definition.image ? definition.image.ref : undefined);
  const autoscale = overrides.autoscale ?? definition.autoscale;
  const retain = overrides.retain ?? definition.retain;
  const strategy = overrides.strategy ?? definition.strategy;
  const affinity = overrides.affinity ?? definition.affinity;
  const chaos = overrides.chaos ?? definition.chaos ?? "none";
  const migrations = mergeMigrations(definition.migrations, overrides.migrations);
  const config = mergeFiles(definition.config, overrides.config, contextOf);
  return {
    name,
    ...(image !== undefined ? { image } : sourceOf(definition, contextOf)),
    port: definition.port,
    healthPath: definition.health.path,
    env: sortedTexts({ ...definition.env, ...overrides.env }),
    secrets: { ...definition.secrets, ...overrides.secrets },
    ...(config === undefined ? {} : { config }),
    resources: overrides.resources ?? definition.resources,
    longestRequestSeconds: definition.longestRequest,
    startupSeconds: definition.startup,
    smoke: definition.smoke,
    replicas: overrides.replicas ?? definition.replicas,
    labels: overrides.labels ?? {},
    ...(autoscale === undefined ? {} : { autoscale }),
    ...(retain === undefined ? {} : { retainSeconds: retain }),
    ...(overrides.tag === undefined ? {} : { tag: overrides.tag }),
    kpis: definition.kpis,
    ...(strategy === undefined ? {} : { strategy }),
    ...(affinity === "cookie" ? { affinity } : {}),
    ...(chaos === "none" ? {} : { chaos }),
    ...(migrations === undefined ? {} : { migrations }),
    ...(definition.contract === undefined ? {} : { contract: definition.contract }),
  };
}

function sourceOf(definition: ServiceDefinition, contextOf: (relative: string) => string): { source?: ServiceSource } {
  if ("ref" in definition.image) return {};
  const { context, dockerfile, buildArgs } = definition.image;
  return { source: { context: contextOf(context), dockerfile, buildArgs } };
}

/** Sorted, so that the order in a file changes nothing downstream. */
function sortedTexts(env: Readonly<Record<string, string | null>>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name of Object.keys(env).sort()) {
    const value = env[name];
    if (typeof value === "string") texts[name] = value;
  }
  return texts;
}
