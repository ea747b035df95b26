import { z } from "zod";
import { chaosSchema } from "./chaos";
import { configSchema } from "./config";
import { contractSchema } from "./contract";
import { duration, field, mapOf, mapWith, oneOf, readBy, scalarText, text, wholeNumber } from "./field";
import { kpisSchema } from "./kpi";
import { migrationsSchema } from "./migrations";
import { PINNED_IMAGE, REQUEST_PATH, SECRET_KEY, SECRET_NAME, SERVICE_NAME, VARIABLE_NAME } from "./names";
import { needsSchema } from "./needs";
import { parseCpu, parseMemory } from "./quantity";
import { smokeTestSchema } from "./smoke";
import { strategySchema } from "./strategy";

const relativePath = (what: string, advice: string) =>
  field({ allowed: `a relative path ${what}`, advice }, (value) =>
    typeof value === "string" && value !== "" && !/^[/~\\]|^[A-Za-z]:|\0/.test(value) ? value : undefined,
  );

const builtImage = mapWith({
  /** Folder that is sent to the builder, relative to the service.yaml. */
  context: relativePath("from service.yaml to a folder", "write . for the folder of service.yaml").default("."),
  /** Relative to the context. */
  dockerfile: relativePath("inside the context", "write Dockerfile, or its path inside the context")
    .superRefine((path, issues) => {
      if (!path.split("/").includes("..")) return;
      issues.addIssue({
        code: "custom",
        params: { allowed: "a relative path inside the context", advice: "move the Dockerfile into the context" },
      });
    })
    .default("Dockerfile"),
  buildArgs: mapOf(VARIABLE_NAME, scalarText("write the value of the build argument; never a secret")).default({}),
});

const namedImage = mapWith({ ref: text(PINNED_IMAGE) });

/** Either built from source or named by digest; `ref` chooses, and the keys of the other form are then unknown. */
const image = z.unknown().transform((value, context): BuiltImage | NamedImage => {
  if (value !== undefined && (typeof value !== "object" || value === null || Array.isArray(value))) {
    context.addIssue({
      code: "custom",
      params: {
        allowed: "a map with context, dockerfile and buildArgs, or one with ref",
        advice:
          "leave it out to build the folder of service.yaml, or write ref: <registry>/<repository>@sha256:<digest>",
      },
    });
    return z.NEVER;
  }
  const form: z.ZodType<BuiltImage | NamedImage> = value !== undefined && "ref" in value ? namedImage : builtImage;
  return readBy(form, value ?? {}, context) ?? z.NEVER;
});

type BuiltImage = Readonly<z.output<typeof builtImage>>;
type NamedImage = Readonly<z.output<typeof namedImage>>;

const cpu = field(
  {
    allowed: "a Kubernetes CPU quantity above zero such as 50m, 0.5 or 2",
    advice: "write cores, or thousandths of one with m",
  },
  (value) => {
    const quantity = typeof value === "number" ? String(value) : value;
    return typeof quantity === "string" && parseCpu(quantity) !== undefined ? quantity : undefined;
  },
);

const memory = field(
  {
    allowed: "a Kubernetes memory quantity of at least 1Mi such as 64Mi or 1Gi",
    advice: "write a whole number with Ki, Mi or Gi (m means thousandths of a byte)",
  },
  (value) => {
    const quantity = typeof value === "number" ? String(value) : value;
    return typeof quantity === "string" && parseMemory(quantity) !== undefined ? quantity : undefined;
  },
);

const autoscale = mapWith({
  min: wholeNumber(1, 1000, "say how many pods there are at least"),
  max: wholeNumber(1, 1000, "say how many pods there are at most"),
  cpuPercent: wholeNumber(1, 100, "say at which CPU use pods are added").default(75),
}).superRefine((value, context) => {
  if (value.max >= value.min) return;
  const params = { allowed: `a whole number from min (${value.min}) up`, advice: "raise max or lower min" };
  context.addIssue({ code: "custom", path: ["max"], params });
});

const ATLEAST_ONE = "at least one smoke test; describe a request that proves the service answers rightly";

/** The keys of a service.yaml one by one, for those who accept some of them elsewhere. */
export const serviceFields = {
  name: text(SERVICE_NAME),
  image,
  port: wholeNumber(1, 65_535, "write the port the container listens on"),
  health: mapWith({ path: text(REQUEST_PATH).default("/health") }),
  longestRequest: duration(1, 3600, "say how long the longest request may take; draining waits for it"),
  startup: duration(1, 3600, "say how long a new pod may take until it answers its health path"),
  resources: mapWith({ cpu, memory }),
  /** null: every stack must give a value. */
  env: mapOf(VARIABLE_NAME, scalarText("write its value, or null if each stack must give one").nullable()),
  secrets: mapOf(VARIABLE_NAME, mapWith({ secret: text(SECRET_NAME), key: text(SECRET_KEY) }, { hidden: true })),
  /** Files in a ConfigMap that pods see; part of the release. Absent: none. */
  config: configSchema,
  smoke: z.array(smokeTestSchema, { error: ATLEAST_ONE }).min(1, { error: ATLEAST_ONE }),
  kpis: kpisSchema,
  /** Absent: all the traffic at once. */
  strategy: strategySchema,
  /** Absent or none: each request is dealt for itself. */
  affinity: oneOf(["cookie", "none"], "write cookie to keep a user on one color while the traffic is divided"),
  /** Absent: pods of a new release are not killed before its move. */
  chaos: chaosSchema,
  /** Absent: nothing runs before a new release. */
  migrations: migrationsSchema,
  /** What it answers those who need it; absent: nothing is promised. */
  contract: contractSchema,
  /** Other services of the stack that it asks. */
  needs: needsSchema,
  replicas: wholeNumber(1, 1000, "say how many pods each color has"),
  retain: duration(
    0,
    30 * 86_400,
    "say how long the old color stays at full size; leave it out for until the next release",
  ),
  autoscale,
} as const;

const defaults = {
  image: { context: ".", dockerfile: "Dockerfile", buildArgs: {} },
  health: { path: "/health" },
  longestRequest: 30,
  startup: 60,
  resources: { cpu: "100m", memory: "128Mi" },
  replicas: 2,
} as const;

/** What is known of a service wherever it runs: the whole of a service.yaml. */
export const serviceDefinitionSchema = mapWith({
  name: serviceFields.name,
  image: serviceFields.image.default(defaults.image),
  port: serviceFields.port,
  health: serviceFields.health.default(defaults.health),
  longestRequest: serviceFields.longestRequest.default(defaults.longestRequest),
  startup: serviceFields.startup.default(defaults.startup),
  resources: serviceFields.resources.default(defaults.resources),
  env: serviceFields.env.default({}),
  secrets: serviceFields.secrets.default({}),
  config: serviceFields.config.exactOptional(),
  smoke: serviceFields.smoke,
  kpis: serviceFields.kpis.default([]),
  strategy: serviceFields.strategy.exactOptional(),
  affinity: serviceFields.affinity.exactOptional(),
  chaos: serviceFields.chaos.exactOptional(),
  migrations: serviceFields.migrations.exactOptional(),
  contract: serviceFields.contract.exactOptional(),
  needs: serviceFields.needs.exactOptional(),
  replicas: serviceFields.replicas.default(defaults.replicas),
  retain: serviceFields.retain.exactOptional(),
  autoscale: serviceFields.autoscale.exactOptional(),
});

export { type SmokeTest, smokeTestSchema } from "./smoke";

/** Durations are seconds. */
export type ServiceDefinition = Readonly<z.output<typeof serviceDefinitionSchema>>;
export type Autoscale = Readonly<z.output<typeof autoscale>>;
