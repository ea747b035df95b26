import { z } from "zod";
import { canonicalJson } from "../canonicalJson";
import { DIGEST } from "./digest";

/** What is signed of an image: the digest of its manifest, and the repository it was signed in. */
export interface SignedClaim {
  readonly digest: string;
  /** Registry and repository, without tag. */
  readonly repository: string;
}

const TYPE = "cosign container image signature";

const payloadSchema = z.object({
  critical: z.object({
    identity: z.object({ "docker-reference": z.string() }),
    image: z.object({ "docker-manifest-digest": z.string().regex(DIGEST) }),
    type: z.literal(TYPE),
  }),
});

/** The bytes that a signature is made over. */
export const payloadOf = ({ digest, repository }: SignedClaim): Buffer =>
  Buffer.from(
    canonicalJson({
      critical: {
        identity: { "docker-reference": repository },
        image: { "docker-manifest-digest": digest },
        type: TYPE,
      },
      optional: null,
    }),
  );

/** `undefined` for bytes that are no claim about an image. */
export function claimIn(payload: Uint8Array): SignedClaim | undefined {
  try {
    const { critical } = payloadSchema.parse(JSON.parse(Buffer.from(payload).toString("utf8")));
    return {
      digest: critical.image["docker-manifest-digest"],
      repository: critical.identity["docker-reference"],
    };
  } catch {
    return undefined;
  }
}
