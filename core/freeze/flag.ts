import { z } from "zod";
import { anyText, mapWith } from "../service/field";
import { readMap, type Part } from "./part";
import { instant } from "./instant";
import { link, scopeFields, type Scope } from "./scope";

/** One raised freeze. */
export interface FreezeFlag extends Scope {
  /** Whoever raised it lowers it by this; a person's flags have none. */
  readonly id?: string;
  readonly reason: string;
  /** Who raised it, for people. */
  readonly who: string;
  /** Since when; `null` where nobody wrote it down. */
  readonly since: string | null;
  /** From then on it freezes nothing; left out: until somebody lowers it. */
  readonly until?: string;
  readonly link?: string;
}

const flag = mapWith({
  id: anyText("name it by what raised it, or leave it out").exactOptional(),
  reason: anyText("say why nothing may change"),
  who: anyText("say who raised it"),
  since: z.union([z.null(), instant("say since when")]),
  until: instant("say when it ends, or leave it out").exactOptional(),
  link: link.exactOptional(),
  ...scopeFields,
});

const document = mapWith({
  flags: z
    .array(flag, { error: "a list of flags; write each with reason, who and since" })
    .min(1, { error: "at least one flag; remove the flag where nothing is frozen" }),
});

const LONGEST_REASON = 300;

/**
 * Reads the flag. That it is there freezes, whatever it says: nothing at all, a sentence, or a document with flags that
 * have scopes and ends of their own.
 * @param text `undefined`: there is no flag.
 */
export function readFlags(text: string | undefined): Part<readonly FreezeFlag[]> {
  if (text === undefined) return { value: [], problems: [] };
  const nobody = { who: "nobody who left a name", since: null };
  if (text.trim() === "") return { value: [{ reason: "the flag is set, without a reason", ...nobody }], problems: [] };
  const read = readMap(text, document);
  if (read.kind === "text") return { value: [{ reason: read.text.slice(0, LONGEST_REASON), ...nobody }], problems: [] };
  if (read.kind === "map") return { value: read.value.flags, problems: [] };
  return { value: [], problems: read.problems };
}
