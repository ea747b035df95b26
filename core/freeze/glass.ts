import { z } from "zod";
import { durationText } from "../service/duration";
import { anyText, mapWith } from "../service/field";
import { instant } from "./instant";
import { readMap, type Part } from "./part";
import { covers, scopeFields, type Question, type Scope } from "./scope";

/** A named person goes on during a freeze, for a reason and not for long. */
export interface BreakGlass extends Scope {
  /** The person who answers for it. */
  readonly by: string;
  readonly reason: string;
  readonly since: string;
  readonly until: string;
  /** Account and machine that wrote it. */
  readonly recordedBy: string;
}

/** Longest time that a break-glass may hold, in seconds. */
export const LONGEST_GLASS_SECONDS = 8 * 3600;

const glass = mapWith({
  by: anyText("name the person"),
  reason: anyText("say why the freeze may be broken"),
  since: instant("say since when"),
  until: instant("say when it ends"),
  recordedBy: anyText("say who wrote it"),
  ...scopeFields,
}).superRefine(({ since, until }, context) => {
  const seconds = (Date.parse(until) - Date.parse(since)) / 1000;
  if (seconds > 0 && seconds <= LONGEST_GLASS_SECONDS) return;
  const params = {
    allowed: `an end after its beginning, by ${durationText(LONGEST_GLASS_SECONDS)} at most`,
    advice: "break the glass again where it takes longer",
  };
  context.addIssue({ code: "custom", path: ["until"], params });
});

const document = mapWith({
  breakGlass: z.array(glass, { error: "a list; write each with by, reason, since and until" }),
});

/** @param text `undefined`: nobody ever broke the glass. */
export function readGlass(text: string | undefined): Part<readonly BreakGlass[]> {
  if (text === undefined || text.trim() === "") return { value: [], problems: [] };
  const read = readMap(text, document);
  if (read.kind === "map") return { value: read.value.breakGlass, problems: [] };
  const problems = read.kind === "broken" ? read.problems : ["got a text; allowed is a map; write it with breakGlass"];
  return { value: [], problems };
}

/** Whether it holds at that instant; clocks of two machines may differ, so its beginning is not waited for. */
export const holds = ({ until }: BreakGlass, at: Date): boolean => at.getTime() < Date.parse(until);

/** The break-glass that lets the question pass, the one that ends last. */
export const glassFor = (all: readonly BreakGlass[], question: Question, at: Date): BreakGlass | undefined =>
  all
    .filter((one) => holds(one, at) && covers(one, question))
    .sort((a, b) => Date.parse(b.until) - Date.parse(a.until))[0];
