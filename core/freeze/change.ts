import { stringify } from "yaml";
import type { FreezeTexts } from "./book";
import { readFlags, type FreezeFlag } from "./flag";
import { readGlass, type BreakGlass } from "./glass";

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
