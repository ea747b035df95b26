import type { End, Pair } from "./foreignKeys";

/** A text for an end, equal for equal ends. */
export const endText = ({ table, column }: End): string => JSON.stringify([table, column]);

/** The columns that foreign keys join, one with another: by `endText`, a name that all of a group share. */
export function groupsOf(pairs: readonly Pair[]): ReadonlyMap<string, string> {
  const next = new Map<string, string>();
  const first = (text: string): string => {
    let at = text;
    for (let to = next.get(at); to !== undefined && to !== at; to = next.get(at)) at = to;
    return at;
  };
  for (const { from, to } of pairs) {
    const [one, other] = [first(endText(from)), first(endText(to))];
    next.set(one, one);
    next.set(other, one);
  }
  return new Map([...next.keys()].map((text) => [text, first(text)]));
}
