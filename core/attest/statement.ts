import { z } from "zod";
import { canonicalJson } from "../canonicalJson";
import { DIGEST } from "./digest";

/** Media type of an in-toto statement inside an envelope. */
export const STATEMENT = "application/vnd.in-toto+json";

const TYPE = "https://in-toto.io/Statement/v0.1";

/** What may be said of an image, by the URI that names the kind of what is said. */
export const PREDICATE = {
  /** CycloneDX, JSON. */
  sbom: "https://cyclonedx.org/bom",
  /** A verdict of `hms scan`. */
  scan: "https://hms.delivery/scan-verdict/v1",
  provenance: "https://slsa.dev/provenance/v1",
} as const;
export type PredicateName = keyof typeof PREDICATE;
export const PREDICATE_NAMES = Object.keys(PREDICATE) as PredicateName[];

/** Something said of one image. */
export interface Statement {
  /** Registry and repository, without tag. */
  readonly repository: string;
  readonly digest: string;
  readonly predicateType: string;
  readonly predicate: unknown;
}

const statementSchema = z.object({
  _type: z.enum([TYPE, "https://in-toto.io/Statement/v1"]),
  predicateType: z.string().min(1),
  subject: z
    .array(z.object({ name: z.string(), digest: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }) }))
    .min(1),
  predicate: z.unknown(),
});

/** @throws TypeError when the predicate has no JSON form. */
export const statementBytes = ({ repository, digest, predicateType, predicate }: Statement): Buffer =>
  Buffer.from(
    canonicalJson({
      _type: TYPE,
      subject: [{ name: repository, digest: { sha256: digest.replace(/^sha256:/, "") } }],
      predicateType,
      predicate,
    }),
  );

/** What a statement says, with all images it is about; `undefined` for bytes that are no statement. */
export function statementIn(
  payload: Uint8Array,
): { readonly digests: readonly string[]; readonly predicateType: string; readonly predicate: unknown } | undefined {
  try {
    const { subject, predicateType, predicate } = statementSchema.parse(
      JSON.parse(Buffer.from(payload).toString("utf8")),
    );
    const digests = subject.map((one) => `sha256:${one.digest.sha256}`).filter((digest) => DIGEST.test(digest));
    return { digests, predicateType, predicate };
  } catch {
    return undefined;
  }
}
