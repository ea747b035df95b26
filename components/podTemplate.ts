import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { configMapName, fileKey } from "../core/configMap/content";
import { RESTRICTED, RESTRICTED_POD, secretVariables } from "../core/restrictedPod";
import { drainFor } from "../core/rollout/drain";
import { LABEL } from "../core/rollout/names";
import type { Release, SecretRef } from "../core/rollout/release";

const SCHEDULING_SECONDS = 30;
/** For a process that nobody's requests depend on. */
const AT_ONCE_SECONDS = 2;

interface PodArgs {
  readonly service: string;
  readonly release: Release;
  readonly image: pulumi.Input<string>;
  readonly selector: Readonly<Record<string, string>>;
  /** Name of a ConfigMap that holds the plain environment alone, as earlier versions made it. @default - the release's own */
  readonly sharedConfigMap?: string | undefined;
  /** Runs to its end before the service starts. @default nothing */
  readonly before?: readonly Before[];
  /** Whether a pod goes on serving while proxies take it off their lists. @default true */
  readonly drains?: boolean;
}

/** Of the pod's init containers; what it does to the database, for instance. */
export interface Before {
  readonly name: string;
  readonly image: pulumi.Input<string>;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, SecretRef>>;
}

/** Deployment of a release, without its replicas. Depends on the release alone, so an unchanged release restarts no pod. */
export function deploymentSpec({
  service,
  release,
  image,
  selector,
  sharedConfigMap,
  before = [],
  drains = true,
}: PodArgs): k8s.types.input.apps.v1.DeploymentSpec {
  const { port, healthPath, secrets, resources, longestRequestSeconds, startupSeconds } = release.spec;
  const configured = sharedConfigMap === undefined ? own(service, release) : sharedEnvironment(sharedConfigMap);
  const drain = drainFor(longestRequestSeconds);
  const health = { path: healthPath, port: "http", scheme: "HTTP" };
  return {
    selector: { matchLabels: selector },
    // A changed side gets all its new pods before an old one goes: the way back stands until it is replaced.
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "100%", maxUnavailable: 0 } },
    // Beside the start itself there is the image to pull and a node to find.
    progressDeadlineSeconds: startupSeconds + SCHEDULING_SECONDS,
    revisionHistoryLimit: 2,
    template: {
      metadata: {
        labels: { ...selector, [LABEL.release]: release.id },
        annotations: { "prometheus.io/scrape": "true", "prometheus.io/port": `${port}` },
      },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: drains ? drain.gracePeriodSeconds : AT_ONCE_SECONDS,
        securityContext: RESTRICTED_POD,
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "topology.kubernetes.io/zone",
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: selector },
          },
        ],
        ...configured.pod,
        ...(before.length === 0 ? {} : { initContainers: before.map((one) => initContainer(one, resources)) }),
        containers: [
          {
            name: service,
            image,
            ports: [{ name: "http", containerPort: port, protocol: "TCP" }],
            ...configured.container,
            env: [...configured.env, ...secretVariables(secrets)],
            resources: askedFor(resources),
            // Until it has passed once, neither of the others runs: a slow start is no crash.
            startupProbe: {
              httpGet: health,
              periodSeconds: 1,
              timeoutSeconds: 2,
              successThreshold: 1,
              failureThreshold: startupSeconds,
            },
            readinessProbe: {
              httpGet: health,
              periodSeconds: 1,
              timeoutSeconds: 2,
              successThreshold: 1,
              failureThreshold: 3,
            },
            livenessProbe: {
              httpGet: health,
              periodSeconds: 10,
              timeoutSeconds: 5,
              failureThreshold: 3,
            },
            // The kubelet sleeps, so images need no shell for it.
            ...(drains ? { lifecycle: { preStop: { sleep: { seconds: drain.preStopSeconds } } } } : {}),
            securityContext: RESTRICTED,
          },
        ],
      },
    },
  };
}

type Resources = Release["spec"]["resources"];

const askedFor = ({ cpu, memory }: Resources) => ({ requests: { cpu, memory }, limits: { memory } });

const initContainer = ({ name, image, command, env, secrets }: Before, resources: Resources) => ({
  name,
  image,
  command: [...command],
  env: [...Object.entries(env).map(([key, value]) => ({ name: key, value })), ...secretVariables(secrets)],
  resources: askedFor(resources),
  securityContext: RESTRICTED,
});

/** How a pod reads its configuration; what is not there is not written, so that nothing is a difference to before. */
interface Configured {
  readonly env: k8s.types.input.core.v1.EnvVar[];
  readonly container: Pick<k8s.types.input.core.v1.Container, "envFrom" | "volumeMounts">;
  readonly pod: Pick<k8s.types.input.core.v1.PodSpec, "volumes">;
}

const sharedEnvironment = (name: string): Configured => ({
  env: [],
  container: { envFrom: [{ configMapRef: { name } }] },
  pod: {},
});

/** From the release's ConfigMap, key by key: variables and files share it. */
function own(service: string, { spec }: Release): Configured {
  const name = configMapName(service, spec);
  const env = Object.keys(spec.env).map((key) => ({ name: key, valueFrom: { configMapKeyRef: { name, key } } }));
  if (!spec.config) return { env, container: {}, pod: {} };
  const items = Object.keys(spec.config.files).map((path) => ({ key: fileKey(path), path }));
  return {
    env,
    container: { volumeMounts: [{ name: VOLUME, mountPath: spec.config.mount, readOnly: true }] },
    pod: { volumes: [{ name: VOLUME, configMap: { name, items } }] },
  };
}

const VOLUME = "config";
