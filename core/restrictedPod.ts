import type { SecretRef } from "./rollout/release";

/** Of the pod: with `RESTRICTED`, what the Pod Security Standard "restricted" asks for. */
export const RESTRICTED_POD = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } } as const;

/** Of each of its containers; more than the standard: the root file system is read-only. */
export const RESTRICTED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/** Variables of a container that it reads from Secrets, which therefore stand in no spec. */
export const secretVariables = (secrets: Readonly<Record<string, SecretRef>>) =>
  Object.entries(secrets).map(([name, { secret, key }]) => ({
    name,
    valueFrom: { secretKeyRef: { name: secret, key } },
  }));
