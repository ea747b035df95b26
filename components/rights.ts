import { FREEZE_MAP } from "../core/freeze/place";
import { COLORS } from "../core/rollout/color";
import {
  configPointerName,
  httpsName,
  leaseName,
  migrationNotesName,
  probeRouteName,
  routeName,
  SERVICE_PORT,
  tlsSecretName,
  workloadName,
} from "../core/rollout/names";
import type { TlsSettings } from "../core/tls/settings";
import { WITNESS } from "../core/ledger/checkpoint";

/** One entry of a Role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What the rights of a namespace are cut to. */
export interface RightsScope {
  /** Names of the services that are delivered there. */
  readonly services: readonly string[];
  /** Kubernetes Secrets that they refer to. */
  readonly secrets: readonly string[];
  /** Whether pods of a new release are killed before its move. @default false */
  readonly chaos?: boolean;
  /** Who makes the certificates. @default - http only */
  readonly tls?: TlsSettings;
  /** Whether migrations run before a release. @default false */
  readonly migrations?: boolean;
}

/**
 * Who acts in the namespace of a stack. Only `hms-switch` decides where traffic goes; `hms-watcher` can put it back,
 * `hms-deployer` cannot touch a public route at all. `hms-freezer` raises and lowers the freeze, and nothing else.
 */
export const ACCOUNTS = ["hms-deployer", "hms-switch", "hms-watcher", "hms-freezer"] as const;
export type Account = (typeof ACCOUNTS)[number];

const ROUTES = { apiGroups: ["gateway.networking.k8s.io"], resources: ["httproutes"] };
const LEASES = { apiGroups: ["coordination.k8s.io"], resources: ["leases"] };
const CONFIG_MAPS = { apiGroups: [""], resources: ["configmaps"] };
const DEPLOYMENTS = { apiGroups: ["apps"], resources: ["deployments"] };

const FREEZE: Rule = { apiGroups: [""], resources: ["configmaps"], verbs: ["get"], resourceNames: [FREEZE_MAP] };

/** Server-side apply asks for `create` by name as well, so one rule makes and keeps exactly these objects. */
const APPLY = ["get", "create", "patch"];
const MANAGE = ["get", "list", "watch", "create", "patch", "delete"];
const READ = ["get", "list", "watch"];

/** The rules of each account's Role: what the code asks for, and no more (see docs/decisions/0013-who-may-do-what.md). */
export function rightsOf(account: Account, scope: RightsScope): readonly Rule[] {
  // A rule that names no object would mean all of them.
  return RIGHTS[account](scope).filter(({ resourceNames }) => resourceNames?.length !== 0);
}

const RIGHTS: Readonly<Record<Account, (scope: RightsScope) => readonly Rule[]>> = {
  "hms-deployer": ({ services, tls }) => [
    { apiGroups: [""], resources: ["services", "configmaps"], verbs: MANAGE },
    { ...DEPLOYMENTS, verbs: MANAGE },
    { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: MANAGE },
    { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"], verbs: MANAGE },
    { apiGroups: ["batch"], resources: ["jobs"], verbs: MANAGE },
    // To wait for pods, and to say why they do not come.
    { apiGroups: [""], resources: ["pods", "events"], verbs: READ },
    { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
    { apiGroups: ["apps"], resources: ["replicasets"], verbs: READ },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: READ },
    { ...ROUTES, verbs: [...APPLY, "delete"], resourceNames: services.map(probeRouteName) },
    ...listenerRules(services, tls),
    // What an administrator's run of the same stack has made is refreshed by every run.
    { apiGroups: [""], resources: ["namespaces", "serviceaccounts"], verbs: ["get"] },
    { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles", "rolebindings"], verbs: ["get"] },
  ],
  "hms-switch": ({ services, secrets, chaos = false, migrations = false, tls }) => [
    { ...ROUTES, verbs: [...APPLY, "delete"], resourceNames: services.map(routeName) },
    { ...ROUTES, verbs: ["get"], resourceNames: services.map(probeRouteName) },
    // A lease is made by a request that does not name it.
    { ...LEASES, verbs: ["create"] },
    { ...LEASES, verbs: ["get", "patch", "delete"], resourceNames: services.map(leaseName) },
    // Proof is noted on the Deployment; an idle color is emptied by deleting it.
    { ...DEPLOYMENTS, verbs: ["get", "patch", "delete"], resourceNames: workloads(services) },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list"] },
    {
      apiGroups: [""],
      resources: ["services/proxy"],
      verbs: ["get"],
      resourceNames: workloads(services).map((name) => `http:${name}:${SERVICE_PORT}`),
    },
    {
      apiGroups: ["autoscaling"],
      resources: ["horizontalpodautoscalers"],
      verbs: ["get"],
      resourceNames: workloads(services),
    },
    { apiGroups: [""], resources: ["secrets"], verbs: ["get"], resourceNames: [...new Set(secrets)].sort() },
    ...(tls?.kind === "local"
      ? [
          {
            apiGroups: [""],
            resources: ["secrets"],
            verbs: [...APPLY, "delete"],
            resourceNames: services.map(tlsSecretName),
          },
        ]
      : []),
    // Not those of releases, whose names are new each time: who may delete any ConfigMap could end a freeze.
    { ...CONFIG_MAPS, verbs: APPLY, resourceNames: services.map(configPointerName) },
    // Asked before each weight; without this right nothing could be read, and everything would be frozen.
    FREEZE,
    // The newest checkpoint of the ledger, kept where the ledger is not.
    { apiGroups: [""], resources: ["configmaps"], verbs: APPLY, resourceNames: [WITNESS] },
    // The watcher of a move is a Job, named after the move; its pods tell whether it has started.
    { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "patch", "delete"] },
    { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
    // What migrations have done is noted, and looked at after every way back.
    {
      apiGroups: [""],
      resources: ["configmaps"],
      verbs: migrations ? APPLY : ["get"],
      resourceNames: services.map(migrationNotesName),
    },
    // A run of a migration is a Job whose number nobody knows before.
    ...(migrations
      ? [
          { apiGroups: ["batch"], resources: ["jobs"], verbs: ["get", "list"] },
          { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
        ]
      : []),
    // Names of pods are new each time, so no rule can name them.
    ...(chaos
      ? [
          { apiGroups: [""], resources: ["pods"], verbs: ["delete"] },
          { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
        ]
      : []),
  ],
  "hms-watcher": ({ services }) => [
    { ...ROUTES, verbs: ["get", "patch"], resourceNames: services.map(routeName) },
    { ...LEASES, verbs: ["get", "patch"], resourceNames: services.map(leaseName) },
    { ...DEPLOYMENTS, verbs: ["get"], resourceNames: workloads(services) },
  ],
  "hms-freezer": () => [
    // A ConfigMap is made by a request that does not name it.
    { ...FREEZE, verbs: ["get", "update"] },
    { apiGroups: [""], resources: ["configmaps"], verbs: ["create"] },
  ],
};

/** A service's https listener, and what keeps its certificate. */
function listenerRules(services: readonly string[], tls: TlsSettings | undefined): readonly Rule[] {
  if (!tls) return [];
  const listeners = tls.kind === "local" || tls.class !== undefined ? "gateways" : "listenersets";
  const ours = { verbs: MANAGE, resourceNames: services.map(httpsName) };
  return [
    { apiGroups: ROUTES.apiGroups, resources: [listeners], ...ours },
    ...(tls.kind === "issuer"
      ? [
          {
            apiGroups: ["cert-manager.io"],
            resources: ["certificates"],
            ...ours,
            resourceNames: services.map(tlsSecretName),
          },
        ]
      : []),
    ...(tls.kind === "acm"
      ? [{ apiGroups: ["gateway.k8s.aws"], resources: ["loadbalancerconfigurations"], ...ours }]
      : []),
  ];
}

const workloads = (services: readonly string[]): string[] =>
  services.flatMap((service) => COLORS.map((color) => workloadName(service, color)));
