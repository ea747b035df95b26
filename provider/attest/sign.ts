import { KEY_ANNOTATION, MEDIA_TYPE, PREDICATE_ANNOTATION, SIGNATURE_ANNOTATION } from "../../core/attest/artifact";
import { attestationsTag, signaturesTag } from "../../core/attest/digest";
import { sealEnvelope } from "../../core/attest/dsse";
import { faultText } from "../../core/attest/fault";
import { madeBy, type ImageSigner } from "../../core/attest/keys";
import { payloadOf } from "../../core/attest/simpleSigning";
import { PREDICATE, STATEMENT, statementBytes, type PredicateName } from "../../core/attest/statement";
import { RefusedError } from "../../platform/errors";
import { addBeside, readBeside } from "./beside";
import { namedImage, subjectOf, type NamedImage } from "./image";

/**
 * Signs an image by its digest and stores the signature beside it, in the form that `cosign verify --key` reads. An image
 * that has one by this key is left as it is: ECDSA signatures differ each time, and would pile up.
 * @param image `<registry>/<repository>@sha256:<digest>`
 * @throws RefusedError when it is not in its registry, or the registry gives other bytes than the digest's.
 */
export async function sign(
  image: string,
  signer: ImageSigner,
  signal?: AbortSignal,
): Promise<"signed" | "signed before"> {
  const named = namedImage(image);
  const { repository, digest } = subjectOf(named);
  await mustBeThere(named, digest, signal);
  const payload = payloadOf({ repository, digest });
  const own = new Map([[signer.keyId, signer.publicKey]]);
  const standing = (await readBeside(named, signaturesTag(digest), MEDIA_TYPE.signature, signal)) ?? [];
  const before = standing.some(({ entry, bytes }) => {
    if (bytes?.equals(payload) !== true) return false;
    const signature = Buffer.from(entry.annotations?.[SIGNATURE_ANNOTATION] ?? "", "base64");
    return madeBy(own, bytes, signature) !== undefined;
  });
  if (before) return "signed before";
  const signature = (await signer.sign(payload)).toString("base64");
  const annotations = { [SIGNATURE_ANNOTATION]: signature, [KEY_ANNOTATION]: signer.keyId };
  await addBeside(
    named,
    signaturesTag(digest),
    { bytes: payload, mediaType: MEDIA_TYPE.signature, annotations },
    signal,
  );
  return "signed";
}

/**
 * Says something of an image: a signed in-toto statement beside it, in the form that `cosign verify-attestation` reads.
 * What is said again is added, and the newest counts.
 * @throws RefusedError as `sign`
 */
export async function attest(
  image: string,
  said: { readonly name: PredicateName; readonly predicate: unknown },
  signer: ImageSigner,
  signal?: AbortSignal,
): Promise<void> {
  const named = namedImage(image);
  const subject = subjectOf(named);
  await mustBeThere(named, subject.digest, signal);
  const predicateType = PREDICATE[said.name];
  const statement = statementBytes({ ...subject, predicateType, predicate: said.predicate });
  const bytes = await sealEnvelope(STATEMENT, statement, signer);
  const annotations = { [SIGNATURE_ANNOTATION]: "", [PREDICATE_ANNOTATION]: predicateType };
  await addBeside(
    named,
    attestationsTag(subject.digest),
    { bytes, mediaType: MEDIA_TYPE.attestation, annotations },
    signal,
  );
}

/** Nobody signs what they have not seen. */
async function mustBeThere(named: NamedImage, digest: string, signal: AbortSignal | undefined): Promise<void> {
  const stored = await named.registry.manifest(named.path, digest, signal);
  if (stored === undefined) throw new RefusedError(faultText(named.text, { kind: "absent" }));
  if (stored.digest !== digest)
    throw new RefusedError(faultText(named.text, { kind: "other-bytes", got: stored.digest }));
}
