import { z } from "zod";
import { problemText } from "../service/problem";
import type { Counted } from "./caps";
import { readIdentity, SANDBOX_LABEL, type SandboxIdentity } from "./identity";
import { dueAt, type LeaseLimits } from "./lease";

/** A namespace that says it is a sandbox, as the cluster lists it. */
export const sandboxNamespaceSchema = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  /** ISO 8601. */
  madeAt: z.string(),
  /** Whether it is being deleted. */
  leaving: z.boolean(),
});
export type SandboxNamespace = Readonly<z.infer<typeof sandboxNamespaceSchema>>;

/** A sandbox by what stands in the cluster. */
export interface SeenSandbox {
  readonly name: string;
  /** Absent where its labels cannot be read; it counts, and is due, all the same. */
  readonly identity?: SandboxIdentity;
  readonly owner: string;
  readonly madeAt: Date;
  readonly leaving: boolean;
  /** What is wrong with its labels. */
  readonly problems: readonly string[];
}

/** Namespaces that carry the label but another one's name are none: nothing may be deleted by a label alone. */
export function seenSandbox(namespace: SandboxNamespace): SeenSandbox | undefined {
  const { name, labels, annotations, madeAt, leaving } = namespace;
  if (labels[SANDBOX_LABEL] !== name) return undefined;
  const read = readIdentity({ labels, annotations });
  const seen = { name, madeAt: new Date(madeAt), leaving };
  if (read.ok) return { ...seen, identity: read.value, owner: read.value.owner, problems: [] };
  if (read.problems.some(({ path }) => path[0] === "name")) return undefined;
  return { ...seen, owner: annotations["hms.delivery/owner"] ?? "", problems: read.problems.map(problemText) };
}

/** When it is to go; see dueAt. */
export const dueOf = ({ identity, madeAt }: SeenSandbox, limits: LeaseLimits): Date => dueAt(identity, madeAt, limits);

/** As it counts against caps. */
export function countedOf(seen: SeenSandbox, limits: LeaseLimits): Counted {
  const { name, owner, identity, madeAt } = seen;
  const { createdAt, expiresAt } = identity ?? { createdAt: madeAt, expiresAt: dueOf(seen, limits) };
  return { name, owner, createdAt, expiresAt };
}
