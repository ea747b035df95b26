import { type Problem, problemText } from "../core/service/problem";

/** A problem of a stack file's key, as the reader of that file knows the key. */
export const stackProblem = (problem: Problem): string => `hms:${problemText(problem)}`;
