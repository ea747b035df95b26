const UNITS = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;
const GRAMMAR = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?$/;

/** Seconds of a duration such as `10s`, `1m30s`, `2h` or `1d12h`; undefined if `text` is none. */
export function parseDuration(text: string): number | undefined {
  const match = text === "" ? null : GRAMMAR.exec(text);
  if (match === null) return undefined;
  const [, d = "0", h = "0", m = "0", s = "0"] = match;
  return Number(d) * UNITS.d + Number(h) * UNITS.h + Number(m) * UNITS.m + Number(s) * UNITS.s;
}

/** The shortest text that `parseDuration` reads back as `seconds`. */
export function durationText(seconds: number): string {
  let rest = seconds;
  let text = "";
  for (const [unit, size] of Object.entries(UNITS)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === "" ? "0s" : text;
}
