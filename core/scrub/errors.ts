import { RefusedError } from "../../platform/errors";

/**
 * What can go wrong between reading a database and handing out its scrubbed copy: what it is, and what to do. A new code
 * is a new line here; that is the only place where the words of such an error come from.
 */
const CODES = {
  "rules-invalid": ["the scrub rules cannot be used", "correct the rules file"],
  untagged: ["something in the database has no tag", "tag it in the rules file"],
  "public-suspicious": [
    "a public column looks like personal data",
    "give it another tag, or acknowledge it in the rules",
  ],
  "catalog-changed": ["the schema changed while it was read", "run it again"],
  "source-unreachable": ["the source database cannot be reached", "check its address, role and network policy"],
  "source-refused": ["the source database refused", "look up the SQLSTATE; the server's log in the vault has the rest"],
  "copy-malformed": ["a row is not what COPY sends", "report this as a fault"],
  "value-unmaskable": ["a value cannot be masked as its tag says", "give the column a tag that suits what it holds"],
  "fakes-exhausted": ["there are too few fakes for so many different values", "use the mode token, or a wider column"],
  "key-unusable": ["the scrub key cannot be used", "give 32 random bytes, in a file or by KMS"],
  "known-values-full": [
    "there are more known values than the scan has room for",
    "they have a quarter of the memory, of the machine or of the pod (memory of hms:snapshots): give it more",
  ],
  "leak-found": ["the leak scan found what may not ship", "see the findings; nothing was promoted"],
  "canary-missed": ["the leak scan did not find what was planted", "do not trust this scan; report this as a fault"],
  "k-too-small": ["groups of people in the output are too small", "coarsen the set's columns, or drop one"],
  "groups-full": ["a set of quasi-identifiers has more groups than can be counted", "coarsen the set's columns"],
  "manifest-invalid": ["the snapshot's manifest does not hold", "take a new snapshot"],
  "part-mismatch": ["a part of the snapshot is not what its manifest says", "take a new snapshot"],
  "count-mismatch": ["rows were lost or added", "report this as a fault; nothing was promoted"],
  "load-failed": ["loading the snapshot failed", "look up the SQLSTATE; the database was dropped again"],
  "store-failed": ["the snapshot store could not be used", "check its space and permissions"],
  unexpected: ["an unexpected fault", "report it with its stack; the message is withheld, for it may hold data"],
} as const;
export type ScrubCode = keyof typeof CODES;

/** Names that people gave to things, digests and codes; never anything that was read from a row. */
export interface ScrubNames {
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  /** Of a JSON document, as the rules have it, not as the document does. */
  readonly path?: string;
  readonly tag?: string;
  readonly rule?: string;
  /** Base name of a part or of another file. */
  readonly file?: string;
  readonly key?: string;
  /** Five characters, by PostgreSQL. */
  readonly sqlstate?: string;
  /** Of an error that was caught: its class, or the system's code such as ENOSPC. */
  readonly kind?: string;
  /** SHA-256 or less of it, in hex. */
  readonly digest?: string;
  /** Several of one kind: `public.claims.note`. */
  readonly names?: readonly string[];
}

/** Counts and ordinals by what they count: `{ row: 12, expected: 40, got: 39 }`. */
export type ScrubNumbers = Readonly<Record<string, number>>;

/**
 * The only error that leaves the scrub: of a code, names and numbers, so that a data value has no place in it. Text that
 * cannot be a name is withheld, and a finished error takes nothing more: no message, no cause, no property.
 */
export class ScrubError extends RefusedError {
  override readonly name = "ScrubError";
  readonly code: ScrubCode;
  readonly names: ScrubNames;
  readonly numbers: ScrubNumbers;

  constructor(code: ScrubCode, names: ScrubNames = {}, numbers: ScrubNumbers = {}) {
    const shown = clean(names);
    const counted = Object.fromEntries(Object.entries(numbers).filter(isCount));
    super(sentence(code, shown, counted));
    this.code = code;
    this.names = Object.freeze(shown);
    this.numbers = Object.freeze(counted);
    Object.freeze(this);
  }
}

/**
 * Whatever was thrown, as an error that may be shown: of a foreign one only its class or code is left, since drivers and
 * parsers quote the data they stumbled on. Its frames stay, for they name places in the program.
 */
export function withoutValues(thrown: unknown, code: ScrubCode = "unexpected", names: ScrubNames = {}): ScrubError {
  if (thrown instanceof ScrubError) return thrown;
  const own: unknown = typeof thrown === "object" && thrown !== null ? Reflect.get(thrown, "code") : undefined;
  const sqlstate = typeof own === "string" && /^[0-9A-Z]{5}$/.test(own) ? { sqlstate: own } : {};
  const system = typeof own === "string" && /^(ERR_)?[A-Z][A-Z_]{2,40}$/.test(own) ? own : undefined;
  // A bundle numbers classes whose name it has twice.
  const kind = system ?? (thrown instanceof Error ? thrown.constructor.name.replace(/\d+$/, "") : typeof thrown);
  return new ScrubError(code, { kind, ...sqlstate, ...names });
}

const WITHHELD = "(withheld)";
const NAME = /^[\p{L}_$*][\p{L}\p{N}_$.*:/-]{0,199}$/u;
/** Nine digits and more, whatever stands between them: no name needs as many, a number of a person does. */
const LONG_NUMBER = /(\p{N}[\p{P}\p{Z}\p{Cf}]*){8,}\p{N}/u;
const ADDRESS = /[^\s"'<>]+[@\uff20][^\s"'<>]+/u;
const WITHHELD_ALL = new RegExp(`${LONG_NUMBER.source}|${ADDRESS.source}`, "gu");

/** A message of names, without what looks like personal data in them: tables have been called after people's numbers. */
export const withoutPersonal = (message: string): string => message.replace(WITHHELD_ALL, WITHHELD);

/** Frames of a stack without its message, for a fault's report. */
export function framesOf(thrown: unknown): readonly string[] {
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  // A message may have lines that look like frames; those of the engine come last, in one block.
  const lines = stack.split("\n");
  const last = lines.findLastIndex((line) => !FRAME.test(line));
  return lines.slice(last + 1).map((line) => line.trim());
}
const FRAME = /^ {4}at [^@]*[(/:][^()@]*:\d+:\d+\)?$/;

const DIGEST = /^(?=.*[a-f])[0-9a-f]{16,64}$/;
const SQLSTATE = /^[0-9A-Z]{5}$/;

function clean(names: ScrubNames): ScrubNames {
  const safe = (key: string, name: string): string => {
    if (key === "digest") return DIGEST.test(name) ? name : WITHHELD;
    if (key === "sqlstate") return SQLSTATE.test(name) ? name : WITHHELD;
    return NAME.test(name) && !LONG_NUMBER.test(name) ? name : WITHHELD;
  };
  return Object.fromEntries(
    Object.entries(names).map(([key, name]: [string, string | readonly string[]]) => [
      key,
      typeof name === "string" ? safe(key, name) : Object.freeze(name.map((each) => safe(key, each))),
    ]),
  );
}

const isCount = ([key, count]: readonly [string, number]): boolean =>
  typeof count === "number" && /^[a-zA-Z][\w ]{0,40}$/.test(key);

/** `a public column looks like personal data: public.claims.note, row 12; give it another tag, or …` */
function sentence(code: ScrubCode, names: ScrubNames, numbers: ScrubNumbers): string {
  const [what, advice] = CODES[code];
  const { schema, table, column, names: several = [], ...others } = names;
  const place = [schema, table, column].filter((part) => part !== undefined).join(".");
  const details = [
    ...(place === "" ? [] : [place]),
    ...several,
    ...Object.entries(others).map(([key, name]) => `${key} ${name}`),
    ...Object.entries(numbers).map(([key, count]) => `${key} ${count}`),
  ];
  return `${what}${details.length === 0 ? "" : `: ${details.join(", ")}`}; ${advice}`;
}
