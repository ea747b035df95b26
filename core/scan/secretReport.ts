import { z } from "zod";
import type { Secret } from "./finding";

/** Where a secret was put that has to be found. */
export const PLANTED = { archive: "planted.tar", file: "planted/settings.toml" } as const;

const reportSchema = z.array(z.object({ RuleID: z.string().min(1), File: z.string(), StartLine: z.number().int() }));

export interface SecretReport {
  readonly secrets: readonly Secret[];
  /** Whether the planted one was found. */
  readonly planted: boolean;
}

/** Reads gitleaks' JSON. What it matched is not read at all. @throws ZodError for another form */
export function readSecretReport(json: unknown): SecretReport {
  // A report of nothing is an empty list, or in some versions null.
  const found = reportSchema.parse(json ?? []);
  const isPlanted = (file: string) => file.endsWith(`/${PLANTED.archive}!${PLANTED.file}`) && !LAYER.test(file);
  return {
    planted: found.some(({ File }) => isPlanted(File)),
    secrets: found
      .filter(({ File }) => !isPlanted(File))
      .map(({ RuleID, File, StartLine }) => ({ kind: "secret", id: RuleID, where: placeOf(File), line: StartLine })),
  };
}

/** `/scratch/image/layer-2.tar!etc/app.conf` */
const LAYER = /(?:^|\/)layer-(\d+)\.tar!(.*)$/s;

/** `layer 2: etc/app.conf` */
function placeOf(file: string): string {
  const [, layer, inside] = LAYER.exec(file) ?? [];
  return layer === undefined || inside === undefined ? (file.split("/").at(-1) ?? file) : `layer ${layer}: ${inside}`;
}
