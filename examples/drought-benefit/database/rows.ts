import { cardBy, emailOf, padded, type Person, personBy, phoneBy, ssnOf, usernameOf } from "./people";
import { Dice } from "./random";

export interface Size {
  /**
   * Everything else follows from it: half as many households, as many claims, half as many payouts and notes. From some
   * 1,000 on, five of them at least share each year of birth and sex.
   */
  readonly people: number;
  /** Equal seeds give equal rows. @default 1 */
  readonly seed?: number;
  /** Share of rows with values that are hard to read and write. @default 0.02 */
  readonly awkward?: number;
  /** Bytes of the longest note, which is the first one. @default as long as the others */
  readonly longestNote?: number;
}

export interface TableRows {
  /** Quoted, as in SQL. */
  readonly table: string;
  readonly columns: readonly string[];
  readonly count: number;
  /** Values as PostgreSQL reads them, `null` for NULL. */
  row(index: number): readonly (string | null)[];
}

const CROPS = ["almonds", "tomatoes", "alfalfa", "grapes"] as const;
const CITIES = ["Fresno", "Madera", "Visalia", "Modesto", "Merced", "Bakersfield", "Madison"] as const;
const LEVELS = ["moderate", "severe", "extreme", "exceptional"] as const;
const STREETS = ["Orchard Lane", "Canal Road", "Well Street", "Avenue 12½", "O'Neill's Way", "Río Seco"] as const;
const FIRST_YEAR = 2024;
const YEARS = 3;
/** One number for each table, so that no two draw the same. */
const enum Draw {
  Person,
  Household,
  Claim,
  Payout,
  Note,
  SignIn,
  Letter,
}

/** The rows of every table that has any, in an order in which they can be loaded. */
export function tablesOf({ people, seed = 1, awkward = 0.02, longestNote }: Size): readonly TableRows[] {
  const households = Math.max(1, Math.ceil(people / 2));
  const dice = (draw: Draw, index: number) => new Dice(seed, draw, index);
  const person = (index: number): Person => personBy(dice(Draw.Person, index), awkward);
  const householdId = (index: number) => uuidBy(dice(Draw.Household, index));
  const headOf = (household: number) => (household * 2) % people;
  const yearOf = (claim: number) => FIRST_YEAR + (claim % YEARS);
  const mentioned = (index: number, by: Dice) => {
    const { given, family } = person(index);
    const where = by.chance(0.5) ? `call ${phoneBy(by)}` : `write to ${emailOf({ given, family }, index)}`;
    return `${given} ${family} (${ssnOf(index, seed)}) asked about the well; ${where} before Friday.`;
  };
  return [
    {
      table: "benefit.people",
      columns: [
        ...["id", "given_name", "family_name", "ssn", "email", "phone", "username", "born", "sex", "languages"],
        ...["preferences", "created_at"],
      ],
      count: people,
      row: (index) => {
        const by = dice(Draw.Person, index);
        const own = personBy(by, awkward);
        const old = by.chance(0.04);
        return [
          String(index + 1),
          own.given,
          own.family,
          by.chance(0.05) ? null : ssnOf(index, seed),
          by.chance(0.1) ? null : emailOf(own, index),
          by.chance(0.1) ? null : phoneBy(by),
          usernameOf(own, index),
          dayBy(by, old ? 1920 : 1960, old ? 1935 : 1979),
          by.pick(["f", "m"]),
          by.chance(0.2) ? "{en,es}" : "{en}",
          by.chance(0.3) ? null : preferences(own, by),
          `${dayBy(by, 2020, 2026)} ${padded(by.below(24), 2)}:00:00+00`,
        ];
      },
    },
    {
      table: "benefit.households",
      columns: ["id", "head", "street", "city", "zip", "size"],
      count: households,
      row: (index) => {
        const by = dice(Draw.Household, index);
        const id = uuidBy(by);
        const street = `${by.between(1, 9999)} ${by.pick(STREETS)}${by.chance(awkward) ? '\t"rear"' : ""}`;
        const zip = `${by.pick(["936", "937", "953", "932"])}${by.digits(2)}`;
        return [id, String(headOf(index) + 1), street, by.pick(CITIES), zip, String(by.between(1, 9))];
      },
    },
    {
      table: "benefit.household_members",
      columns: ["household", "person"],
      count: people,
      row: (index) => [householdId(Math.floor(index / 2) % households), String(index + 1)],
    },
    {
      table: "benefit.claims",
      columns: [
        ...["program_year", "id", "household", "applicant", "reference", "crop", "level", "acres", "income"],
        ...["filed_on", "status", "document", "remarks"],
      ],
      count: people,
      row: (index) => {
        const by = dice(Draw.Claim, index);
        const household = index % households;
        const applicant = headOf(household);
        const [year, acres, crop] = [yearOf(index), by.between(5, 900), by.pick(CROPS)];
        const document = claimDocument({ applicant, person, seed, crop, acres, by });
        return [
          String(year),
          String(index + 1),
          householdId(household),
          String(applicant + 1),
          `DR-${year}-${padded(index, 8)}`,
          crop,
          by.pick(LEVELS),
          `${acres}.${padded(by.below(100), 2)}`,
          String(by.between(0, 40_000_000)),
          dayBy(by, year, year),
          index % 2 === 0 ? "paid" : by.pick(["filed", "refused"]),
          document,
          by.chance(0.6) ? null : awkwardly(mentioned(applicant, by), by, awkward),
        ];
      },
    },
    {
      table: "benefit.payouts",
      columns: ["id", "program_year", "claim", "cents", "account", "card", "paid_at"],
      count: Math.floor(people / 2),
      row: (index) => {
        const by = dice(Draw.Payout, index);
        const [claim, byCard] = [index * 2, by.chance(0.3)];
        return [
          String(index + 1),
          String(yearOf(claim)),
          String(claim + 1),
          String(by.between(1, 5_000_000)),
          byCard ? null : by.digits(12),
          byCard ? cardBy(by) : null,
          `${dayBy(by, yearOf(claim), yearOf(claim))} 12:00:00+00`,
        ];
      },
    },
    {
      table: "benefit.notes",
      columns: ["id", "person", "written_by", "body", "scan"],
      count: Math.floor(people / 2),
      row: (index) => {
        const by = dice(Draw.Note, index);
        const [about, author] = [by.below(people), by.below(people)];
        const body = awkwardly(mentioned(about, by), by, awkward);
        return [
          String(index + 1),
          by.chance(0.1) ? null : String(about + 1),
          usernameOf(person(author), author),
          index === 0 && longestNote !== undefined ? repeated(`${body} `, longestNote) : body,
          by.chance(0.8) ? null : `\\x${by.digits(64)}`,
        ];
      },
    },
    {
      table: "benefit.sign_ins",
      columns: ["id", "person", "address", "at"],
      count: Math.floor(people / 10),
      row: (index) => {
        const by = dice(Draw.SignIn, index);
        const address = `10.${by.below(256)}.${by.below(256)}.${by.below(256)}`;
        return [String(index + 1), String(by.below(people) + 1), address, `${dayBy(by, 2026, 2026)} 08:00:00+00`];
      },
    },
    {
      table: '"Case files"."Letters ""to"" applicants"',
      columns: ['"select"', '"Full name"', '"a.b"', '"e-mail ""work"""', '"Größe"'],
      count: Math.floor(people / 10),
      row: (index) => {
        const by = dice(Draw.Letter, index);
        const to = by.below(people);
        const { given, family } = person(to);
        const email = by.chance(0.5) ? emailOf({ given, family }, to) : null;
        const text = by.chance(0.2) ? null : awkwardly(mentioned(to, by), by, awkward);
        return [String(index + 1), `${given} ${family}`, text, email, String(by.between(1, 40))];
      },
    },
  ];
}

const ODD_TEXTS = ["\\N", "\\.", "a\tb\\tc", "line\r\nline\n", "'\"`$$", "𝟙𝟚𝟛", "\u2028", "x".repeat(9000)] as const;

const awkwardly = (text: string, by: Dice, share: number): string =>
  by.chance(share) ? `${by.pick(ODD_TEXTS)} ${text}` : text;

function preferences(own: Person, by: Dice): string {
  const contact = by.chance(0.5)
    ? { name: `${own.given} ${own.family}`, phone: phoneBy(by), hours: [by.between(8, 12), by.between(13, 18)] }
    : null;
  return JSON.stringify({ letters: by.pick(["paper", "mail"]), contact, unknown: { note: own.family } });
}

function claimDocument(of: {
  applicant: number;
  person: (index: number) => Person;
  seed: number;
  crop: string;
  acres: number;
  by: Dice;
}): string {
  const { applicant, person, seed, crop, acres, by } = of;
  const name = (index: number) => `${person(index).given} ${person(index).family}`;
  return JSON.stringify({
    source: by.pick(["web", "paper"]),
    applicant: {
      name: name(applicant),
      ssn: ssnOf(applicant, seed),
      email: emailOf(person(applicant), applicant),
    },
    members: [0, 1]
      .slice(0, by.below(3))
      .map((next) => ({ name: name(applicant + next), person: applicant + next + 1 })),
    crops: [{ kind: crop, acres, note: by.chance(0.1) ? `seen by ${name(applicant)}` : null }],
    remarks: by.chance(0.3) ? `ask ${name(applicant)}, "${ssnOf(applicant, seed).replaceAll("-", " ")}"` : "",
  });
}

const dayBy = (by: Dice, first: number, last: number): string =>
  `${by.between(first, last)}-${padded(by.between(1, 12), 2)}-${padded(by.between(1, 28), 2)}`;

function uuidBy(by: Dice): string {
  const hex = Array.from({ length: 4 }, () =>
    by
      .below(2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  ).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** @param bytes of the result, about. */
const repeated = (text: string, bytes: number): string => text.repeat(Math.ceil(bytes / Buffer.byteLength(text)));
