import { shortKey } from "./keys";

/** Why an image may not be run. Each has words of its own, for each has another cause and another remedy. */
export type Fault =
  /** Named by a tag, which says nothing about content. `now`: what the tag names at this moment. */
  | { readonly kind: "by-tag"; readonly tag: string; readonly now?: string }
  | { readonly kind: "absent" }
  /** The registry gave other bytes than those of the digest. */
  | { readonly kind: "other-bytes"; readonly got: string }
  /** The tag beside the digest names another image now. */
  | { readonly kind: "moved-tag"; readonly tag: string; readonly now?: string }
  | { readonly kind: "unsigned" }
  /** What lies beside the image was signed for these images, and not for it. */
  | { readonly kind: "for-another"; readonly signed: string }
  /** A listed key says to have signed, but not these bytes. */
  | { readonly kind: "altered"; readonly key: string }
  | { readonly kind: "other-key"; readonly keys: readonly string[]; readonly listed: readonly string[] }
  /** Signed in a repository of another name. */
  | { readonly kind: "renamed"; readonly signedAs: string }
  /** What lies where signatures lie cannot be read. */
  | { readonly kind: "broken" }
  | { readonly kind: "attestation"; readonly what: string; readonly fault: AttestationFault };

/** The same for what is said of an image. */
export type AttestationFault =
  | { readonly kind: "missing" }
  | { readonly kind: "for-another"; readonly signed: string }
  | { readonly kind: "altered"; readonly key: string }
  | { readonly kind: "other-key"; readonly keys: readonly string[]; readonly listed: readonly string[] }
  | { readonly kind: "broken" }
  /** A scan that did not end well. */
  | { readonly kind: "verdict"; readonly verdict: string };

export type FaultKind = Fault["kind"];

/** @param image as it was named. @returns what was found, what is allowed, what to do. */
export function faultText(image: string, fault: Fault): string {
  const text = words(fault);
  return `${image} ${text}`;
}

function words(fault: Fault): string {
  switch (fault.kind) {
    case "by-tag": {
      const now = fault.now === undefined ? "" : ` (${fault.tag} names ${fault.now} now)`;
      return `is named by a tag, and a tag can be put on another image after signing${now}; name it by its digest, <repository>@sha256:<digest>`;
    }
    case "absent":
      return "is not in its registry, so nothing is known of it; push it, or name the digest that was pushed";
    case "other-bytes":
      return `was tampered with: its registry gives ${fault.got} under that digest; do not use that registry before it is known why, and push the image again`;
    case "moved-tag":
      return `was re-tagged after signing: ${fault.tag} names ${fault.now ?? "nothing"} now; find out who moved the tag, and name the digest that is meant without a tag`;
    case "unsigned":
      return "is unsigned: no signature lies beside it in its registry; sign it with hms image sign, or build it by a stack that has hms:signing";
    case "for-another":
      return `was tampered with: the signature beside it is for ${fault.signed}, so its content was changed after signing; deploy the image that was signed, or sign this one after a look at what changed`;
    case "altered":
      return `was tampered with: key ${shortKey(fault.key)} is named as its signer, but what lies beside it is not what that key signed; sign it again from a build that is trusted`;
    case "other-key":
      return `is signed by another key${list(fault.keys)}, and hms:signing lists${list(fault.listed)}; have it signed by a listed key, or list that key after a look at whose it is`;
    case "renamed":
      return `was re-tagged after signing: it was signed as ${fault.signedAs}; deploy it from there, or sign it under its new name`;
    case "broken":
      return "has a signature that cannot be read: it is not of the form that cosign 2 writes; sign it again";
    case "attestation":
      return `has ${attestationWords(fault.what, fault.fault)}`;
  }
}

function attestationWords(what: string, fault: AttestationFault): string {
  switch (fault.kind) {
    case "missing":
      return `no attestation "${what}" beside it; build and scan it by a stack that has hms:signing`;
    case "for-another":
      return `an attestation "${what}" that is about another image, ${fault.signed}; make one for this image`;
    case "altered":
      return `an attestation "${what}" that was tampered with: key ${shortKey(fault.key)} is named as its signer, and has not signed this; make it again`;
    case "other-key":
      return `an attestation "${what}" signed by another key${list(fault.keys)}, and hms:signing lists${list(fault.listed)}; have it made with a listed key`;
    case "broken":
      return `an attestation "${what}" that cannot be read: it is no DSSE envelope with a statement inside; make it again`;
    case "verdict":
      return `a scan verdict "${fault.verdict}", and only "pass" is let through; see what hms scan found`;
  }
}

const list = (keys: readonly string[]): string => (keys.length === 0 ? "" : ` ${keys.map(shortKey).join(", ")}`);
