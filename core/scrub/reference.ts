import { canonicalText } from "./canonical";
import type { FakeMaker } from "./fakes/fakeMaker";
import { Misfit } from "./fakes/misfit";
import { FILLER_WORDS } from "./filler";
import type { FakeSpec, FieldAction, JsonAction, JsonRules, PlannedTable, TextHow } from "./plan";

export interface ReferenceOptions {
  readonly isKnown?: (text: string) => boolean;
}

/**
 * What `TableMask` does, done plainly: strings, one row after the other, JSON by regular expressions. Slow; it is the
 * oracle that the mask is tested against, and shares with it only the fakes.
 *
 * @throws Misfit where the mask throws.
 */
export function maskPlainly(
  table: PlannedTable,
  maker: FakeMaker,
  rows: string,
  options: ReferenceOptions = {},
): string {
  const reference = new Reference(maker, options);
  return rows
    .split("\n")
    .slice(0, -1)
    .map((row) => {
      const fields = row.split("\t");
      if (fields.length !== table.columns.length) throw new Misfit("copy-malformed", "bad-escape");
      return `${fields.map((field, column) => reference.field(field, table.columns[column]?.action)).join("\t")}\n`;
    })
    .join("");
}

const UNESCAPED: Readonly<Record<string, string>> = {
  "\\b": "\b",
  "\\t": "\t",
  "\\n": "\n",
  "\\v": "\v",
  "\\f": "\f",
  "\\r": "\r",
  "\\\\": "\\",
};
const ESCAPED = Object.fromEntries(Object.entries(UNESCAPED).map(([escape, text]) => [text, escape]));

const JSON_TOKEN = /\s+|[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/gy;

class Reference {
  constructor(
    private readonly maker: FakeMaker,
    private readonly options: ReferenceOptions,
  ) {}

  field(field: string, action: FieldAction | undefined): string {
    if (action === undefined || action.kind === "keep" || field === "\\N" || field === "") return field;
    const value = field.replace(/\\(.|$)/gsu, (escape) => {
      const text = UNESCAPED[escape];
      if (text === undefined) throw new Misfit("copy-malformed", "bad-escape");
      return text;
    });
    // Every form but a changed one is written as it was; what has no change is equal either way.
    return this.value(value, action).replace(/[\b\t\n\v\f\r\\]/g, (text) => ESCAPED[text] ?? text);
  }

  private value(value: string, action: Exclude<FieldAction, { kind: "keep" }>): string {
    switch (action.kind) {
      case "fake":
        return this.fake(value, action.fake);
      case "text":
        return this.text(value, action.how);
      case "json":
        return this.json(value, action.rules);
    }
  }

  private fake(value: string, spec: FakeSpec): string {
    const { text, shape } = canonicalText(spec.tag, value);
    if (text === "") return value;
    const fake = this.maker.fake(spec);
    const bytes = Buffer.from(text);
    const out = Buffer.alloc(fake.longest);
    const direct = fake.direct?.({ bytes, length: bytes.length, shape }, out, 0) ?? -1;
    const end = direct < 0 ? fake.write(this.maker.prf(spec.tag, bytes), 0, shape, out, 0) : direct;
    return out.toString("latin1", 0, end);
  }

  private text(value: string, how: TextHow): string {
    const { isKnown } = this.options;
    return how === "rewrite" && isKnown !== undefined && !isKnown(value) ? value : filler(Array.from(value).length);
  }

  private json(document: string, rules: JsonRules): string {
    try {
      JSON.parse(document);
    } catch {
      throw new Misfit("value-unmaskable", "bad-json");
    }
    const tokens = document.match(JSON_TOKEN) ?? [];
    const paths = [...rules].map(([path, action]) => ({ keys: path === "" ? [] : path.split("."), action }));
    const isBlank = (index: number): boolean => /^\s/.test(tokens[index] ?? "");
    let at = 0;
    const blanks = (): string => {
      let text = "";
      while (at < tokens.length && isBlank(at)) text += tokens[at++] ?? "";
      return text;
    };
    const value = (below: typeof paths): string => {
      const token = tokens[at++] ?? "";
      if (token !== "{" && token !== "[")
        return this.scalar(token, below.find(({ keys }) => keys.length === 0)?.action);
      let text = token + blanks();
      while (tokens[at] !== "}" && tokens[at] !== "]") {
        let next = below.filter(({ keys }) => keys[0] === "*");
        if (token === "{") {
          const raw = tokens[at++] ?? "";
          const key = String(JSON.parse(raw));
          const named = below.filter(({ keys }) => keys[0] === key && key !== "*");
          text += named.length === 0 && next.length > 0 ? this.inQuotes(raw, STAR_KEY) : raw;
          if (named.length > 0) next = named;
          text += blanks() + (tokens[at++] ?? "") + blanks();
        }
        text += value(next.map(({ keys, action }) => ({ keys: keys.slice(1), action }))) + blanks();
        if (tokens[at] === ",") text += (tokens[at++] ?? "") + blanks();
      }
      return text + (tokens[at++] ?? "");
    };
    return blanks() + value(paths) + blanks();
  }

  private scalar(token: string, action: JsonAction | undefined): string {
    if (token === "null" || action?.kind === "keep") return token;
    const isText = token.startsWith('"');
    if (action === undefined || action.kind === "drop" || token === "true" || token === "false") return "null";
    if (action.kind === "text") {
      if (!isText) return "null";
      const text = String(JSON.parse(token));
      const changed = this.text(text, action.how);
      return changed === text ? token : `"${changed}"`;
    }
    try {
      if (isText) return this.inQuotes(token, action.fake);
      const fake = this.fake(token, action.fake);
      return action.fake.tag === "id.integer" ? fake : `"${fake}"`;
    } catch (thrown) {
      if (thrown instanceof Misfit && thrown.code === "value-unmaskable") return "null";
      throw thrown;
    }
  }

  /** A text with its quotes; one that keeps its value keeps its spelling. */
  private inQuotes(token: string, spec: FakeSpec): string {
    const text = String(JSON.parse(token));
    const fake = this.fake(text, spec);
    return fake === text ? token : `"${fake}"`;
  }
}

const STAR_KEY: FakeSpec = { tag: "id.text", unique: false, maxLength: null };

/** Words while they fit, then dots. */
function filler(length: number): string {
  let text = "";
  for (let index = 0; ; index++) {
    const word = FILLER_WORDS[index % FILLER_WORDS.length] ?? "";
    const isFirst = index % FILLER_WORDS.length === 0;
    const next = isFirst ? text + (index === 0 ? "" : " ") + word : `${text} ${word}`;
    if (next.length > length) break;
    text = next;
  }
  return text.padEnd(length, ".");
}
