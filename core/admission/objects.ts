import { RESTRICTED, RESTRICTED_POD } from "../restrictedPod";
import type { PredicateName } from "../attest/statement";
import { sha256 } from "../sha256";

/** What guards the pods of one stack. */
export interface AdmissionSettings {
  /** The stack's namespace, whose pods are guarded. */
  readonly namespace: string;
  /** Of the runner, by digest. */
  readonly image: string;
  /** Public keys, PEM. */
  readonly keys: readonly string[];
  readonly attestations: readonly PredicateName[];
  /**
   * Port on the node itself, where the registry is reached by the node's own loopback alone, as on a local platform.
   * @default - pods of the cluster's network, several of them
   */
  readonly nodePort?: number;
}

export const ADMISSION = "hms-admission";
/** Key of the Secret's data is the API's own. */
export const ADMISSION_SECRET = "hms-admission-tls";
const PORT = 8443;
/** A pod that is moved off a node takes the webhook with it: one more must stand. */
const REPLICAS = 2;

/** Of the guard's own namespace: outside of what it guards, so that its pods need nobody's leave to start. */
export const admissionNamespace = (namespace: string): string => `${namespace}-admission`;
/** Name of the ValidatingWebhookConfiguration: without it nothing is guarded any more. */
export const webhookName = (namespace: string): string => `${ADMISSION}-${namespace}`;
/** Host name under which the API server asks. */
export const admissionHost = (namespace: string): string => `${ADMISSION}.${admissionNamespace(namespace)}.svc`;
/** Configurations of several stacks share a node's ports. */
export const nodePortFor = (namespace: string): number =>
  20_000 + (parseInt(sha256(namespace).slice(0, 8), 16) % 10_000);

const LABELS = { "app.kubernetes.io/name": ADMISSION };

/** The public keys, under names that say which is which. */
export const keysData = (keys: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(keys.map((pem) => [`${sha256(pem.trim()).slice(0, 16)}.pem`, pem]));

/** Spec of the Deployment. The account it runs under has no rights and its token is mounted nowhere. */
export function admissionDeployment({ image, keys, attestations, nodePort }: AdmissionSettings) {
  const port = nodePort ?? PORT;
  const onNode = nodePort !== undefined;
  const mount = (name: string) => ({ name, mountPath: `/${name}`, readOnly: true });
  return {
    replicas: onNode ? 1 : REPLICAS,
    selector: { matchLabels: LABELS },
    // Two cannot have one port of the node.
    strategy: {
      type: "RollingUpdate",
      rollingUpdate: onNode ? { maxSurge: 0, maxUnavailable: 1 } : { maxSurge: 1, maxUnavailable: 0 },
    },
    template: {
      metadata: {
        labels: LABELS,
        // It reads its keys once: others need other pods.
        annotations: { "hms.delivery/keys": sha256(Object.keys(keysData(keys)).sort().join(",")) },
      },
      spec: {
        serviceAccountName: ADMISSION,
        automountServiceAccountToken: false,
        hostNetwork: onNode,
        securityContext: { ...RESTRICTED_POD, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 },
        containers: [
          {
            name: "admission",
            image,
            args: [
              ...["admission", "--keys", "/keys", "--certificate", "/certificate"],
              ...["--listen", `$(ADDRESS):${port}`, "--own", image],
              ...(attestations.length === 0 ? [] : ["--attestations", attestations.join(",")]),
            ],
            // On a node's network other machines would reach what listens on all addresses.
            env: [{ name: "ADDRESS", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
            ports: [{ name: "https", containerPort: port, protocol: "TCP" }],
            readinessProbe: { httpGet: { path: "/healthz", port: "https", scheme: "HTTPS" }, periodSeconds: 1 },
            livenessProbe: { httpGet: { path: "/healthz", port: "https", scheme: "HTTPS" }, periodSeconds: 10 },
            resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "192Mi" } },
            terminationMessagePolicy: "FallbackToLogsOnError",
            volumeMounts: [mount("keys"), mount("certificate")],
            securityContext: RESTRICTED,
          },
        ],
        volumes: [
          { name: "keys", configMap: { name: ADMISSION } },
          { name: "certificate", secret: { secretName: ADMISSION_SECRET } },
        ],
      },
    },
  };
}

export const admissionService = () => ({
  selector: LABELS,
  ports: [{ name: "https", port: 443, targetPort: "https", protocol: "TCP" }],
});

/**
 * The webhooks: each pod that is made or changed in the namespace, and each Deployment whose pods are to change. Where
 * they do not answer, nothing starts. They look at that namespace alone, by a label that the API server itself sets and
 * nobody can take off; the guard's own pods are in another.
 */
export function webhooks(namespace: string, caBundle: string) {
  const common = {
    clientConfig: {
      service: { namespace: admissionNamespace(namespace), name: ADMISSION, path: "/validate", port: 443 },
      caBundle,
    },
    namespaceSelector: {
      matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: [namespace] }],
    },
    failurePolicy: "Fail",
    matchPolicy: "Equivalent",
    sideEffects: "None",
    timeoutSeconds: 10,
    admissionReviewVersions: ["v1"],
  };
  const rule = (apiGroup: string, ...resources: readonly string[]) => ({
    apiGroups: [apiGroup],
    apiVersions: ["v1"],
    operations: ["CREATE", "UPDATE"],
    resources: [...resources],
    scope: "Namespaced",
  });
  return [
    {
      ...common,
      name: "pods.images.hms.delivery",
      rules: [rule("", "pods", "pods/ephemeralcontainers")],
      matchConditions: [{ name: "brings-something", expression: "oldObject == null || object.spec != oldObject.spec" }],
    },
    {
      ...common,
      name: "deployments.images.hms.delivery",
      rules: [rule("apps", "deployments")],
      // Notes and sizes are written on Deployments all the time, also while the webhook is away.
      matchConditions: [
        {
          name: "brings-something",
          expression: "oldObject == null || object.spec.template != oldObject.spec.template",
        },
      ],
    },
  ];
}
