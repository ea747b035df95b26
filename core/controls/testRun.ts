import { z } from "zod";

export const OUTCOMES = ["passed", "failed", "skipped"] as const;

const schema = z.strictObject({
  /** `unit`, `engine`, `e2e`, … */
  run: z.string(),
  /** When it ended. */
  at: z.iso.datetime(),
  /** Of the sources; with `-dirty` where they were changed since. */
  commit: z.string(),
  tests: z.array(z.strictObject({ title: z.string(), file: z.string(), outcome: z.enum(OUTCOMES) })),
});

/** What a run of one suite saw, as test/run.ts keeps it. */
export type TestRun = Readonly<z.infer<typeof schema>>;
export type RanTest = TestRun["tests"][number];

/** @returns undefined for a text of another form. */
export function readTestRun(text: string): TestRun | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
