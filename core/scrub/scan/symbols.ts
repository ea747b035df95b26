/**
 * What a character is to the scan, whichever script it comes from. `SPACE` to `PAREN` may stand between the digits of one
 * number; `IGNORED` shows nothing on a screen and may stand anywhere in it.
 */
export const LETTER = 0;
export const BREAK = 1;
export const SPACE = 2;
export const DASH = 3;
export const DOT = 4;
export const SLASH = 5;
/** `_`, `~`, `*`, `#`, `|`, a backslash. */
export const JOIN = 6;
export const PAREN = 7;
export const AT = 8;
export const IGNORED = 9;
/** DIGIT + 0 to DIGIT + 9. */
export const DIGIT = 16;

const CHARACTERS: readonly (readonly [kind: number, characters: string])[] = [
  [DASH, "-\u02d7\u2043\u207b\u208b\u2212\u2500\u2501\u30fc\uff70\uffe3"],
  [DOT, ".\u00b7\u0387\u2022\u2024\u2027\u2219\u22c5\u3002\u30fb\ufe52\uff0e\uff61\uff65"],
  [SLASH, "/\u2044\u2215\uff0f"],
  [JOIN, "_~*#|\\\uff3f\uff5e\u223c\u02dc"],
  [PAREN, "()[]\uff08\uff09"],
  [AT, "@\uff20\ufe6b"],
  // Letters by category that are drawn as nothing.
  [IGNORED, "\u115f\u1160\u3164\uffa0"],
];

const END = 0x20000;
/** Characters whose kinds are worked out together, once one of them is asked for: all take longer than many a command. */
const PAGE = 256;
/** Kinds of the characters below U+20000, by page. */
const PAGES: (Uint8Array | undefined)[] = [];

export function kindOf(character: number): number {
  // Tags and variation selectors of plane 14.
  if (character >= END) return character >= 0xe0000 && character < 0xe1000 ? IGNORED : LETTER;
  const page = character >>> 8;
  return (PAGES[page] ??= buildKinds(page * PAGE, PAGE))[character & (PAGE - 1)] ?? LETTER;
}

/** The kinds of single bytes, as far as a byte is a character of its own. */
export const asciiKinds = (): Uint8Array => buildKinds(0, 128);

function buildKinds(first: number, count: number): Uint8Array {
  const built = new Uint8Array(count);
  for (let at = 0; at < count; at++) {
    const character = first + at;
    if (character >= 0xd800 && character < 0xe000) continue;
    built[at] = categoryKind(String.fromCodePoint(character));
  }
  for (const [kind, characters] of CHARACTERS)
    for (const character of characters) {
      const at = (character.codePointAt(0) ?? 0) - first;
      if (at >= 0 && at < count) built[at] = kind;
    }
  return built;
}

function categoryKind(character: string): number {
  if (/[\p{Cf}\p{Mn}\p{Me}]/u.test(character)) return IGNORED;
  // Superscripts, circled and full-width digits fold to plain ones.
  const folded = character.normalize("NFKC");
  if (/^\(?[0-9][).]?$/.test(folded)) return DIGIT + Number(/[0-9]/.exec(folded)?.[0]);
  if (/\p{Nd}/u.test(character)) return DIGIT + digitValue(character);
  if (/[\p{L}\p{Mc}\p{Co}\p{Nl}\p{No}]/u.test(character)) return LETTER;
  if (/[\p{Z}\p{Cc}]/u.test(character)) return SPACE;
  return /\p{Pd}/u.test(character) ? DASH : BREAK;
}

/** Decimal digits stand in runs of ten; where runs adjoin, their number decides. */
function digitValue(character: string): number {
  const at = character.codePointAt(0) ?? 0;
  let first = at;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
  return (at - first) % 10;
}
