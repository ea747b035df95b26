import type { Ran } from "../../support/project";

/** What was lost because something crashed that held it, and how much that may be at most. */
export interface ByNature {
  readonly what: string;
  readonly lost: number;
  /** What was under way there, or arrived while nothing could answer. */
  readonly atMost: number;
}

/** What a scenario found out, beside the requests themselves. */
export class Notes {
  runs = 0;
  readonly restoreMs: number[] = [];
  /** The same until the last request that was under way had its answer, slow ones included. */
  readonly drainMs: number[] = [];
  readonly convergenceMs: number[] = [];
  readonly verdicts: Record<string, number> = {};
  readonly byNature: ByNature[] = [];
  readonly facts: Record<string, unknown> = {};
  readonly broken: string[] = [];

  verdict(name: string): void {
    this.verdicts[name] = (this.verdicts[name] ?? 0) + 1;
  }

  /** Reads how long the gateway took to follow each patch, where a mover or a command said so. */
  convergence({ lines }: Pick<Ran, "lines">): void {
    const said = new Set(lines.flatMap(({ text }) => /\(in force after (\d+) ms\)/.exec(text)?.[0] ?? []));
    for (const text of said) this.convergenceMs.push(Number(/\d+/.exec(text)?.[0]));
  }

  /** A bound that does not hold: said in the document, and the harness exits 1. */
  breach(what: string): void {
    this.broken.push(what);
  }

  /** Breaks a bound unless `isSo`. @returns `isSo`. */
  expect(isSo: boolean, what: string): boolean {
    if (!isSo) this.breach(what);
    return isSo;
  }
}
