import { parse } from "yaml";
import { z } from "zod";

/** Controls that an authorization selects, as their ids stand in OSCAL: `au-9.3`. */
export interface Baseline {
  /** As the command line names it: `fedramp-moderate`. */
  readonly name: string;
  readonly title: string;
  /** Address of the published profile. */
  readonly source: string;
  /** In the order of the publication. */
  readonly controls: readonly string[];
}

const schema = z.record(
  z.string(),
  z.strictObject({ title: z.string(), source: z.url(), controls: z.record(z.string(), z.string()) }),
);

/** @param text of `baselines.yaml`. @throws Error for a text of another form: the file is a part of the program. */
export function readBaselines(text: string): readonly Baseline[] {
  return Object.entries(schema.parse(parse(text))).map(([name, { title, source, controls }]) => ({
    ...{ name, title, source },
    controls: Object.entries(controls).flatMap(([family, numbers]) =>
      numbers.split(" ").map((number) => `${family}-${number}`),
    ),
  }));
}

/** `au-9.3` as NIST prints it: `AU-9(3)`. */
export const controlText = (id: string): string =>
  id.toUpperCase().replace(/\.(\d+)$/, (_, enhancement: string) => `(${enhancement})`);

/** `AU-9(3)` as OSCAL has it: `au-9.3`. */
export const controlId = (text: string): string => text.toLowerCase().replace(/\((\d+)\)$/, ".$1");

/** @param id `au-9.3`. @returns `au` */
export const familyOf = (id: string): string => id.split("-", 1)[0] ?? id;
