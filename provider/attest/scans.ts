import { MEDIA_TYPE } from "../../core/attest/artifact";
import { attestationsTag } from "../../core/attest/digest";
import { faultText } from "../../core/attest/fault";
import { attestationsOf } from "../../core/attest/judge";
import type { TrustedKeys } from "../../core/attest/keys";
import type { ImageVerdict } from "../../core/preview/document";
import { notKnown, scanSaid } from "../../core/preview/scanSaid";
import { reasonOf } from "../../platform/errors";
import { readBeside } from "./beside";
import { namedImage, subjectOf } from "./image";

/**
 * What the newest scan that one of these keys attested says of each image. An image without one is not in the answer; one
 * whose registry does not answer, or that has only what nobody listed has signed, is an error there.
 * @param images by digest.
 */
export async function scansOf(
  images: readonly string[],
  keys: TrustedKeys,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, ImageVerdict>> {
  const asked = [...new Set(images)].map(async (image) => [image, await scanOf(image, keys, signal)] as const);
  return new Map((await Promise.all(asked)).flatMap(([image, said]) => (said === undefined ? [] : [[image, said]])));
}

async function scanOf(image: string, keys: TrustedKeys, signal?: AbortSignal): Promise<ImageVerdict | undefined> {
  try {
    const named = namedImage(image);
    const subject = subjectOf(named);
    const found = await readBeside(named, attestationsTag(subject.digest), MEDIA_TYPE.attestation, signal);
    const envelopes = (found ?? []).map(({ bytes }) => bytes ?? Buffer.alloc(0));
    const judged = attestationsOf(subject, "scan", envelopes, keys);
    if (judged.ok) return scanSaid(judged.found.at(-1)?.predicate);
    if (judged.fault.kind === "missing") return undefined;
    return notKnown(faultText(image, { kind: "attestation", what: "scan", fault: judged.fault }));
  } catch (error) {
    signal?.throwIfAborted();
    return notKnown(reasonOf(error));
  }
}
