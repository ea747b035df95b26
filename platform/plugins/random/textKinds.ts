import { hash } from "bcryptjs";
import { type CharacterRules, randomText } from "./characters";
import type { Adopted, Kind, PropertyType, Settings } from "./kind";

const CLASS_NAMES = ["upper", "lower", "numeric", "special"] as const;
const LEAST_NAMES = ["minUpper", "minLower", "minNumeric", "minSpecial"] as const;

const properties: Readonly<Record<string, PropertyType>> = {
  keepers: "map",
  length: "integer",
  lower: "boolean",
  minLower: "integer",
  minNumeric: "integer",
  minSpecial: "integer",
  minUpper: "integer",
  number: "boolean",
  numeric: "boolean",
  overrideSpecial: "text",
  special: "boolean",
  upper: "boolean",
};

const defaults = {
  lower: true,
  minLower: 0,
  minNumeric: 0,
  minSpecial: 0,
  minUpper: 0,
  number: true,
  numeric: true,
  special: true,
  upper: true,
};

function rulesOf(settings: Settings): CharacterRules {
  const overrideSpecial = settings.text("overrideSpecial");
  return {
    length: settings.integer("length"),
    upper: settings.flag("upper"),
    lower: settings.flag("lower"),
    numeric: settings.flag("numeric"),
    special: settings.flag("special"),
    minUpper: settings.integer("minUpper"),
    minLower: settings.integer("minLower"),
    minNumeric: settings.integer("minNumeric"),
    minSpecial: settings.integer("minSpecial"),
    ...(overrideSpecial === undefined ? {} : { overrideSpecial }),
  };
}

function problems(settings: Settings): [string, string][] {
  const found: [string, string][] = [];
  const length = settings.knownInteger("length");
  const least = LEAST_NAMES.map((name) => settings.knownInteger(name) ?? 0);
  const sum = least.reduce((total, count) => total + count, 0);
  if (length !== undefined && length < 1) found.push(["length", `must be at least 1, got ${length}`]);
  else if (length !== undefined && length < sum) {
    found.push(["length", `must be at least ${LEAST_NAMES.join(" + ")} = ${sum}, got ${length}`]);
  }
  LEAST_NAMES.forEach((name, index) => {
    const count = least[index] ?? 0;
    if (count < 0) found.push([name, `must be at least 0, got ${count}`]);
  });
  if (CLASS_NAMES.every((name) => !settings.flag(name))) {
    found.push(["special", `at least one of ${CLASS_NAMES.join(", ")} must be true`]);
  }
  return found;
}

/** Nothing but the text itself is known of one that was made elsewhere. */
const settingsOf = (text: string) => ({ length: Array.from(text).length });

/** bcrypt reads 72 bytes; what follows has no say in the hash, so it is left out rather than refused. */
const HASHED_BYTES = 72;
const COST = 10;

async function passwordValues(result: string) {
  let hashed = "";
  for (const character of result) {
    if (Buffer.byteLength(hashed + character) > HASHED_BYTES) break;
    hashed += character;
  }
  return { result, bcryptHash: await hash(hashed, COST) };
}

export const randomString: Kind = {
  token: "random:index/randomString:RandomString",
  properties,
  required: ["length"],
  defaults,
  made: ["result"],
  secret: [],
  problems,
  make(settings) {
    const result = randomText(rulesOf(settings));
    return { id: result, values: { result } };
  },
  adopt: (id): Adopted => ({ id, settings: settingsOf(id), values: { result: id } }),
};

export const randomPassword: Kind = {
  ...randomString,
  token: "random:index/randomPassword:RandomPassword",
  made: ["result", "bcryptHash"],
  secret: ["result", "bcryptHash"],
  async make(settings) {
    return { id: "none", values: await passwordValues(randomText(rulesOf(settings))) };
  },
  adopt: async (id) => ({ id: "none", settings: settingsOf(id), values: await passwordValues(id) }),
};
