import { ACCOUNT_NAME, accountsSchema, awsSchema } from "./accounts";
import { ledgerField } from "./ledger";
import { wavesSchema } from "../core/fleet/waves";
import { DEFAULT_POLICY, notBeforeField, schedulePolicySchema } from "../core/schedule/field";
import { serviceFields } from "../core/service/definition";
import { configOverridesSchema, inlineConfigSchema } from "../core/service/config";
import { field, mapOf, mapWith, oneOf, scalarText, text, wholeNumber } from "../core/service/field";
import { migrationsDecisionSchema } from "../core/service/migrations";
import {
  DNS_LABEL,
  LABEL_KEY,
  LABEL_VALUE,
  PINNED_IMAGE,
  SECRET_KEY,
  SECRET_NAME,
  SERVICE_NAME,
  TAG,
  VARIABLE_NAME,
} from "../core/service/names";
import { LABEL } from "../core/rollout/names";
import { z } from "zod";
import { tlsSchema } from "./tls";
import { approvedSourcesSchema } from "./approvedSources";
import { freezeSchema } from "./freeze";
import { permissionSchema } from "./permission";
import { registryPruneSchema } from "./registryPrune";
import { scanSchema } from "./scan";
import { signingField } from "./signing";
import { snapshotsSchema } from "./snapshots";
import { withoutSchema } from "./without";

export const httpUrl = (what: string, advice: string, bare: boolean) =>
  field({ allowed: what, advice }, (value) => {
    if (typeof value !== "string" || !URL.canParse(value)) return undefined;
    const url = new URL(value);
    const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
    if (!/^https?:$/.test(url.protocol) || !plain || (bare && url.pathname !== "/")) return undefined;
    return value.replace(/\/+$/, "");
  });

export const domain = text({
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  longest: 200,
  allowed: "a domain name in lower case such as dev.localhost",
  advice: "write the domain under which each service gets a host name, <service>.<domain>",
});

export const registry = text({
  pattern: /^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?(:\d{1,5})?(\/[a-z0-9]+((\.|_{1,2}|-+|\/)[a-z0-9]+)*)?$/,
  longest: 200,
  allowed: "a registry such as 127.0.0.1:5000 or registry.example.gov/policies",
  advice: "write host, port if it has one, and path, without http:// and without a slash at the end",
});

const namespace = text({ ...DNS_LABEL, advice: "write the Kubernetes namespace of this stack" });

export const flag = field({ allowed: "true or false", advice: "write one of the two without quotes" }, (value) =>
  typeof value === "boolean" ? { value } : undefined,
).transform((boxed): boolean => boxed.value);

/** `true` for every service, `false` for none, or names. */
const someServices = field(
  { allowed: "true, false or a list of service names", advice: "list the services it is meant for" },
  (value): { readonly value: boolean | readonly string[] } | undefined => {
    if (typeof value === "boolean") return { value };
    if (!Array.isArray(value)) return undefined;
    const names = value.filter((name) => typeof name === "string");
    return names.length === value.length ? { value: names } : undefined;
  },
).transform((boxed) => boxed.value);

const labels = mapOf(
  {
    ...LABEL_KEY,
    pattern: { test: (key) => LABEL_KEY.pattern.test(key) && !key.startsWith(LABEL.service.replace(/[^/]*$/, "")) },
    allowed: `${LABEL_KEY.allowed}, not one of the program's own`,
  },
  text(LABEL_VALUE),
);

/** What a stack may say of a service that has a service.yaml. */
const overrides = {
  replicas: serviceFields.replicas.exactOptional(),
  tag: text(TAG).exactOptional(),
  image: text(PINNED_IMAGE).exactOptional(),
  env: mapOf(VARIABLE_NAME, scalarText("write its value")).exactOptional(),
  secrets: mapOf(
    VARIABLE_NAME,
    mapWith({ secret: text(SECRET_NAME), key: text(SECRET_KEY) }, { hidden: true }),
  ).exactOptional(),
  config: configOverridesSchema.exactOptional(),
  labels: labels.exactOptional(),
  resources: serviceFields.resources.exactOptional(),
  autoscale: serviceFields.autoscale.exactOptional(),
  retain: serviceFields.retain.exactOptional(),
  strategy: serviceFields.strategy.exactOptional(),
  affinity: serviceFields.affinity.exactOptional(),
  chaos: serviceFields.chaos.exactOptional(),
  migrations: migrationsDecisionSchema.exactOptional(),
  needs: serviceFields.needs.exactOptional(),
} as const;

const source = field(
  {
    allowed: "a path relative to Pulumi.yaml",
    advice: "name the folder that holds the service.yaml, for example examples/drought-benefit",
  },
  (value) => (typeof value === "string" && value !== "" && !/^[/~\\]|^[A-Za-z]:|\0/.test(value) ? value : undefined),
);

/** An entry that points at a service.yaml. */
export const sourcedEntrySchema = mapWith({ source, ...overrides });

/** An entry that describes the whole service in the stack file; it has no folder to build, so it names an image. */
export const inlineEntrySchema = mapWith({
  ...overrides,
  image: text(PINNED_IMAGE),
  port: serviceFields.port,
  health: serviceFields.health.exactOptional(),
  longestRequest: serviceFields.longestRequest.exactOptional(),
  startup: serviceFields.startup.exactOptional(),
  config: inlineConfigSchema.exactOptional(),
  smoke: serviceFields.smoke,
  kpis: serviceFields.kpis.exactOptional(),
  migrations: serviceFields.migrations.exactOptional(),
  contract: serviceFields.contract.exactOptional(),
});

export type SourcedEntry = Readonly<z.output<typeof sourcedEntrySchema>>;
export type InlineEntry = Readonly<z.output<typeof inlineEntrySchema>>;

/** The Gateway that routes attach to. */
export const gateway = mapWith({
  name: text({ ...DNS_LABEL, advice: "write the name of the Gateway the routes attach to" }),
  namespace: text({ ...DNS_LABEL, advice: "write the namespace of that Gateway" }),
  address: httpUrl(
    "an http or https address without path, such as http://127.0.0.1:8080",
    "write where the gateway is reached from this machine",
    true,
  ),
  section: text({ ...DNS_LABEL, advice: "write the listener's name, or leave it out" }).exactOptional(),
});

/** Every key of a stack but `services`, which is read entry by entry. */
export const stackSchema = mapWith({
  kubeContext: text({
    pattern: /^\S+$/,
    allowed: "the name of a context of the kubeconfig",
    advice: "leave it out for the local platform, or write a name that `kubectl config get-contexts` lists",
  }).default("hms-local"),
  namespace,
  domain,
  gateway,
  tls: tlsSchema.exactOptional(),
  registry,
  prometheus: httpUrl(
    "an http or https address such as http://127.0.0.1:9090",
    "write where Prometheus is reached from this machine",
    false,
  ),
  inCluster: mapWith({
    image: text(PINNED_IMAGE).exactOptional(),
    prometheus: httpUrl(
      "an http or https address such as http://prometheus.monitoring:9090",
      "write where pods reach Prometheus, or leave it out where that is hms:prometheus",
      false,
    ).exactOptional(),
    gateway: httpUrl(
      "an http or https address without path, such as http://gateway.example.gov",
      "write where pods reach the gateway, or leave it out where that is the gateway's address",
      true,
    ).exactOptional(),
  }).default({}),
  approvedSources: approvedSourcesSchema.exactOptional(),
  freeze: freezeSchema.default({ midMove: "hold" }),
  ledger: ledgerField.default("local"),
  notBefore: notBeforeField.exactOptional(),
  permission: permissionSchema.exactOptional(),
  schedule: schedulePolicySchema.default(DEFAULT_POLICY),
  signing: signingField.exactOptional(),
  snapshots: snapshotsSchema,
  registryPrune: registryPruneSchema.exactOptional(),
  scan: scanSchema.exactOptional(),
  accounts: accountsSchema,
  aws: awsSchema,
  targets: oneOf(["cluster", "accounts"], "say where services go: the stack's own cluster, or its accounts").default(
    "cluster",
  ),
  waves: wavesSchema.exactOptional(),
  protect: flag.default(false),
  production: flag.default(false),
  without: withoutSchema.exactOptional(),
  retry: someServices.default(false),
  takeOver: someServices.default(false),
});

export type StackValues = Readonly<z.output<typeof stackSchema>>;

/** Keys of a stack file, in the order of the documentation. */
export const STACK_KEYS = [...Object.keys(stackSchema.shape), "services"] as const;

/** One-shot wishes of the command line, in the environment variable HMS_OVERRIDES. */
export const overridesSchema = mapWith({
  /** The only services whose release may change; the others stay on what is live. */
  only: z.array(text(SERVICE_NAME)).exactOptional(),
  /** The only accounts in which a release may change. */
  onlyAccounts: z.array(text(ACCOUNT_NAME)).exactOptional(),
  retry: someServices.default(false),
  takeOver: someServices.default(false),
  /** Parks each move at this percent of the traffic. */
  traffic: wholeNumber(1, 99, "say at how many percent of the traffic the move is to be parked").exactOptional(),
  /** Earliest instant of each move. */
  notBefore: notBeforeField.exactOptional(),
  /** Whoever needs what goes away is broken knowingly. */
  breakDependents: flag.default(false),
  tags: mapOf(SERVICE_NAME, text(TAG)).default({}),
  pin: mapOf(
    SERVICE_NAME,
    text({
      pattern: /^[0-9a-f]{12}$/,
      allowed: "a release id (12 hex digits)",
      advice: "take it from `hms status` or `hms-deploy history`",
    }),
  ).default({}),
});

export type Overrides = Readonly<z.output<typeof overridesSchema>>;
