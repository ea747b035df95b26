import { createHmac } from "node:crypto";
import { ScrubError } from "./errors";

/** Bytes of a master key. */
export const MASTER_KEY_BYTES = 32;

/** What a key is for; each use has a key of its own, so that no output of one says anything about another. */
export type KeyUse = "value" | "long" | "permutation" | "epoch";

/**
 * The keys of one snapshot, derived from the master key. All that a fake depends on is the value, its tag and the
 * epoch: an epoch for each snapshot makes two snapshots unrelated, a fixed one keeps fakes from night to night.
 */
export class ScrubKeys {
  readonly #master: Buffer;
  readonly #epoch: string;

  /** @throws ScrubError `key-unusable` for a master key of another length or of one repeated byte. */
  constructor(master: Uint8Array, epoch: string) {
    if (master.length !== MASTER_KEY_BYTES)
      throw new ScrubError("key-unusable", {}, { expected: MASTER_KEY_BYTES, got: master.length });
    if (master.every((byte) => byte === master[0])) throw new ScrubError("key-unusable", { kind: "repeated" });
    if (!/^[\w.:-]{1,100}$/.test(epoch)) throw new ScrubError("key-unusable", { kind: "epoch" });
    this.#master = Buffer.from(master);
    this.#epoch = epoch;
  }

  /** 32 bytes: HMAC-SHA-256(master, use | tag | epoch), with a zero byte between, which none of the three can hold. */
  derive(use: KeyUse, tag: string): Buffer {
    return createHmac("sha256", this.#master).update(`hms-scrub\0${use}\0${tag}\0${this.#epoch}`).digest();
  }

  /** Names key and epoch in a manifest: equal ids mean equal fakes. Says nothing about the key. */
  get epochId(): string {
    return this.derive("epoch", "").toString("hex", 0, 16);
  }
}

/**
 * A master key as a file or a key service has it: 32 bytes, or those in hex or base64 on a line.
 * @throws ScrubError `key-unusable`; the error holds nothing of what was there.
 */
export function parseMasterKey(content: Uint8Array): Buffer {
  if (content.length === MASTER_KEY_BYTES) return Buffer.from(content);
  const text = Buffer.from(content).toString("latin1").trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  if (/^[\w+/-]{43}=?$/.test(text)) return Buffer.from(text, "base64");
  throw new ScrubError("key-unusable", {}, { expected: MASTER_KEY_BYTES, got: content.length });
}
