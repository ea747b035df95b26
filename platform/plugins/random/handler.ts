import {
  type CheckFailure,
  containsSecret,
  containsUnknown,
  isProperties,
  isUnknown,
  mapValues,
  type Properties,
  type PropertyDiff,
  type ResourceHandler,
  reveal,
  sameValue,
  secret,
  UNKNOWN,
  type Value,
} from "../../rpc";
import { type Kind, type PropertyType, Settings } from "./kind";

/** How a kind of random resource behaves towards the engine: made once, then kept until a setting changes. */
export function handlerOf(kind: Kind): ResourceHandler {
  return {
    check({ news }) {
      const failures = [...failuresOf(kind, news)];
      const hidden = failures.find(({ property }) => containsSecret(news[property]));
      // The engine prints the value of a refused property, secret or not.
      if (hidden !== undefined) throw new Error(`${hidden.property}: ${hidden.reason}`);
      return { inputs: news, failures };
    },

    diff({ olds, news, ignoreChanges }) {
      const [before, after] = [settingsOf(kind, olds), settingsOf(kind, news)];
      const detailed: Record<string, PropertyDiff> = {};
      for (const name of Object.keys(kind.properties)) {
        if (ignoreChanges.includes(name) || sameSetting(before[name], after[name])) continue;
        const change = before[name] === undefined ? "add" : after[name] === undefined ? "delete" : "update";
        detailed[name] = { kind: `${change}-replace`, inputDiff: true };
      }
      const replaces = Object.keys(detailed);
      return { changes: replaces.length > 0, replaces, detailed };
    },

    async create({ inputs, preview }) {
      const settings = settingsOf(kind, inputs);
      if (preview) {
        const unknown = Object.fromEntries(kind.made.map((name) => [name, UNKNOWN]));
        return { id: "", outputs: outputsOf(kind, settings, unknown) };
      }
      const { id, values } = await kind.make(new Settings(reveal(settings)));
      return { id, outputs: outputsOf(kind, settings, values) };
    },

    /** Reached only when nothing that matters changed, for instance a setting that became secret. */
    update({ olds, inputs }) {
      const made = Object.fromEntries(Object.entries(olds).filter(([name]) => kind.made.includes(name)));
      return { outputs: outputsOf(kind, settingsOf(kind, inputs), made) };
    },

    /** There is no world to look at: the state is the thing itself. */
    async read({ id, inputs, olds }) {
      if (Object.keys(olds).length > 0) return { id, inputs, outputs: olds };
      if (kind.adopt === undefined) throw new Error(`${shortName(kind)} cannot be imported`);
      const adopted = await kind.adopt(id);
      return {
        id: adopted.id,
        inputs: adopted.settings,
        outputs: outputsOf(kind, settingsOf(kind, adopted.settings), adopted.values),
      };
    },

    delete: () => undefined,
  };
}

const shortName = (kind: Kind): string => kind.token.slice(kind.token.lastIndexOf(":") + 1);

/** The settings among `properties`, defaults filled in; `number` and `numeric` are two names of one thing. */
function settingsOf(kind: Kind, properties: Properties): Properties {
  const given: Properties = {};
  for (const name of Object.keys(kind.properties)) {
    const value = properties[name];
    if (value !== undefined && value !== null) given[name] = value;
  }
  const settings = { ...kind.defaults, ...given };
  if (!("numeric" in kind.properties)) return settings;
  const numeric = given.numeric ?? given.number ?? true;
  return { ...settings, numeric, number: numeric };
}

function outputsOf(kind: Kind, settings: Properties, made: Properties): Properties {
  return { ...settings, ...mapValues(made, (value, name) => (kind.secret.includes(name) ? secret(value) : value)) };
}

function sameSetting(before: Value | undefined, after: Value | undefined): boolean {
  if (before === undefined || after === undefined) return before === after;
  return !containsUnknown(after) && sameValue(reveal(before), reveal(after));
}

function* failuresOf(kind: Kind, news: Properties): Generator<CheckFailure> {
  const plain = reveal(news);
  const names = Object.keys(kind.properties);
  let typed = true;
  for (const [name, value] of Object.entries(plain)) {
    const type = kind.properties[name];
    if (type === undefined) yield { property: name, reason: `unknown property; allowed are ${names.join(", ")}` };
    else if (value !== null && !isUnknown(value) && !hasType(value, type)) {
      typed = false;
      yield { property: name, reason: `must be ${TYPE_WORDS[type]}` };
    }
  }
  for (const name of kind.required) {
    if (plain[name] === undefined || plain[name] === null) yield { property: name, reason: "is required" };
  }
  const { number, numeric } = plain;
  if (
    number !== undefined &&
    numeric !== undefined &&
    number !== numeric &&
    !isUnknown(number) &&
    !isUnknown(numeric)
  ) {
    yield { property: "number", reason: "is another name for numeric, and the two differ; set numeric alone" };
  }
  if (!typed) return;
  for (const [property, reason] of kind.problems?.(new Settings(reveal(settingsOf(kind, news)))) ?? []) {
    yield { property, reason };
  }
}

const TYPE_WORDS: Readonly<Record<PropertyType, string>> = {
  integer: "a whole number",
  text: "a text",
  boolean: "true or false",
  texts: "a list of texts",
  map: "a map of texts",
};

function hasType(value: Value, type: PropertyType): boolean {
  switch (type) {
    case "integer":
      return Number.isSafeInteger(value);
    case "text":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    case "texts":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    case "map":
      return isProperties(value) && Object.values(value).every((item) => typeof item === "string");
    default:
      return type satisfies never;
  }
}
