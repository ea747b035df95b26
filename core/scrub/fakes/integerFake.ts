import type { CanonicalValue } from "../canonical";
import type { ScrubKeys } from "../key";
import { type Permutation, PermutationBatch, tablePermutation, widePermutation } from "../permutation";
import type { FakeSpec } from "../plan";
import type { Fake } from "./fake";
import { Misfit } from "./misfit";

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;
/** Digits of the longest integer, with a sign. */
const LONGEST = 20;

/**
 * Where a number's class ends. Numbers change places within their class only: a fake fits wherever its value fits, the
 * same in a smallint, an integer and a bigint, and stays exact in programs whose numbers are doubles. Numbers of nine
 * digits are a class, lest the fakes of ordinary keys look like social security numbers.
 */
const CLASS_ENDS = [2n ** 15n, 10n ** 8n, 10n ** 9n, 2n ** 31n, 2n ** 53n, 2n ** 63n] as const;

/** More than there are pieces; of what a number's place is the rest. */
const PLACES = 16;

/** Numbers from `least` to `most`, each of which has its fake among them. */
interface Piece {
  readonly least: bigint;
  readonly most: bigint;
}

/** Zero is its own fake: it often means "none", and `check (id > 0)` holds for the fakes of what it holds for. */
const ZERO: Piece = { least: 0n, most: 0n };

function pieces(range: readonly [min: bigint, max: bigint]): readonly Piece[] {
  let begin = 0n;
  const all = CLASS_ENDS.flatMap((end): readonly Piece[] => {
    const from = begin;
    begin = end;
    return [
      { least: from === 0n ? 1n : from, most: end - 1n },
      { least: -end, most: -from - 1n },
    ];
  });
  return [ZERO, ...all]
    .map(({ least, most }) => ({
      least: least < range[0] ? range[0] : least,
      most: most > range[1] ? range[1] : most,
    }))
    .filter(({ least, most }) => least <= most);
}

/** Permutations of a snapshot, made when the first number of their piece comes. */
export class IntegerPermutations {
  readonly #narrow = new Map<string, Permutation>();
  readonly #wide = new Map<string, { apply(value: bigint): bigint }>();

  constructor(private readonly keys: ScrubKeys) {}

  apply(piece: Piece, value: bigint): bigint {
    const name = `id.integer:${piece.least}:${piece.most}`;
    const size = piece.most - piece.least + 1n;
    if (size === 1n) return value;
    if (size <= 2n ** 32n) return piece.least + BigInt(this.narrow(piece).apply(Number(value - piece.least)));
    let wide = this.#wide.get(name);
    if (wide === undefined) {
      wide = widePermutation(this.keys.derive("permutation", name), size);
      this.#wide.set(name, wide);
    }
    return piece.least + wide.apply(value - piece.least);
  }

  narrow(piece: Piece): Permutation {
    const name = `id.integer:${piece.least}:${piece.most}`;
    let narrow = this.#narrow.get(name);
    if (narrow === undefined) {
      narrow = tablePermutation(this.keys.derive("permutation", name), Number(piece.most - piece.least + 1n));
      this.#narrow.set(name, narrow);
    }
    return narrow;
  }
}

/** Whole numbers, permuted; no two meet, and nothing is held for it. */
export function integerFake(spec: FakeSpec, permutations: IntegerPermutations): Fake {
  const all = pieces(spec.range ?? [LEAST, MOST]);
  const quick = all
    .filter(({ least, most }) => least > 0n && most > least && most < 2n ** 31n)
    .map((piece) => ({
      piece,
      least: Number(piece.least),
      most: Number(piece.most),
      made: undefined as Permutation | undefined,
      batch: new PermutationBatch(),
    }));
  const byText = (text: string): string => {
    if (!/^[+-]?[0-9]{1,30}$/.test(text)) throw new Misfit("value-unmaskable", "not-an-integer");
    const value = BigInt(text);
    const piece = all.find(({ least, most }) => value >= least && value <= most);
    if (piece === undefined) throw new Misfit("value-unmaskable", "out-of-range");
    return permutations.apply(piece, value).toString();
  };
  return {
    tag: "id.integer",
    longest: LONGEST,
    isNumber: true,
    ordered: false,
    direct: (canonical, out, to) =>
      to + out.write(byText(canonical.bytes.toString("latin1", 0, canonical.length)), to, "latin1"),
    permuted: {
      add(canonical) {
        const value = smallInteger(canonical);
        for (let index = 0; index < quick.length; index++) {
          const each = quick[index];
          if (each === undefined || value < each.least || value > each.most) continue;
          return each.batch.add(value - each.least) * PLACES + index;
        }
        return -1;
      },
      run() {
        for (const each of quick)
          if (!each.batch.isEmpty) each.batch.run((each.made ??= permutations.narrow(each.piece)));
      },
      write(place, _shape, out, to) {
        const each = quick[place % PLACES];
        if (each === undefined) throw new RangeError("no such piece");
        return writeInteger(each.least + each.batch.at(Math.floor(place / PLACES)), out, to);
      },
    },
    write() {
      throw new Misfit("value-unmaskable", "not-an-integer");
    },
  };
}

/** A number below 2^31. */
function writeInteger(value: number, out: Buffer, to: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  for (let at = to + digits - 1, left = value; at >= to; at--) {
    const next = (left / 10) | 0;
    out[at] = 48 + left - next * 10;
    left = next;
  }
  return to + digits;
}

/** A number of up to ten digits without a sign, else -1. */
function smallInteger({ bytes, length }: CanonicalValue): number {
  if (length > 10) return -1;
  let value = 0;
  for (let index = 0; index < length; index++) {
    const digit = (bytes[index] ?? 0) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
