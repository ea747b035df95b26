import { KEY_ANNOTATION, MEDIA_TYPE, SIGNATURE_ANNOTATION } from "../../core/attest/artifact";
import { attestationsTag, signaturesTag } from "../../core/attest/digest";
import { faultText, type Fault } from "../../core/attest/fault";
import { judgeAttestation, judgeSignatures, type FoundSignature, type Subject } from "../../core/attest/judge";
import type { TrustedKeys } from "../../core/attest/keys";
import type { PredicateName } from "../../core/attest/statement";
import { readBeside } from "./beside";
import { namedImage, type NamedImage } from "./image";

/** Whether an image may be run. A registry that cannot be asked gives no verdict but an error. */
export type Verdict =
  | {
      readonly ok: true;
      readonly digest: string;
      /** Key that signed it. */
      readonly keyId: string;
    }
  | {
      readonly ok: false;
      readonly fault: Fault;
      /** For people: what was found, what is allowed, what to do. */
      readonly message: string;
    };

export interface Demands {
  /** What must have been said of the image, each signed by a trusted key. @default nothing */
  readonly attestations?: readonly PredicateName[];
  /** Whether a tag that is written beside the digest must still name it. @default false, for old releases keep running */
  readonly tag?: boolean;
}

/**
 * Verifies an image by its digest, with these keys and no others: nothing is fetched but from its own registry.
 * @param image as a pod names it.
 * @throws RegistryUnreachable when the registry cannot be asked; RefusedError for what is no image.
 */
export async function verify(
  image: string,
  keys: TrustedKeys,
  demands: Demands = {},
  signal?: AbortSignal,
): Promise<Verdict> {
  const named = namedImage(image);
  const { repository, digest, tag } = named;
  const refuse = (fault: Fault): Verdict => ({ ok: false, fault, message: faultText(image, fault) });
  if (digest === undefined) {
    const now = await named.registry.digestOf(named.path, tag ?? "latest", signal);
    return refuse({ kind: "by-tag", tag: tag ?? "latest", ...(now === undefined ? {} : { now }) });
  }
  const stored = await named.registry.manifest(named.path, digest, signal);
  if (stored === undefined) return refuse({ kind: "absent" });
  if (stored.digest !== digest) return refuse({ kind: "other-bytes", got: stored.digest });
  if (demands.tag === true && tag !== undefined) {
    const now = await named.registry.digestOf(named.path, tag, signal);
    if (now !== digest) return refuse({ kind: "moved-tag", tag, ...(now === undefined ? {} : { now }) });
  }
  const subject = { repository, digest };
  const found = await signaturesOf(named, digest, signal);
  const judged =
    found === "broken"
      ? { ok: false as const, fault: { kind: "broken" } as const }
      : judgeSignatures(subject, found, keys);
  if (!judged.ok) return refuse(judged.fault);
  const missing = await attestationFault(named, subject, keys, demands.attestations ?? [], signal);
  return missing === undefined ? { ok: true, digest, keyId: judged.keyId } : refuse(missing);
}

async function signaturesOf(
  named: NamedImage,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<readonly FoundSignature[] | "broken"> {
  const found = await readBeside(named, signaturesTag(digest), MEDIA_TYPE.signature, signal);
  if (found === undefined) return [];
  const whole = found.flatMap(({ entry, bytes }): FoundSignature[] => {
    const signature = entry.annotations?.[SIGNATURE_ANNOTATION];
    if (bytes === undefined || signature === undefined) return [];
    const key = entry.annotations?.[KEY_ANNOTATION];
    return [{ payload: bytes, signature: Buffer.from(signature, "base64"), ...(key === undefined ? {} : { key }) }];
  });
  return whole.length === 0 ? "broken" : whole;
}

async function attestationFault(
  named: NamedImage,
  subject: Subject,
  keys: TrustedKeys,
  wanted: readonly PredicateName[],
  signal: AbortSignal | undefined,
): Promise<Fault | undefined> {
  if (wanted.length === 0) return undefined;
  const found = (await readBeside(named, attestationsTag(subject.digest), MEDIA_TYPE.attestation, signal)) ?? [];
  // An envelope that the registry lacks, or gives other bytes for, is as good as one that cannot be read.
  const envelopes = found.map(({ bytes }) => bytes ?? Buffer.alloc(0));
  for (const what of wanted) {
    const judged = judgeAttestation(subject, what, envelopes, keys);
    if (!judged.ok) return { kind: "attestation", what, fault: judged.fault };
  }
  return undefined;
}
