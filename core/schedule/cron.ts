/** Fields of a cron line: names, least and largest number, words that stand for numbers from the least on. */
const FIELDS = [
  { name: "minute", from: 0, to: 59 },
  { name: "hour", from: 0, to: 23 },
  { name: "day of the month", from: 1, to: 31 },
  { name: "month", from: 1, to: 12, words: "jan feb mar apr may jun jul aug sep oct nov dec" },
  { name: "day of the week", from: 0, to: 7, words: "sun mon tue wed thu fri sat" },
] as const;

/** Why a line is no schedule of a CronJob; undefined if it is one. Words such as `@daily` are not taken. */
export function cronProblem(line: string): string | undefined {
  const parts = line.trim().split(/\s+/);
  if (parts.length !== FIELDS.length || line.trim() === "")
    return `it has ${line.trim() === "" ? 0 : parts.length} fields`;
  for (const [index, field] of FIELDS.entries()) {
    const part = parts[index] ?? "";
    if (!part.split(",").every((piece) => isPiece(piece.toLowerCase(), field))) return `"${part}" is no ${field.name}`;
  }
  return undefined;
}

/** `*`, `5`, `1-5`, `mon-fri`, each with `/n` behind it. */
function isPiece(piece: string, field: (typeof FIELDS)[number]): boolean {
  const [range = "", step, ...more] = piece.split("/");
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d{0,2}$/.test(step))) return false;
  if (range === "*") return true;
  const ends = range.split("-").map((word) => numberOf(word, field));
  const [from, to = from, ...rest] = ends;
  return rest.length === 0 && from !== undefined && to !== undefined && !ends.includes(undefined) && from <= to;
}

function numberOf(word: string, field: (typeof FIELDS)[number]): number | undefined {
  const named = "words" in field ? field.words.split(" ").indexOf(word) : -1;
  const number = named >= 0 ? named + field.from : /^\d{1,2}$/.test(word) ? Number(word) : undefined;
  return number !== undefined && number >= field.from && number <= field.to ? number : undefined;
}
