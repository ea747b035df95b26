import { cardBy, padded, ssnOf } from "../../examples/drought-benefit/database/people";
import { Dice } from "../../examples/drought-benefit/database/random";

export const LEAK_SHAPES = ["ssn", "card", "phone", "email", "name"] as const;
export type LeakShape = (typeof LEAK_SHAPES)[number];

/** Something of a person that nobody has, planted to be found. */
export interface Leak {
  readonly shape: LeakShape;
  /** How it is spelled, for messages. */
  readonly spelling: string;
  /** As it stands in a column, a document or a sentence. */
  readonly text: string;
  /** What it says: digits of a number; of an e-mail address or a name its plain text. */
  readonly plain: string;
}

/** Dashes, spaces and invisible signs that people's programs put between digits, by name. */
const BETWEEN: Readonly<Record<string, string>> = {
  "hyphen-minus": "-",
  hyphen: "\u2010",
  "non-breaking hyphen": "\u2011",
  "figure dash": "\u2012",
  "en dash": "\u2013",
  "em dash": "\u2014",
  "horizontal bar": "\u2015",
  "minus sign": "\u2212",
  "small hyphen": "\ufe63",
  "full-width hyphen": "\uff0d",
  "soft hyphen and dash": "\u00ad-",
  space: " ",
  "no-break space": "\u00a0",
  "thin space": "\u2009",
  "narrow no-break space": "\u202f",
  "ideographic space": "\u3000",
  dot: ".",
  slash: "/",
  underscore: "_",
  "zero-width space": "\u200b",
  "zero-width joiner": "\u200d",
  "word joiner": "\u2060",
  "dash in zero-width spaces": "\u200b-\u200b",
  "dash in spaces": " - ",
  nothing: "",
};

/** Zeros of scripts whose ten digits stand in a row. */
const ZEROS: Readonly<Record<string, number>> = {
  "full-width digits": 0xff10,
  "Arabic-Indic digits": 0x0660,
  "Devanagari digits": 0x0966,
  "mathematical bold digits": 0x1d7ce,
  "double-struck digits": 0x1d7d8,
};

const inDigits = (text: string, zero: number): string =>
  text.replace(/[0-9]/g, (digit) => String.fromCodePoint(zero + Number(digit)));

const GROUPS: Readonly<Record<"ssn" | "card" | "phone", readonly number[]>> = {
  ssn: [3, 2, 4],
  card: [4, 4, 4, 4],
  phone: [3, 3, 4],
};

function grouped(digits: string, sizes: readonly number[], between: string): string {
  let begin = 0;
  return sizes.map((size) => digits.slice(begin, (begin += size))).join(between);
}

/** At least 200 planted items of every shape and spelling; equal seeds give equal ones, different items differ. */
export function plantLeaks(seed: number): readonly Leak[] {
  return [
    ...numbers("ssn", seed),
    ...numbers("card", seed),
    ...numbers("phone", seed),
    ...emails(seed),
    ...names(seed),
  ];
}

/** The planted texts of a shape in sentences, as people write them into notes. */
export const sentenceOf = ({ text }: Leak): string => `The caller gave ${text}, and will call again.`;

function* numbers(shape: "ssn" | "card" | "phone", seed: number): Generator<Leak> {
  let index = 0;
  const digits = (): string => digitsOf(shape, seed, index++);
  for (const [spelling, between] of Object.entries(BETWEEN)) {
    const plain = digits();
    yield { shape, spelling, text: grouped(plain, GROUPS[shape], between), plain };
  }
  for (const [spelling, zero] of Object.entries(ZEROS)) {
    for (const [name, between] of [
      ["alone", ""],
      ["with dashes", "-"],
      ["with en dashes", "\u2013"],
    ] as const) {
      const plain = digits();
      const text = inDigits(grouped(plain, GROUPS[shape], between), zero);
      yield { shape, spelling: `${spelling} ${name}`, text, plain };
    }
  }
  for (const [spelling, write] of WRAPPED) {
    const plain = digits();
    yield { shape, spelling, text: write(grouped(plain, GROUPS[shape], "-")), plain };
  }
}

const WRAPPED: readonly (readonly [string, (text: string) => string])[] = [
  ["in quotes", (text) => `"${text}"`],
  ["in brackets", (text) => `(${text})`],
  ["after a number sign", (text) => `#${text}`],
  ["after a label", (text) => `no:${text};`],
  ["between tabs", (text) => `\t${text}\t`],
  ["over two lines", (text) => text.replace("-", "-\n")],
  ["in a list", (text) => `1,${text},2`],
  ["in markup", (text) => `<b>${text}</b>`],
];

function digitsOf(shape: "ssn" | "card" | "phone", seed: number, index: number): string {
  const dice = new Dice(seed, GROUPS[shape].length, GROUPS[shape][1] ?? 0, index);
  if (shape === "ssn") return ssnOf(1_000_000 + index, seed).replaceAll("-", "");
  if (shape === "card") return cardBy(dice);
  // Exchanges 555 are nobody's, and so allowed in what ships.
  return `${dice.between(201, 988)}${dice.between(220, 554)}${padded(index, 4)}`;
}

const EMAILS: readonly (readonly [string, (name: string) => string])[] = [
  ["plain", (name) => `${name}@valley-post-of-nowhere.us`],
  ["capitals", (name) => `${name.toUpperCase()}@Valley-Post-of-Nowhere.US`],
  ["dots", (name) => `${name}.farm@valley-post-of-nowhere.us`],
  ["tag", (name) => `${name}+claims@valley-post-of-nowhere.us`],
  ["subdomain", (name) => `${name}@mail.of.valley-post-of-nowhere.us`],
  ["percent", (name) => `${name}%office@valley-post-of-nowhere.us`],
  ["apostrophe", (name) => `${name}o'brien@valley-post-of-nowhere.us`],
  ["accents", (name) => `${name}.núñez@correo-de-ningun-valle.us`],
  ["in brackets", (name) => `<${name}@valley-post-of-nowhere.us>`],
  ["as a link", (name) => `mailto:${name}@valley-post-of-nowhere.us?subject=well`],
  ["full-width at", (name) => `${name}＠valley-post-of-nowhere.us`],
  ["zero-width in it", (name) => `${name}\u200b@valley-post-of-nowhere.us`],
];

function* emails(seed: number): Generator<Leak> {
  for (const [index, [spelling, write]] of [...EMAILS, ...EMAILS, ...EMAILS].entries()) {
    const name = `planted${seed}x${index}`;
    const text = write(name);
    const plain = text
      .normalize("NFKC")
      .replaceAll("\u200b", "")
      .replace(/^<|>$|^mailto:|\?.*$/g, "")
      .toLowerCase();
    yield { shape: "email", spelling, text, plain };
  }
}

const GIVEN = ["Quillon", "Brisethe", "Xanthippa", "Oswyn", "Zoraïde", "Þorvaldur", "Nguyệt", "Светозара"] as const;
const FAMILY = ["Wexelbaum", "Oyelaran-Pike", "D'Hautecourt", "Tsvetkov", "Łobodziński", "Quispecondori"] as const;

/** People whom no dictionary has: found as known values alone. */
function* names(seed: number): Generator<Leak> {
  const dice = new Dice(seed, LEAK_SHAPES.length);
  const first = dice.below(GIVEN.length);
  for (const [index, family] of FAMILY.entries()) {
    for (let turn = 0; turn < 4; turn++) {
      const given = GIVEN[(first + index + turn * 2) % GIVEN.length] ?? GIVEN[0];
      const [spelling, text] = (
        [
          ["plain", `${given} ${family}`],
          ["family first", `${family}, ${given}`],
          ["capitals", `${given} ${family}`.toUpperCase()],
          ["letters in parts", `${given} ${family}`.normalize("NFD")],
        ] as const
      )[turn] ?? ["plain", `${given} ${family}`];
      yield { shape: "name", spelling, text, plain: `${given} ${family}` };
    }
  }
}
