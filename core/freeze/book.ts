import { readFlags, type FreezeFlag } from "./flag";
import { readGlass, type BreakGlass } from "./glass";
import { readCalendar, type FreezeWindow } from "./window";

/** What a store holds: three texts that people and programs write, each there or not. */
export interface FreezeTexts {
  /** That it is there freezes, whatever it says. */
  readonly flag?: string;
  readonly calendar?: string;
  readonly breakGlass?: string;
}

/** All that is known about the freeze. */
export interface FreezeBook {
  readonly flags: readonly FreezeFlag[];
  readonly windows: readonly FreezeWindow[];
  readonly glass: readonly BreakGlass[];
  /** What could not be read, one sentence each: as long as there is one, everything is frozen. */
  readonly problems: readonly string[];
}

/** @param where the store, for messages. */
export function readBook(texts: FreezeTexts, where: string): FreezeBook {
  const flags = readFlags(texts.flag);
  const calendar = readCalendar(texts.calendar);
  const glass = readGlass(texts.breakGlass);
  const problems = [
    ...flags.problems.map((problem) => `the flag in ${where} cannot be read: ${problem}`),
    ...calendar.problems.map((problem) => `the calendar in ${where} cannot be read: ${problem}`),
    ...glass.problems.map((problem) => `the break-glass in ${where} cannot be read: ${problem}`),
  ];
  return { flags: flags.value, windows: calendar.value, glass: glass.value, problems };
}

/** A store that did not answer. */
export const unreadableBook = (where: string, why: string): FreezeBook => ({
  flags: [],
  windows: [],
  glass: [],
  problems: [`${where} cannot be read: ${why}`],
});
