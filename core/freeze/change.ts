import { stringify } from "yaml";
import type { FreezeTexts } from "./book";
import { readFlags, type FreezeFlag } from "./flag";
import { holds, readGlass, type BreakGlass } from "./glass";
import { instantText } from "./instant";

/** Nothing was changed: what is there cannot be read, and would be lost by writing. */
export class UnreadableText extends Error {
  override readonly name = "UnreadableText";
}

/** Break-glasses that are over are kept so many, for whoever asks later. */
const KEPT_GLASSES = 50;

/** The texts with one more flag. One of the same id takes the place of the one before. @throws UnreadableText */
export function withFlag(texts: FreezeTexts, flag: FreezeFlag): FreezeTexts {
  const others = flagsOf(texts).filter(({ id }) => flag.id === undefined || id !== flag.id);
  return { ...texts, flag: stringify({ flags: [...others, flag] }) };
}

/**
 * The texts with what is left of each flag; when nothing is left, without the flag itself.
 * @param left `undefined` for a flag that goes.
 * @throws UnreadableText
 */
export function withFlagsLeft(texts: FreezeTexts, left: (flag: FreezeFlag) => FreezeFlag | undefined): FreezeTexts {
  const before = flagsOf(texts);
  const after = before.flatMap((flag) => left(flag) ?? []);
  if (after.length === 0) return withoutFlag(texts);
  return before.every((flag, index) => flag === after[index]) ? texts : { ...texts, flag: stringify({ flags: after }) };
}

/** The texts without a flag, whatever it said. */
export function withoutFlag({ flag: _gone, ...rest }: FreezeTexts): FreezeTexts {
  return rest;
}

/** @throws UnreadableText */
export function withGlass(texts: FreezeTexts, glass: BreakGlass): FreezeTexts {
  const { value, problems } = readGlass(texts.breakGlass);
  refuse("break-glass", problems);
  return { ...texts, breakGlass: stringify({ breakGlass: [...value, glass].slice(-KEPT_GLASSES) }) };
}

/** The texts with every break-glass of the stack that holds at that instant at its end. @throws UnreadableText */
export function withGlassEnded(texts: FreezeTexts, stack: string, at: Date): FreezeTexts {
  const { value, problems } = readGlass(texts.breakGlass);
  refuse("break-glass", problems);
  const breakGlass = value.map((glass): BreakGlass => {
    if (!holds(glass, at) || !(glass.stacks?.includes(stack) ?? true)) return glass;
    // Ended in the second in which it began, it still has to have lasted.
    const until = Math.max(at.getTime(), Date.parse(glass.since) + 1000);
    return { ...glass, until: instantText(new Date(until)) };
  });
  return breakGlass.length === 0 ? texts : { ...texts, breakGlass: stringify({ breakGlass }) };
}

/** @param calendar `undefined`: none any more. */
export function withCalendar({ calendar: _before, ...rest }: FreezeTexts, calendar: string | undefined): FreezeTexts {
  return calendar === undefined ? rest : { ...rest, calendar };
}

function flagsOf({ flag }: FreezeTexts): readonly FreezeFlag[] {
  const { value, problems } = readFlags(flag);
  refuse("flag", problems);
  return value;
}

function refuse(part: string, problems: readonly string[]): void {
  if (problems.length > 0) throw new UnreadableText(`the ${part} that is there cannot be read: ${problems.join("; ")}`);
}
