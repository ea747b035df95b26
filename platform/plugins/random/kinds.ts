import { randomBytes, randomUUID } from "node:crypto";
import type { Kind } from "./kind";
import { petName } from "./pet";
import { chanceOf, shuffle } from "./sample";
import { randomPassword, randomString } from "./textKinds";

const randomId: Kind = {
  token: "random:index/randomId:RandomId",
  properties: { byteLength: "integer", keepers: "map", prefix: "text" },
  required: ["byteLength"],
  defaults: {},
  made: ["b64Std", "b64Url", "dec", "hex"],
  secret: [],
  problems(settings) {
    const length = settings.knownInteger("byteLength");
    return length !== undefined && length < 1 ? [["byteLength", `must be at least 1, got ${length}`]] : [];
  },
  make(settings) {
    const bytes = randomBytes(settings.integer("byteLength"));
    return { id: bytes.toString("base64url"), values: idFormats(bytes, settings.text("prefix") ?? "") };
  },
  adopt(id) {
    const comma = id.lastIndexOf(",");
    const prefix = comma === -1 ? "" : id.slice(0, comma);
    const encoded = id.slice(comma + 1);
    const bytes = Buffer.from(encoded, "base64url");
    if (bytes.length === 0 || bytes.toString("base64url") !== encoded) {
      throw new Error("a RandomId is imported by its bytes in base64url, or <prefix>,<base64url>");
    }
    const settings = { byteLength: bytes.length, ...(prefix === "" ? {} : { prefix }) };
    return { id: encoded, settings, values: idFormats(bytes, prefix) };
  },
};

const idFormats = (bytes: Buffer, prefix: string) => ({
  b64Std: prefix + bytes.toString("base64"),
  b64Url: prefix + bytes.toString("base64url"),
  dec: prefix + BigInt(`0x${bytes.toString("hex")}`).toString(),
  hex: prefix + bytes.toString("hex"),
});

const LARGEST_SPAN = 2 ** 48 - 1;

const randomInteger: Kind = {
  token: "random:index/randomInteger:RandomInteger",
  properties: { keepers: "map", max: "integer", min: "integer", seed: "text" },
  required: ["max", "min"],
  defaults: {},
  made: ["result"],
  secret: [],
  problems(settings) {
    const [min, max] = [settings.knownInteger("min"), settings.knownInteger("max")];
    if (min === undefined || max === undefined) return [];
    if (max < min) return [["max", `must be at least min (${min}), got ${max}`]];
    return max - min >= LARGEST_SPAN ? [["max", `must be less than min + 2^48 - 1, got ${max}`]] : [];
  },
  make(settings) {
    const [min, max] = [settings.integer("min"), settings.integer("max")];
    const result = min + chanceOf(settings.text("seed"))(max - min + 1);
    return { id: String(result), values: { result } };
  },
  adopt(id) {
    const [, result, min, max, seed] = /^(-?\d+),(-?\d+),(-?\d+)(?:,(.*))?$/.exec(id) ?? [];
    if (result === undefined) throw new Error("a RandomInteger is imported as <result>,<min>,<max> or with ,<seed>");
    const settings = { min: Number(min), max: Number(max), ...(seed === undefined ? {} : { seed }) };
    return { id: result, settings, values: { result: Number(result) } };
  },
};

const randomPet: Kind = {
  token: "random:index/randomPet:RandomPet",
  properties: { keepers: "map", length: "integer", prefix: "text", separator: "text" },
  required: [],
  defaults: { length: 2, separator: "-" },
  made: [],
  secret: [],
  problems(settings) {
    const length = settings.knownInteger("length");
    return length !== undefined && length < 1 ? [["length", `must be at least 1, got ${length}`]] : [];
  },
  make: (settings) => ({
    id: petName(settings.integer("length"), settings.text("separator") ?? "-", settings.text("prefix")),
    values: {},
  }),
};

const randomShuffle: Kind = {
  token: "random:index/randomShuffle:RandomShuffle",
  properties: { inputs: "texts", keepers: "map", resultCount: "integer", seed: "text" },
  required: ["inputs"],
  defaults: {},
  made: ["results"],
  secret: [],
  problems(settings) {
    const count = settings.knownInteger("resultCount");
    return count !== undefined && count < 0 ? [["resultCount", `must be at least 0, got ${count}`]] : [];
  },
  make(settings) {
    const inputs = settings.texts("inputs");
    const count = settings.knownInteger("resultCount") ?? inputs.length;
    const chance = chanceOf(settings.text("seed"));
    const results: string[] = [];
    while (inputs.length > 0 && results.length < count) results.push(...shuffle(inputs, chance));
    return { id: "-", values: { results: results.slice(0, count) } };
  },
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const randomUuid: Kind = {
  token: "random:index/randomUuid:RandomUuid",
  properties: { keepers: "map" },
  required: [],
  defaults: {},
  made: ["result"],
  secret: [],
  make() {
    const result = randomUUID();
    return { id: result, values: { result } };
  },
  adopt(id) {
    const result = id.toLowerCase();
    if (!UUID.test(result)) throw new Error("a RandomUuid is imported by the UUID itself");
    return { id: result, settings: {}, values: { result } };
  },
};

export const KINDS: ReadonlyMap<string, Kind> = new Map(
  [randomId, randomInteger, randomPassword, randomPet, randomShuffle, randomString, randomUuid].map((kind) => [
    kind.token,
    kind,
  ]),
);
