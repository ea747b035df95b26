/** What may stand at a place of SQL where a statement can end, or where something begins that can hold a semicolon. */
const TOKEN =
  /--[^\n]*|\/\*|[eE]?'|"|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[();]/g;
const ROUTINE = /^create (?:or replace )?(?:function|procedure)\b/i;

/**
 * The statements of a script, each without its semicolon and what stands before its first word. Reads what pg_dump writes:
 * strings, quoted names, bodies in dollars or between BEGIN ATOMIC and END, nested comments; no meta commands of psql.
 */
export function statementsOf(script: string): readonly string[] {
  const found: string[] = [];
  const token = new RegExp(TOKEN);
  let start: number | undefined;
  let parentheses = 0;
  let blocks = 0;
  for (let match = token.exec(script); match !== null; match = token.exec(script)) {
    const [text] = match;
    if (text.startsWith("--")) continue;
    if (text === "/*") {
      token.lastIndex = endOfComment(script, token.lastIndex);
      continue;
    }
    if (text === ";" && parentheses === 0 && blocks === 0) {
      if (start !== undefined) found.push(script.slice(start, match.index).trim());
      start = undefined;
      continue;
    }
    start ??= match.index;
    if (text === "(") parentheses++;
    else if (text === ")") parentheses = Math.max(0, parentheses - 1);
    else if (/['"]$/.test(text)) token.lastIndex = endOfQuoted(script, token.lastIndex, text);
    else if (text.startsWith("$")) token.lastIndex = after(script, text, token.lastIndex);
    else blocks = Math.max(0, blocks + nesting(text, blocks, script.slice(start, start + 40)));
  }
  const rest = start === undefined ? "" : script.slice(start).trim();
  return rest === "" ? found : [...found, rest];
}

/** In the body of a routine, BEGIN and CASE go on to their END. */
function nesting(word: string, blocks: number, beginning: string): number {
  if (!/^(begin|case|end)$/i.test(word) || !ROUTINE.test(beginning)) return 0;
  if (/^end$/i.test(word)) return -1;
  return /^begin$/i.test(word) || blocks > 0 ? 1 : 0;
}

/** A doubled quote ends one piece and begins the next, which comes to the same. */
function endOfQuoted(script: string, from: number, opening: string): number {
  if (/^e/i.test(opening)) {
    const closing = /(?:[^'\\]|\\[^]|'')*'/y;
    closing.lastIndex = from;
    return closing.test(script) ? closing.lastIndex : script.length;
  }
  return after(script, opening, from);
}

function endOfComment(script: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  let depth = 1;
  while (depth > 0) {
    const match = mark.exec(script);
    if (match === null) return script.length;
    depth += match[0] === "/*" ? 1 : -1;
  }
  return mark.lastIndex;
}

function after(script: string, text: string, from: number): number {
  const at = script.indexOf(text, from);
  return at < 0 ? script.length : at + text.length;
}
