import type { Dice } from "./random";

type Words = readonly [string, ...string[]];
const words = (text: string): Words => {
  const [first = "", ...rest] = text.trim().split(/\s+/);
  return [first, ...rest];
};

const GIVEN = words(
  "James Mary Robert Patricia Michael Jennifer William Linda Richard Elizabeth Joseph Maria Thomas Susan Daniel Jessica " +
    "Matthew Sarah Anthony Karen José Guadalupe Luis Sofía Zoë Renée Søren Łukasz Mei Hiroshi Fatima Ahmed Chloé Iñaki",
);
const FAMILY = words(
  "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Wilson Anderson Taylor " +
    "Moore Nguyen O'Brien Núñez Müller Dvořák Øster Petrović Ivanova Yılmaz Almeida Castañeda D'Angelo Smith-Rowe",
);
/** What scripts, quotes, escapes and invisible signs people's names come with. */
const AWKWARD: Words = [
  "李 小龍",
  "محمد",
  "Анна",
  "Ανδρέας",
  "N\u0303ame", // a letter in two parts
  'Robert"); drop',
  "back\\slash",
  "tab\there",
  "two\nlines",
  "carriage\rreturn",
  "\\N",
  "\\.",
  "👩‍🌾 Ada",
  "   Spaces   ",
  "zero\u200bwidth",
  "'quoted'",
  "",
];

export interface Person {
  readonly given: string;
  readonly family: string;
}

/** @param awkward share of people whose given name is hard on whoever reads and writes it */
export const personBy = (dice: Dice, awkward: number): Person => ({
  given: dice.chance(awkward) ? dice.pick(AWKWARD) : dice.pick(GIVEN),
  family: dice.pick(FAMILY),
});

const AREAS = 665;
const GROUPS = 99;
const SERIALS = 9999;
/** A prime that divides none of the three. */
const STRIDE = 15_485_863n;

/** A number of the shape of those that are issued, another one for each `index`. */
export function ssnOf(index: number, seed: number): string {
  const space = BigInt(AREAS * GROUPS * SERIALS);
  const at = Number((BigInt(index) * STRIDE + BigInt(seed)) % space);
  const serial = (at % SERIALS) + 1;
  const group = (Math.floor(at / SERIALS) % GROUPS) + 1;
  const area = Math.floor(at / (SERIALS * GROUPS)) + 1;
  return `${padded(area, 3)}-${padded(group, 2)}-${padded(serial, 4)}`;
}

/** Sixteen digits that pass Luhn's check. */
export function cardBy(dice: Dice): string {
  const body = `4${dice.digits(14)}`;
  const sum = Array.from(body).reduce((total, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return `${body}${(10 - (sum % 10)) % 10}`;
}

export const phoneBy = (dice: Dice): string => {
  const [area, exchange, line] = [dice.between(201, 989), dice.between(200, 999), dice.digits(4)];
  return dice.chance(0.5) ? `(${area}) ${exchange}-${line}` : `+1 ${area} ${exchange} ${line}`;
};

/** An address for each `index`, under a name that no mail server has. */
export const emailOf = ({ given, family }: Person, index: number): string =>
  `${plain(given)}.${plain(family)}${index}@valley-post-of-nowhere.us`;

export const usernameOf = ({ family }: Person, index: number): string => `${plain(family)}${index}`;

const plain = (name: string): string =>
  name
    .normalize("NFD")
    .replace(/[^a-zA-Z]/g, "")
    .toLowerCase() || "x";

export const padded = (value: number, digits: number): string => String(value).padStart(digits, "0");
