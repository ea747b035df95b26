import { Misfit } from "./fakes/misfit";
import type { JsonAction, JsonRules } from "./plan";

/** A place in the rules of a document: what happens to a scalar there, and what lies below. */
export interface JsonNode {
  readonly action: JsonAction | undefined;
  readonly children: readonly { readonly key: Buffer; readonly node: JsonNode }[];
  /** Below each element of a list, and below each key that no rule names. */
  readonly star: JsonNode | undefined;
}

export type JsonScalar = "string" | "number" | "boolean" | "null";

/** Is told, in order, of everything in a document that may have to change. Positions are bytes of the document. */
export interface JsonVisitor {
  /** A scalar with its quotes, and what its path's rule says; `undefined` where no rule names it. */
  scalar(kind: JsonScalar, start: number, end: number, action: JsonAction | undefined): void;
  /** A key that only `*` covers, without its quotes: the key is data itself. */
  starKey(start: number, end: number): void;
}

/** Rules by path as a tree. The path of a document that is a scalar itself is empty. */
export function jsonTree(rules: JsonRules): JsonNode {
  const root = new Branch();
  for (const [path, action] of rules) {
    let branch = root;
    for (const key of path === "" ? [] : path.split(".")) branch = branch.below(key);
    branch.action = action;
  }
  return root.node();
}

class Branch {
  action: JsonAction | undefined;
  readonly #below = new Map<string, Branch>();

  below(key: string): Branch {
    const found = this.#below.get(key) ?? new Branch();
    this.#below.set(key, found);
    return found;
  }

  node(): JsonNode {
    return {
      action: this.action,
      star: this.#below.get("*")?.node(),
      children: [...this.#below]
        .filter(([key]) => key !== "*")
        .map(([key, branch]) => ({ key: Buffer.from(key), node: branch.node() })),
    };
  }
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const BRACKET = 91;
const BRACKET_END = 93;
const BRACE = 123;
const BRACE_END = 125;
const LETTER_U = 117;

const NOTHING = Buffer.alloc(0);
/** Containers in one another; for more of them room is made each time. */
const DEEP = 1000;
/** What a byte within a string is: 0 for most. */
const ENDS_STRING = 1;
const ESCAPES = 2;
const FORBIDDEN = 3;
const IN_STRING = Uint8Array.from({ length: 256 }, (_, code) =>
  code === QUOTE ? ENDS_STRING : code === BACKSLASH ? ESCAPES : code < 32 ? FORBIDDEN : 0,
);

const LITERALS: readonly { readonly kind: JsonScalar; readonly text: Buffer }[] = [
  { kind: "boolean", text: Buffer.from("true") },
  { kind: "boolean", text: Buffer.from("false") },
  { kind: "null", text: Buffer.from("null") },
];

/**
 * Reads documents (RFC 8259) from bytes without making them: no tree, and depth costs no stack. Numbers, key order,
 * doubled keys and white space stay as they are because nobody writes them anew.
 */
export class JsonWalk {
  /** Containers around `at`: what the rules say below each, and whether it is an object. */
  private readonly nodes: (JsonNode | undefined)[] = [];
  private readonly isObject: boolean[] = [];
  /** How many; what the lists have behind it is of documents before. */
  private depth = 0;
  /** The last string has an escape. */
  private isEscaped = false;
  private bytes: Buffer = NOTHING;
  private at = 0;
  private end = 0;

  constructor(
    private readonly root: JsonNode,
    private readonly visitor: JsonVisitor,
  ) {}

  /** Reads the document in [start, end). @throws Misfit for what is not JSON. */
  document(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.depth = 0;
    if (this.nodes.length > DEEP) this.nodes.length = this.isObject.length = 0;
    let node: JsonNode | undefined = this.root;
    for (;;) {
      if (this.value(node)) {
        node = this.next(true);
        if (node !== DONE) continue;
      }
      // A value is over; so may be containers around it.
      node = this.next(false);
      if (node === DONE) return;
    }
  }

  /** Reads a scalar, or opens a container; true if a member of that container is to follow. */
  private value(node: JsonNode | undefined): boolean {
    const code = this.blanks();
    if (code === BRACE || code === BRACKET) {
      this.at++;
      this.nodes[this.depth] = node;
      this.isObject[this.depth++] = code === BRACE;
      return this.blanks() !== (code === BRACE ? BRACE_END : BRACKET_END);
    }
    const start = this.at;
    const kind = code === QUOTE ? this.string() : code === 45 || isDigit(code) ? this.number() : this.literal();
    this.visitor.scalar(kind, start, this.at, node?.action);
    return false;
  }

  /**
   * Goes to the next value and returns its rules; `isFirst` right behind the opening of a container. `DONE` at the end.
   */
  private next(isFirst: boolean): JsonNode | undefined {
    for (;;) {
      const depth = this.depth - 1;
      const code = this.blanks();
      if (depth < 0) {
        if (this.at !== this.end) bad();
        return DONE;
      }
      const isObject = this.isObject[depth] === true;
      const node = this.nodes[depth];
      if (!isFirst) {
        if (code === (isObject ? BRACE_END : BRACKET_END)) {
          this.at++;
          this.depth--;
          continue;
        }
        if (code !== COMMA) bad();
        this.at++;
      }
      return isObject ? this.key(node) : node?.star;
    }
  }

  /** Reads a key and its colon; returns the rules below it. */
  private key(node: JsonNode | undefined): JsonNode | undefined {
    if (this.blanks() !== QUOTE) bad();
    const start = this.at + 1;
    this.string();
    const end = this.at - 1;
    let below = this.named(node, start, end);
    if (below === undefined && node?.star !== undefined) {
      below = node.star;
      this.visitor.starKey(start, end);
    }
    if (this.blanks() !== COLON) bad();
    this.at++;
    return below;
  }

  private named(node: JsonNode | undefined, start: number, end: number): JsonNode | undefined {
    if (node === undefined || node.children.length === 0) return undefined;
    let { bytes } = this;
    if (this.isEscaped) {
      bytes = Buffer.from(jsonText(bytes, start - 1, end + 1));
      start = 0;
      end = bytes.length;
    }
    const { children } = node;
    for (let index = 0; index < children.length; index++) {
      const child = children[index];
      if (child?.key.length === end - start && isAt(bytes, start, child.key)) return child.node;
    }
    return undefined;
  }

  /** Skips white space; returns the byte behind it, 0 at the end. */
  private blanks(): number {
    while (this.at < this.end) {
      const code = this.bytes[this.at] ?? 0;
      if (code !== 32 && code !== 10 && code !== 9 && code !== 13) return code;
      this.at++;
    }
    return 0;
  }

  private string(): JsonScalar {
    const { bytes, end } = this;
    let at = this.at + 1;
    this.isEscaped = false;
    const kinds = IN_STRING;
    for (; at < end; at++) {
      const kind = kinds[bytes[at] ?? 0];
      if (kind === 0) continue;
      if (kind === ENDS_STRING) {
        this.at = at + 1;
        return "string";
      }
      if (kind === FORBIDDEN) bad();
      this.isEscaped = true;
      const letter = bytes[++at] ?? 0;
      if (letter === LETTER_U) {
        for (const stop = at + 4; at < stop;) if (!isHex(bytes[++at] ?? 0)) bad();
      } else if (ESCAPED[letter] !== 1) bad();
    }
    return bad();
  }

  private number(): JsonScalar {
    if (this.byte() === 45) this.at++;
    if (this.byte() === 48) this.at++;
    else this.digits();
    if (this.byte() === 46) {
      this.at++;
      this.digits();
    }
    if ((this.byte() | 32) === 101) {
      this.at++;
      if (this.byte() === 43 || this.byte() === 45) this.at++;
      this.digits();
    }
    return "number";
  }

  private digits(): void {
    const start = this.at;
    while (isDigit(this.byte())) this.at++;
    if (this.at === start) bad();
  }

  private literal(): JsonScalar {
    for (let index = 0; index < LITERALS.length; index++) {
      const literal = LITERALS[index];
      if (literal === undefined || this.at + literal.text.length > this.end) continue;
      if (!isAt(this.bytes, this.at, literal.text)) continue;
      this.at += literal.text.length;
      return literal.kind;
    }
    return bad();
  }

  private byte(): number {
    return this.at < this.end ? (this.bytes[this.at] ?? 0) : 0;
  }
}

/** Stands for "no value follows" where rules may be missing. */
const DONE: JsonNode = { action: undefined, children: [], star: undefined };
const ESCAPED = Uint8Array.from({ length: 256 }, (_, code) => (Buffer.from('"\\/bfnrt').includes(code) ? 1 : 0));

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isHex = (code: number): boolean => isDigit(code) || ((code | 32) >= 97 && (code | 32) <= 102);

function isAt(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[start + index] !== text[index]) return false;
  return true;
}

function bad(): never {
  throw new Misfit("value-unmaskable", "bad-json");
}

/** The text of a string that stands in [start, end) with its quotes. */
export function jsonText(bytes: Buffer, start: number, end: number): string {
  const text: unknown = JSON.parse(bytes.toString("utf8", start, end));
  return typeof text === "string" ? text : bad();
}

/** Characters, as PostgreSQL counts them, of the text of a string that stands in [start, end) without its quotes. */
export function countJsonCharacters(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  let isHigh = false;
  for (let at = start; at < end; at++) {
    const code = bytes[at] ?? 0;
    if ((code & 0xc0) === 0x80) continue;
    count++;
    if (code !== BACKSLASH) isHigh = false;
    else if (bytes[++at] !== LETTER_U) isHigh = false;
    else {
      // \ud83d\ude00 are the halves of one character.
      const isHalf = ((bytes[at + 1] ?? 0) | 32) === 100;
      const isLow = isHalf && ((bytes[at + 2] ?? 0) | 32) >= 99;
      if (isLow && isHigh) count--;
      isHigh = isHalf && !isLow && (bytes[at + 2] ?? 0) >= 56;
      at += 4;
    }
  }
  return count;
}
