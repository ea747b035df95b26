import { z } from "zod";
import type { AccountDoor, AwsReach } from "../account/account";
import { PARTITIONS } from "../aws/arn";
import { isDigest, type Use } from "./image";

/** How a cluster is asked: by a context of a kubeconfig, or as an EKS cluster by a role of its account. */
export type ClusterReach =
  { readonly context: string } | { readonly eks: string; readonly account: AccountDoor; readonly aws: AwsReach };

/** A cluster that something of the project may run in. */
export interface PlannedCluster {
  /** For people: `hms-local`, `main of usda`. */
  readonly name: string;
  /** The first stack that is delivered there; it names the session in an account. */
  readonly stack: string;
  readonly reach: ClusterReach;
}

/** A registry that is pruned: an address of the OCI kind, or the ECR of an account. */
export type PlannedRegistry = { readonly address: string } | { readonly account: AccountDoor; readonly aws: AwsReach };

/**
 * All that pruning has to look at, as the project's files say it. Somebody without those files, a pod for instance, goes by
 * a copy of it.
 */
export interface PrunePlan {
  readonly stack: string;
  /** How many releases stay that nobody uses. */
  readonly keep: number;
  /** Names of the services whose repositories are pruned. */
  readonly services: readonly string[];
  readonly registries: readonly PlannedRegistry[];
  /** Each cluster once; never none, for then nothing would be in use. */
  readonly clusters: readonly PlannedCluster[];
  /** What the files themselves name by digest. */
  readonly named: readonly Use[];
}

const words = z.string().min(1);
const account = z.strictObject({
  ...{ name: words, id: z.string().regex(/^\d{12}$/), partition: z.enum(PARTITIONS), region: words, role: words },
  externalId: words.exactOptional(),
});
const aws = z.strictObject({ endpoint: words.exactOptional(), fips: z.boolean() });
const schema = z.strictObject({
  stack: words,
  keep: z.int().min(0),
  services: z.array(words).min(1),
  registries: z.array(z.union([z.strictObject({ address: words }), z.strictObject({ account, aws })])).min(1),
  clusters: z
    .array(
      z.strictObject({
        name: words,
        stack: words,
        reach: z.union([z.strictObject({ context: words }), z.strictObject({ eks: words, account, aws })]),
      }),
    )
    .min(1),
  named: z.array(z.strictObject({ digest: z.string().refine(isDigest), why: words })),
});

/**
 * A plan from its text. What it does not know stops it: a plan of another version may ask for clusters in a way that this
 * one would overlook.
 * @param where for people: the file that it is in.
 * @throws Error that says what is wrong.
 */
export function parsePrunePlan(text: string, where: string): PrunePlan {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new Error(`${where} is no JSON`);
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the document"}: ${message}`);
  throw new Error(`${where} is no plan of this version: ${wrong.join("; ")}`);
}
