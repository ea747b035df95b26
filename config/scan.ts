import { parse } from "yaml";
import { z } from "zod";
import { FAIL_ON } from "../core/scan/failOn";
import { CHOICE, choiceProblem, SCANNERS, type ScannerName } from "../core/scan/scanners";
import { readWaivers } from "../core/scan/waiver";
import type { ScanWish } from "../core/scan/wish";
import { duration, field, mapWith, oneOf, wholeNumber } from "../core/service/field";
import { problemText } from "../core/service/problem";
import { reasonOf } from "../platform/errors";
import type { SourceFiles } from "./sourceFiles";

const DAY = 86_400;

const relativeFile = field(
  {
    allowed: "a path relative to Pulumi.yaml",
    advice: "name the file with the waivers, for example scan-waivers.yaml",
  },
  (value) => (typeof value === "string" && value !== "" && !/^[/~\\]|^[A-Za-z]:|\0/.test(value) ? value : undefined),
);

const scanners = field(
  (value) => {
    const got = textsIn(value) && choiceProblem(textsIn(value) ?? []);
    const advice = "say who is to scan, or leave it out for osv-scanner and gitleaks";
    return { allowed: CHOICE, advice, ...(got === undefined ? {} : { got }) };
  },
  (value): readonly ScannerName[] | undefined => {
    const names = textsIn(value);
    if (names === undefined || choiceProblem(names) !== undefined) return undefined;
    return names.flatMap((one) => SCANNERS.filter((name) => name === one));
  },
);

const textsIn = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every((one) => typeof one === "string") ? value : undefined;

/** `hms:scan`: what an image must not have in it before it is pushed. */
export const scanSchema = mapWith({
  failOn: oneOf(FAIL_ON, "say from which severity on a weakness stops a release").default("critical"),
  maxDatabaseAge: duration(3600, 365 * DAY, "say how old the newest advisory may be").default(7 * DAY),
  waivers: relativeFile.exactOptional(),
  minComponents: wholeNumber(1, 100_000, "say how many packages an image has at least").default(1),
  scanners: scanners.exactOptional(),
});

/** With the waivers of the file that is named; every problem of it is told with its name. */
export function readScan(
  wish: Readonly<z.output<typeof scanSchema>> | undefined,
  files: SourceFiles,
): { readonly scan?: ScanWish; readonly problems: readonly string[] } {
  if (wish === undefined) return { problems: [] };
  const { waivers: file, ...rest } = wish;
  if (file === undefined) return { scan: { ...rest, waivers: [] }, problems: [] };
  const text = files.read(file);
  if (text === undefined) {
    const advice = "write it, with an empty list `waivers: []` for none, or leave hms:scan.waivers out";
    return { problems: [`hms:scan.waivers: there is no file ${file}; ${advice}`] };
  }
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    return { problems: [`${file}: is no YAML: ${reasonOf(error)}`] };
  }
  const read = readWaivers(document);
  if (read.ok) return { scan: { ...rest, waivers: read.value }, problems: [] };
  return { problems: read.problems.map((problem) => `${file}: ${problemText(problem)}`) };
}
