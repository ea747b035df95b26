/**
 * Names that nobody has. A list of real names would give every source its own people back, in other rows, and a scan
 * for names of the source could not tell those from a leak. These are put together from syllables and read as names,
 * but are none. Changing anything here changes the fakes of every fixed epoch.
 */
const ONSETS = "b br c d dr f g h k l m n r s t v".split(" ");
const RIMES = "al en or is".split(" ");
const CONSONANTS = "b d f g k l m n p r s t v z th sh".split(" ");
const VOWELS = "a e i o".split(" ");
const GIVEN_ENDS = "yn ora iel und".split(" ");
const FAMILY_ENDS = (
  "acre ash bank barrow beck birch bourne brook burn by cairn cliff combe cote crag croft dale dell dene down edge " +
  "fell fen field fold ford garth gate glen grove ham heath helm hill holm holt hurst keld kirk lake lea leigh " +
  "low marsh mere mill moor ness park pool rigg ridge shaw side stead stone thorpe toft vale wick wold wood worth " +
  "yard"
).split(" ");
const STREET_TYPES = "Street Avenue Road Lane Court Drive Way Place".split(" ");

const all = (first: readonly string[], second: readonly string[]): readonly string[] =>
  first.flatMap((one) => second.map((two) => one + two));

/** Entries of at most seven bytes, one after the other, each behind its length. */
class Syllables {
  readonly longest: number;
  readonly #bytes: Buffer;

  constructor(readonly entries: readonly string[]) {
    this.longest = Math.max(...entries.map((entry) => entry.length));
    this.#bytes = Buffer.alloc(entries.length * 8);
    entries.forEach((entry, index) => {
      this.#bytes[index * 8] = entry.length;
      this.#bytes.write(entry, index * 8 + 1, "latin1");
    });
  }

  write(index: number, out: Buffer, to: number): number {
    const bytes = this.#bytes;
    const at = index * 8;
    const end = to + (bytes[at] ?? 0);
    for (let from = at + 1; to < end; from++) out[to++] = bytes[from] ?? 0;
    return end;
  }
}

const STARTS = new Syllables(all(ONSETS, RIMES));
const MIDDLES = new Syllables(all(CONSONANTS, VOWELS));
const GIVEN = new Syllables(all(CONSONANTS, GIVEN_ENDS));
const FAMILY = new Syllables(FAMILY_ENDS);
const TYPES = new Syllables(STREET_TYPES);
for (const { entries } of [STARTS, MIDDLES, GIVEN, FAMILY])
  if (new Set(entries).size !== 64) throw new RangeError("syllables come in 64");

export const LONGEST_GIVEN = STARTS.longest + MIDDLES.longest + GIVEN.longest;
export const LONGEST_FAMILY = STARTS.longest + MIDDLES.longest + FAMILY.longest;
export const LONGEST_STREET = 4 + 1 + LONGEST_FAMILY + 1 + TYPES.longest;

const word = (ends: Syllables, bits: number, out: Buffer, to: number): number =>
  ends.write((bits >>> 12) & 63, out, MIDDLES.write((bits >>> 6) & 63, out, STARTS.write(bits & 63, out, to)));

function capital(out: Buffer, at: number): void {
  out[at] = (out[at] ?? 0) - 32;
}

/** In lower case, of 18 bits. */
export const writeLowerGiven = (bits: number, out: Buffer, to: number): number => word(GIVEN, bits, out, to);

export function writeGiven(bits: number, out: Buffer, to: number): number {
  const end = word(GIVEN, bits, out, to);
  capital(out, to);
  return end;
}

/** Of 18 bits; made like the names of places. */
export function writeFamily(bits: number, out: Buffer, to: number): number {
  const end = word(FAMILY, bits, out, to);
  capital(out, to);
  return end;
}

/** `4127 Balemiwick Lane`, of 14, 18 and 3 bits. */
export function writeStreet(number: number, name: number, type: number, out: Buffer, to: number): number {
  const house = 1 + (number % 9899);
  for (let digits = 1000; digits >= 1; digits /= 10)
    if (house >= digits) out[to++] = 48 + (Math.floor(house / digits) % 10);
  out[to++] = 32;
  const end = writeFamily(name, out, to);
  out[end] = 32;
  return TYPES.write(type, out, end + 1);
}
