import { ScrubError } from "../errors";
import type { FindingBook } from "./report";

/** Something in the output that the set takes for a known value. */
export interface Suspect {
  readonly table: string;
  readonly column: string;
  readonly row: number;
  /** How often it was met; only the first place is kept. */
  count: number;
}

/** Suspicions of a scan by digest; few, for only a small share of words is suspected by mistake. */
export class Suspects {
  readonly byDigest = new Map<bigint, Suspect>();
  /** Lower halves of all of them. */
  private readonly lows = new Set<number>();

  /** @param most different ones; so many cannot be a mistake. */
  constructor(private readonly most = 100_000) {}

  /** @returns both halves in one number. @throws ScrubError known-values-full when there are too many to be looked up. */
  add(low: number, high: number, table: string, column: string, row: number, count = 1): bigint {
    const digest = nameOf(low, high);
    const known = this.byDigest.get(digest);
    if (known !== undefined) known.count += count;
    else if (this.byDigest.size < this.most) {
      this.byDigest.set(digest, { table, column, row, count });
      this.lows.add(low);
    } else throw new ScrubError("known-values-full", {}, { suspects: this.most });
    return digest;
  }

  /** The digest, if it is one of them. */
  find(low: number, high: number): bigint | undefined {
    if (!this.lows.has(low)) return undefined;
    const digest = nameOf(low, high);
    return this.byDigest.has(digest) ? digest : undefined;
  }

  /** What another scan suspects, of later rows. @throws ScrubError known-values-full */
  merge(other: ReadonlyMap<bigint, Suspect>): void {
    for (const [digest, { table, column, row, count }] of other)
      this.add(Number(BigInt.asIntN(32, digest)), Number(BigInt.asIntN(32, digest >> 32n)), table, column, row, count);
  }

  /** Writes one down that proved true. */
  report(digest: bigint, book: FindingBook): void {
    const suspect = this.byDigest.get(digest);
    if (suspect === undefined) return;
    const { table, column, row, count } = suspect;
    book.add({ table, column, row, kind: "known" }, digest.toString(16), count);
  }
}

const nameOf = (low: number, high: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
