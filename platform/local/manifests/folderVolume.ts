import type { Manifest } from "./objects";

export interface FolderVolume {
  /** Of the volume, which is the cluster's, not a namespace's. */
  readonly name: string;
  readonly claim: string;
  readonly namespace: string;
  /** Of this machine; it must be there. */
  readonly folder: string;
  readonly readOnly: boolean;
}

/** A folder of this machine as a volume, and the claim to it that pods name: so their specs hold no path of a machine. */
export function folderVolume({
  name,
  claim,
  namespace,
  folder,
  readOnly,
}: FolderVolume): readonly [Manifest, Manifest] {
  const shared = { accessModes: [readOnly ? "ReadOnlyMany" : "ReadWriteMany"], storageClassName: "" };
  // Nobody measures it: there is as much as on the disk.
  const storage = "100Gi";
  return [
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name },
      spec: {
        ...shared,
        capacity: { storage },
        persistentVolumeReclaimPolicy: "Retain",
        claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: claim, namespace },
        hostPath: { path: folder, type: "Directory" },
      },
    },
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: claim, namespace },
      spec: { ...shared, volumeName: name, resources: { requests: { storage } } },
    },
  ];
}
