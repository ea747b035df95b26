import { sha256 } from "../sha256";

export const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** By which a registry knows these bytes. */
export const digestOf = (bytes: Uint8Array): string => `sha256:${sha256(bytes)}`;

/** The tag beside an image under which its signatures are kept. */
export const signaturesTag = (digest: string): string => `${digest.replace(":", "-")}.sig`;

/** The tag beside an image under which its attestations are kept. */
export const attestationsTag = (digest: string): string => `${digest.replace(":", "-")}.att`;
