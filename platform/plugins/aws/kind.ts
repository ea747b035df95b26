/** How one type of AWS resource is described: what it takes, and by which calls it is made, read, changed and deleted. */
import { isProperties, type Properties, type Value } from "../../rpc";
import type { ServiceName } from "./clients";
import type { Shape } from "./shape";

/** One call of a service: the command's name as in AWS' API, and what it is given. */
export type Call = readonly [command: string, input: object];

/** The account and region that a resource is in. */
export interface Where {
  readonly account: string;
  readonly partition: "aws" | "aws-us-gov" | "aws-cn";
  readonly dnsSuffix: string;
  readonly region: string;
}

/** What stands at a path in an answer, `Role.PermissionsBoundary.Arn` or `repositories.0.arn`; undefined if nothing. */
export type Answer = (path: string) => Value | undefined;

export interface Property {
  /** Another value is another resource. */
  readonly replace?: true;
  /** What the service has when nothing is said: then a change by hand is found and undone. */
  readonly default?: Value;
  /** JSON text; objects are accepted. A `policy` compares as IAM reads it, `json` by value, where order counts. */
  readonly document?: "policy" | "json";
  /** The service fills it in when nothing is said, and may: left alone then. */
  readonly computed?: true;
  /** For this program alone (`forceDestroy`): the service knows nothing of it. */
  readonly local?: true;
  /** A list whose order says nothing. */
  readonly unordered?: true;
  /** Nested values, with the names that the service has for them. */
  readonly shape?: Shape;
  /** Another spelling of what the service says, for comparison alone. */
  readonly normal?: (value: Value) => Value;
}

/** How a name comes about that the program leaves out. */
export interface AutoName {
  readonly property: string;
  readonly prefix?: string;
  readonly longest: number;
  readonly clean?: (name: string) => string;
}

export interface Read {
  readonly command: string;
  readonly input: (id: string, found: Properties, where: Where) => object;
  /**
   * Undefined properties are left out; undefined altogether: the resource is gone. A name that begins with `_` is for the
   * next reads and `isReady` alone.
   */
  readonly take: (answer: Answer, where: Where, id: string) => Taken | undefined;
  /** Errors that say "not set" rather than "gone", and what that means. */
  readonly unset?: readonly [names: RegExp, value: Properties];
}

export type Taken = Readonly<Record<string, Value | undefined>>;

export interface Change {
  readonly properties: readonly string[];
  /** `news` with defaults filled in; `ask` for what has to be known first. */
  readonly calls: (
    id: string,
    news: Properties,
    olds: Properties,
    where: Where,
    ask: (call: Call) => Promise<Answer>,
  ) => readonly Call[] | Promise<readonly Call[]>;
}

export interface Kind {
  readonly service: ServiceName;
  /** One for all regions. */
  readonly global?: true;
  readonly inputs: Readonly<Record<string, Property>>;
  readonly name?: AutoName;
  /** Inputs that tell one from another of the kind: while they stay, the old one has to go first. */
  readonly identity?: readonly string[];
  /** `inputs` with defaults filled in. Where a kind has none, `changes` of all its properties make it. */
  readonly create?: (inputs: Properties, where: Where) => Call;
  readonly id: (inputs: Properties, answer: Answer, where: Where) => Value | undefined;
  readonly reads: readonly Read[];
  readonly changes: readonly Change[];
  /** Properties that `create` cannot take: set right after it. */
  readonly late?: readonly string[];
  /** Whether it can be used yet. @default as soon as it is there */
  readonly isReady?: (found: Properties) => boolean;
  readonly remove: (id: string, state: Properties, where: Where) => readonly Call[];
  /** Errors of `remove` that say it cannot be taken away by itself: it goes with what it belongs to. */
  readonly stays?: RegExp;
  /** What has to be done before `remove`, where the program asks for it. */
  readonly empty?: (id: string, state: Properties, call: (call: Call) => Promise<Answer>) => Promise<void>;
}

/** Reads paths of what a service has answered. */
export function answerOf(value: Value | undefined): Answer {
  return (path) =>
    path.split(".").reduce<Value | undefined>((at, key) => {
      if (Array.isArray(at)) return at[Number(key)];
      return isProperties(at) ? at[key] : undefined;
    }, value);
}

/** A list of an answer; empty if there is none. */
export const listAt = (answer: Answer, path: string): readonly Value[] => {
  const value = answer(path);
  return Array.isArray(value) ? value : [];
};

export const text = (value: Value | undefined): string => (typeof value === "string" ? value : "");
/** Nothing instead of an empty text, for calls that refuse one. */
export const orNothing = (value: Value | undefined): Value | undefined => (value === "" ? undefined : value);

export const REPLACE: Property = { replace: true };
export const POLICY: Property = { document: "policy" };

/** Spellings of tags in AWS' APIs. */
export type TagStyle = readonly [key: string, value: string];
const KEY_VALUE: TagStyle = ["Key", "Value"];

export const tagList = (tags: Value | undefined, [key, value]: TagStyle = KEY_VALUE): Properties[] =>
  Object.entries(isProperties(tags) ? tags : {}).map(([name, text]) => ({ [key]: name, [value]: text }));

export const tagMap = (list: Value | undefined, [key, value]: TagStyle = KEY_VALUE): Properties => {
  const items = Array.isArray(list) ? list.filter(isProperties) : [];
  return Object.fromEntries(items.map((tag) => [text(tag[key]), tag[value] ?? ""]));
};

export interface TagCalls {
  readonly tag: string;
  readonly untag: string;
  /** Name of the list of keys in `untag`. */
  readonly keys: string;
  /** Name of the list in `tag`. @default "Tags" */
  readonly tags?: string;
  readonly style?: TagStyle;
  /** Which resource is meant. */
  readonly of: (id: string, olds: Properties) => object;
}

/** Removes tags that are no longer wanted, and puts those that are. */
export const retag = ({ tag, untag, keys, tags = "Tags", style, of }: TagCalls): Change => ({
  properties: ["tagsAll"],
  calls(id, news, olds) {
    const wanted = isProperties(news.tagsAll) ? news.tagsAll : {};
    const gone = Object.keys(isProperties(olds.tagsAll) ? olds.tagsAll : {}).filter((name) => !(name in wanted));
    const which = of(id, olds);
    return [
      ...(gone.length > 0 ? [[untag, { ...which, [keys]: gone }] as const] : []),
      ...(Object.keys(wanted).length > 0 ? [[tag, { ...which, [tags]: tagList(wanted, style) }] as const] : []),
    ];
  },
});

export const TAGS: Property = { default: {} };

/** A resource that is one document of another one: put, got and deleted as a whole. */
export interface DocumentCalls {
  readonly service: ServiceName;
  readonly inputs: Readonly<Record<string, Property>>;
  /** Input by which the other one is known; its value is the id. Absent: there is one for the account. */
  readonly of?: string;
  readonly put: (id: string, inputs: Properties) => Call;
  readonly read: Read;
  readonly remove: (id: string, state: Properties) => Call;
}

export const documentKind = ({ service, inputs, of, put, read, remove }: DocumentCalls): Kind => ({
  service,
  inputs: { ...(of === undefined ? {} : { [of]: REPLACE }), ...inputs },
  identity: of === undefined ? [] : [of],
  create: (wanted, { account }) => put(of === undefined ? account : text(wanted[of]), wanted),
  id: (wanted, _answer, { account }) => (of === undefined ? account : wanted[of]),
  reads: [read],
  changes: [{ properties: Object.keys(inputs), calls: (id, news) => [put(id, news)] }],
  remove: (id, state) => [remove(id, state)],
});
