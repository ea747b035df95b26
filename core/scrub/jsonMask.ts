import { BACKSLASH, decodeField } from "./copyText";
import { EDIT } from "./edits";
import type { FakeEdits } from "./fakeEdits";
import { Misfit } from "./fakes/misfit";
import { countJsonCharacters, type JsonScalar, jsonText, jsonTree, type JsonVisitor, JsonWalk } from "./json";
import { type FakeSpec, type JsonAction, type JsonRules, ownAction, type TextHow } from "./plan";

/** Keys that are data themselves. */
const STAR_KEY: FakeSpec = { tag: "id.text", unique: false, maxLength: null };

/**
 * Masks the documents of one column. A scalar that no rule names becomes null, as does one that its rule does not suit
 * (text tagged as a number, a boolean tagged as anything); the tree and named keys stay.
 */
export class JsonMask implements JsonVisitor {
  readonly #walk: JsonWalk;
  readonly #fakeOf = new Map<JsonAction, number>();
  readonly #starKey: number;
  #document: Buffer = Buffer.alloc(0);
  /** Scalars that became null. */
  dropped = 0;
  /** Texts that filler stands for. */
  texts = 0;

  constructor(
    rules: JsonRules,
    private readonly fakes: FakeEdits,
    private readonly isKnown: (text: Buffer) => boolean,
  ) {
    const own = new Map([...rules].map(([path, action]) => [path, ownAction(action)]));
    this.#walk = new JsonWalk(jsonTree(own), this);
    this.#starKey = fakes.add(STAR_KEY);
    for (const action of own.values()) if (action.kind === "fake") this.#fakeOf.set(action, fakes.add(action.fake));
  }

  /** Masks the document in the field [start, end). @throws Misfit for what is not JSON. */
  mask(input: Buffer, start: number, end: number, isEscaped: boolean): void {
    this.#document = input;
    if (!isEscaped) {
      this.#walk.document(input, start, end);
      return;
    }
    const { edits } = this.fakes;
    edits.reserve(end - start);
    const begin = edits.scratchEnd;
    const stop = decodeField(input, start, end, edits.scratch, begin);
    edits.scratchEnd = stop;
    // Fakes may move the scratch buffer; this one still holds the document, at the same place.
    this.#document = edits.scratch;
    edits.enter(start, begin);
    this.#walk.document(this.#document, begin, stop);
    edits.leave(stop, end);
  }

  scalar(kind: JsonScalar, start: number, end: number, action: JsonAction | undefined): void {
    if (kind === "null" || action?.kind === "keep") return;
    if (kind === "boolean" || action === undefined || action.kind === "drop") this.drop(start, end);
    else if (action.kind === "fake") this.fake(kind, start, end, action);
    else if (kind === "string") this.text(action.how, start, end);
    else this.drop(start, end);
  }

  starKey(start: number, end: number): void {
    if (start < end) this.put(this.#starKey, start, end, start, end, false);
  }

  private drop(start: number, end: number): void {
    this.dropped++;
    this.fakes.edits.replace(start, end, EDIT.null, 0, 0, 4);
  }

  private fake(kind: JsonScalar, start: number, end: number, action: JsonAction): void {
    const which = this.#fakeOf.get(action);
    if (which === undefined) throw new RangeError("no such fake");
    try {
      if (kind === "number") this.put(which, start, end, start, end, true);
      else if (end - start > 2) this.put(which, start + 1, end - 1, start + 1, end - 1, false);
    } catch (thrown) {
      if (!(thrown instanceof Misfit) || thrown.code !== "value-unmaskable") throw thrown;
      this.drop(start, end);
    }
  }

  /** Puts a fake for the text or number in [from, to) of the document in place of [start, end). */
  private put(which: number, from: number, to: number, start: number, end: number, inQuotes: boolean): void {
    let seen = 0;
    let isEscaped = false;
    for (let at = from; at < to; at++) {
      const code = this.#document[at] ?? 0;
      seen |= code;
      if (code === BACKSLASH) isEscaped = true;
    }
    if (!isEscaped) {
      this.fakes.put(which, this.#document, from, to, seen < 128, start, end, inQuotes);
      return;
    }
    const value = Buffer.from(jsonText(this.#document, from - 1, to + 1));
    this.fakes.put(which, value, 0, value.length, false, start, end, inQuotes);
  }

  private textOf(start: number, end: number): Buffer {
    const inner = this.#document.subarray(start + 1, end - 1);
    return inner.includes(BACKSLASH) ? Buffer.from(jsonText(this.#document, start, end)) : inner;
  }

  private text(how: TextHow, start: number, end: number): void {
    if (end - start === 2) return;
    if (how === "rewrite" && !this.isKnown(this.textOf(start, end))) return;
    this.texts++;
    const characters = countJsonCharacters(this.#document, start + 1, end - 1);
    this.fakes.edits.replace(start + 1, end - 1, EDIT.filler, characters, 0, characters);
  }
}
