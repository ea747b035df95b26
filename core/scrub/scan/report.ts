import { createHmac } from "node:crypto";
import type { Finding, ScanReport } from "../verdicts";
import type { FindingKind } from "./findingKinds";

/** What finds, in which version: goes up whenever a detector finds more or less than it did. */
export const DETECTOR_VERSION = "leak-scan/1";

export interface FoundAt {
  readonly table: string;
  readonly column: string;
  readonly row: number;
  readonly kind: FindingKind;
}

/** Of the digits 0 to 9, beside the six letters that are digits themselves. */
const LETTERS = "ghijklmnop";

/** Findings of a scan, each without its value: where it is, and a keyed tag. */
export class FindingBook {
  rows = 0;
  bytes = 0;
  private readonly counts = new Map<string, { table: string; column: string; kind: FindingKind; count: number }>();
  private readonly findings: Finding[] = [];

  /**
   * @param key of the tags; stays in the vault, for there are few enough SSNs to try them all.
   * @param shown findings listed of one place and kind; all are counted.
   */
  constructor(
    private readonly key: Buffer,
    private readonly shown = 10,
  ) {}

  get total(): number {
    let total = 0;
    for (const { count } of this.counts.values()) total += count;
    return total;
  }

  /** @param value goes into the tag and nowhere else. @param times that it was met; the row is of the first time. */
  add(found: FoundAt, value: string | Uint8Array, times = 1): void {
    if (this.counted(found, times) - times >= this.shown) return;
    const { table, column, row, kind } = found;
    this.findings.push({ table, column, kind, row, tag: this.tagOf(kind, value) });
  }

  /** What another scan of the same key found, of other rows. */
  merge(report: ScanReport): void {
    this.rows += report.rows;
    this.bytes += report.bytes;
    for (const { count, ...where } of report.counts) this.counted(where, count);
    for (const finding of report.findings) {
      const same = this.findings.filter((other) => placeOf(other) === placeOf(finding));
      if (same.length < this.shown) this.findings.push(finding);
    }
  }

  report(): ScanReport {
    const byPlace = <T extends Omit<FoundAt, "row">>(one: T, other: T) => compare(placeOf(one), placeOf(other));
    const counts = [...this.counts.values()].sort(byPlace);
    return {
      detector: DETECTOR_VERSION,
      verdict: counts.length === 0 ? "pass" : "fail",
      rows: this.rows,
      bytes: this.bytes,
      counts,
      findings: [...this.findings].sort((one, other) => byPlace(one, other) || one.row - other.row),
    };
  }

  private counted(where: Omit<FoundAt, "row">, more: number): number {
    const { table, column, kind } = where;
    const entry = this.counts.get(placeOf(where)) ?? { table, column, kind, count: 0 };
    entry.count += more;
    this.counts.set(placeOf(where), entry);
    return entry.count;
  }

  /** In letters alone: of hexadecimal digits some tags look like a number of a person, and are withheld as one. */
  private tagOf(kind: FindingKind, value: string | Uint8Array): string {
    const digits = createHmac("sha256", this.key).update(`${kind}\0`).update(value).digest("hex").slice(0, 16);
    return digits.replace(/\d/g, (digit) => LETTERS.charAt(Number(digit)));
  }
}

const placeOf = ({ table, column, kind }: Omit<FoundAt, "row">): string => JSON.stringify([table, column, kind]);
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** One line for each place and kind, for a person: `public.claims.note: 3 x ssn, first in row 12 (tag phac…)`. */
export function reportLines(report: ScanReport): readonly string[] {
  return report.counts.map(({ table, column, kind, count }) => {
    const first = report.findings.find((each) => each.table === table && each.column === column && each.kind === kind);
    const where = first === undefined ? "" : `, first in row ${first.row} (tag ${first.tag})`;
    return `${table}.${column}: ${count} x ${kind}${where}`;
  });
}
