import { z } from "zod";
import { type Parsed, parseYaml } from "./parse";
import { fail, problemsOf, succeed } from "./problem";
import { type SmokeTest, smokeTestSchema } from "./smoke";

const AT_LEAST_ONE = "a list of at least one request with its answer; begin each with `- name: <what is relied on>`";

const examplesSchema = z.array(smokeTestSchema, { error: AT_LEAST_ONE }).min(1, { error: AT_LEAST_ONE });

/** Reads a file of examples: requests to a needed service, each with the answer that is relied on. */
export const parseExamples = (text: string, filename: string): Parsed<readonly SmokeTest[]> =>
  parseYaml(text, filename, (document) => {
    const value: unknown = document.toJS();
    const parsed = examplesSchema.safeParse(value);
    return parsed.success ? succeed(parsed.data) : fail(problemsOf(parsed.error, value));
  });
