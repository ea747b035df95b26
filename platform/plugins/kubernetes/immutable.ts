/** Fields that can only change with a new object. */
import { isProperties, reveal, type Properties } from "../../rpc";
import type { ObjectType } from "./tokens";

export interface Mutability {
  readonly configMaps: boolean;
  readonly secrets: boolean;
}

const EVERYWHERE = ["metadata.name", "metadata.namespace"];

const VOLUME_SOURCES = [
  "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs hostPath",
  "iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume",
].flatMap((line) => line.split(" "));

const BY_KIND: Readonly<Record<string, readonly string[]>> = {
  "apps/Deployment": ["spec.selector"],
  "apps/DaemonSet": ["spec.selector"],
  "apps/StatefulSet": [
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  "batch/Job": ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  "/PersistentVolume": VOLUME_SOURCES.map((source) => `spec.${source}`),
  "/PersistentVolumeClaim": ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  "/Pod": ["spec"],
  "/ResourceQuota": ["spec.scopes"],
  "/Secret": ["type"],
  "/Service": ["spec.clusterIP"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "storage.k8s.io/StorageClass": ["parameters", "provisioner"],
};

/** Parts of a pod that may change in place, although the rest of its spec may not. */
const MUTABLE_IN_POD = ["spec.activeDeadlineSeconds", "spec.tolerations"];

/**
 * Property paths of which a change replaces the object. ConfigMaps and Secrets are replaced too, so that what reads them
 * starts anew, unless the provider is told that they may change.
 */
export function forcesReplacement({ apiVersion, kind }: ObjectType, inputs: Properties, mutable: Mutability) {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  const immutable = reveal(inputs).immutable === true;
  const paths = [...EVERYWHERE, ...(BY_KIND[`${group}/${kind}`] ?? [])];
  if (group === "" && kind === "ConfigMap" && (immutable || !mutable.configMaps)) paths.push("data", "binaryData");
  if (group === "" && kind === "Secret" && (immutable || !mutable.secrets)) paths.push("data", "stringData");
  return (path: string): boolean => {
    if (group === "" && kind === "Pod" && MUTABLE_IN_POD.some((allowed) => isBelow(path, allowed))) return false;
    return paths.some((fixed) => isBelow(path, fixed) || isBelow(fixed, path));
  };
}

/** `spec.selector.matchLabels` is below `spec.selector`, and so is `spec.selector` itself. */
export function isBelow(path: string, parent: string): boolean {
  if (!path.startsWith(parent)) return false;
  const next = path[parent.length];
  return next === undefined || next === "." || next === "[";
}

/** The kinds whose values are always secret in the state. */
export function isSecretKind({ apiVersion, kind }: ObjectType): boolean {
  return apiVersion === "v1" && kind === "Secret";
}

export function plainObject(v: unknown): Properties {
  return isProperties(v) ? v : {};
}
