import type { SyntaxNode } from "@lezer/common";
import type { LRParser } from "@lezer/lr";

/** Prometheus's own grammar. Loaded when it is used: most starts of a program check no query. */
export const loadGrammar = async (): Promise<LRParser> => (await import("@prometheus-io/lezer-promql")).parser;

/** Where a query template is no PromQL, in words; `undefined` when it can be read. */
export function syntaxProblem(parser: LRParser, template: string): string | undefined {
  let at: number | undefined;
  parser.parse(readable(template)).iterate({
    enter: ({ type, from }) => {
      if (type.isError) at ??= from;
      return at === undefined;
    },
  });
  if (at === undefined) return undefined;
  const rest = template.slice(at).trim();
  const near = rest === "" ? "where it ends" : `before ${JSON.stringify(rest.slice(0, 24))}`;
  return `the query is no PromQL: error at character ${at + 1}, ${near}`;
}

/** Metrics that a query template names, each once; not those that it finds by a pattern or puts together. */
export function metricsOf(parser: LRParser, template: string): string[] {
  const text = readable(template);
  const names = new Set<string>();
  const add = (node: SyntaxNode | null, quoted: boolean) => {
    if (!node) return;
    const [from, to] = quoted ? [node.from + 1, node.to - 1] : [node.from, node.to];
    const name = text.slice(from, to);
    if (name === template.slice(from, to) && !name.includes("\\")) names.add(name);
  };
  parser.parse(text).iterate({
    enter: ({ name, node }) => {
      if (name !== "VectorSelector") return;
      add(node.getChild("Identifier"), false);
      for (const matcher of node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? []) {
        const label = matcher.getChild("LabelName");
        const isName = label !== null && text.slice(label.from, label.to) === "__name__";
        if (isName && matcher.getChild("MatchOp")?.getChild("EqlSingle")) add(matcher.getChild("StringLiteral"), true);
      }
      for (const quoted of node.getChild("LabelMatchers")?.getChildren("QuotedLabelName") ?? []) {
        add(quoted.getChild("StringLiteral"), true);
      }
    },
  });
  return [...names];
}

/** The template with something PromQL reads in place of each placeholder, of the same length: positions stay. */
const readable = (template: string): string =>
  template.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) =>
    name === "window" ? "5s".padStart(whole.length) : "x".repeat(whole.length),
  );
