/** A line of a container's log, as the API server gives it with time stamps. */
export interface LogLine {
  /** RFC 3339 with nanoseconds; compares as text, for the kubelet writes all of one container alike. */
  readonly at: string;
  readonly text: string;
}

/** The lines of a log with time stamps. A last line without its end is one too. */
export function parseLog(text: string): readonly LogLine[] {
  return text.split("\n").flatMap((line) => {
    const [, at, rest] = /^(\d{4}-\d\d-\d\dT\S+) ?(.*)$/.exec(line) ?? [];
    return at === undefined || rest === undefined ? [] : [{ at, text: rest.trimEnd() }];
  });
}

/** Those after a line that was seen before. */
export const linesAfter = (lines: readonly LogLine[], last: LogLine | undefined): readonly LogLine[] =>
  last === undefined ? lines : lines.filter(({ at }) => at > last.at);

/** Shorter values are words that stand in any log; hiding them would hide what went wrong. */
const SHORTEST_SECRET = 4;

/** The texts that must not be shown, longest first: each value whole, line by line, and as it stands in a URL. */
export function secretTexts(values: readonly string[]): readonly string[] {
  const forms = values.flatMap((value) => [value, ...value.split("\n"), encodeURIComponent(value)]);
  const texts = forms.map((text) => text.trim()).filter((text) => text.length >= SHORTEST_SECRET);
  return [...new Set(texts)].sort((a, b) => b.length - a.length);
}

/** A program may print what it was given; we do not carry that on into states, tickets and chats. */
export const withoutSecrets = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((shown, secret) => shown.replaceAll(secret, "…"), text);
