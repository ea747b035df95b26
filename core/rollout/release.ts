import { z } from "zod";
import { canonicalJson } from "../canonicalJson";
import { sha256 } from "../sha256";

const secretRefSchema = z.object({ secret: z.string(), key: z.string() });

/** What is done to the database of a service before a release, and what takes it back; commands as words. */
export const migrationSchema = z.object({
  /** By digest; absent: the release's own image. */
  image: z.string().exactOptional(),
  up: z.array(z.string()).min(1),
  down: z.array(z.string()).min(1).exactOptional(),
  /** Beside the release's own variables, and before them where a name is the same. */
  env: z.record(z.string(), z.string()),
  secrets: z.record(z.string(), secretRefSchema),
  /** How long one run may take. */
  timeoutSeconds: z.number(),
  /** Whether `down` runs when the release gives its traffic back. */
  downOnRestore: z.boolean(),
});

/** Everything that decides what runs in a pod. Two equal specs are the same release; replicas and labels are not part of it. */
export const releaseSpecSchema = z.object({
  /** `context:<sha256>` of a build context, or `image:<repository>@sha256:<digest>`. Known before anything is built. */
  source: z.string(),
  port: z.number(),
  healthPath: z.string(),
  /** Plain values; secrets are only ever referenced. */
  env: z.record(z.string(), z.string()),
  /** Environment variable -> key of a Kubernetes Secret. */
  secrets: z.record(z.string(), secretRefSchema),
  /** Files of the release's ConfigMap: path below `mount` -> SHA-256 in hex. Absent where there are none, as in releases of before. */
  config: z.object({ mount: z.string(), files: z.record(z.string(), z.string()) }).exactOptional(),
  resources: z.object({ cpu: z.string(), memory: z.string() }),
  /** Longest request that must survive a pod's end, in seconds; drain settings follow from it. */
  longestRequestSeconds: z.number(),
  /** How long a new pod may take until it answers its health path, in seconds. */
  startupSeconds: z.number().default(60),
  /** Absent: none. A changed one is another release, so that it is run by the same rules. */
  migration: migrationSchema.exactOptional(),
  /** Contract versions that it answers by. Another promise is another release. */
  contract: z.array(z.string()).readonly().exactOptional(),
  /** Needed service -> contract version that its answers must keep, where one is named. */
  needs: z.record(z.string(), z.object({ contract: z.string().exactOptional() })).exactOptional(),
});

/** What is wanted of a service, or runs on a color. */
export const releaseSchema = z.object({
  /** First 12 hex digits of the SHA-256 of the canonical spec. */
  id: z.string(),
  /** Label for people; never decides anything. */
  tag: z.string(),
  spec: releaseSpecSchema,
});

/** A release whose image exists, as `<repository>@sha256:<digest>`. */
export const boundReleaseSchema = releaseSchema.extend({ image: z.string() });

export type SecretRef = Readonly<z.infer<typeof secretRefSchema>>;
export type Migration = Readonly<z.infer<typeof migrationSchema>>;
export type ReleaseSpec = Readonly<z.infer<typeof releaseSpecSchema>>;
export type Release = Readonly<z.infer<typeof releaseSchema>>;
export type BoundRelease = Readonly<z.infer<typeof boundReleaseSchema>>;

export function releaseOf(spec: ReleaseSpec, tag: string): Release {
  return { id: sha256(canonicalJson(spec)).slice(0, 12), tag, spec };
}

/** How people read a release: `v4.2 (3f1c…)`. */
export const describeRelease = (release: { readonly id: string; readonly tag: string }): string =>
  release.tag === release.id ? release.id : `${release.tag} (${release.id})`;
