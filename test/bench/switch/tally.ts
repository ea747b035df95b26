import type { Fate } from "./outcome";
import { Latencies, type LatencySummary } from "./latencies";

interface KindTally {
  answered: number;
  readonly latencies: Latencies;
}

/** Counts what became of the requests of one scenario. Times are wall-clock ms, to be compared with the cluster's record. */
export class Tally {
  answered = 0;
  ownErrors = 0;
  lost = 0;
  /** Reasons of what was lost, with how often. */
  readonly why: Record<string, number> = {};
  readonly byColor: Record<string, number> = {};
  private readonly kinds = new Map<string, KindTally>();
  private readonly colors = new Map<string, Latencies>();
  private readonly last = new Map<string, { at: number; quickAt: number }>();
  private firstLossAt: number | undefined;
  private lastLossAt: number | undefined;

  /** @param isQuick whether the answer could come at once, so that its end tells when its request was sent. */
  count(kind: string, fate: Fate, tookMs: number, at: number, isQuick: boolean): void {
    if (fate.kind === "lost") {
      this.lost++;
      this.why[fate.why] = (this.why[fate.why] ?? 0) + 1;
      this.firstLossAt ??= at;
      this.lastLossAt = at;
      return;
    }
    const { color } = fate;
    this.answered++;
    if (fate.kind === "own error") this.ownErrors++;
    this.byColor[color] = (this.byColor[color] ?? 0) + 1;
    const tally = this.kinds.get(kind) ?? { answered: 0, latencies: new Latencies() };
    this.kinds.set(kind, tally);
    tally.answered++;
    tally.latencies.add(tookMs);
    if (isQuick) this.latenciesOf(color).add(tookMs);
    const last = this.last.get(color);
    this.last.set(color, { at, quickAt: isQuick ? at : (last?.quickAt ?? 0) });
  }

  /** When `color` last answered: any request, and one that could be answered at once; 0 for never. */
  lastAnswer(color: string): { readonly at: number; readonly quickAt: number } {
    return this.last.get(color) ?? { at: 0, quickAt: 0 };
  }

  /** When the first and the last request was found lost; `undefined` when none was. */
  get losses(): { readonly first: number; readonly last: number } | undefined {
    if (this.firstLossAt === undefined || this.lastLossAt === undefined) return undefined;
    return { first: this.firstLossAt, last: this.lastLossAt };
  }

  byKind(): Record<string, { readonly answered: number } & LatencySummary> {
    const rows = [...this.kinds].map(([kind, { answered, latencies }]) => [kind, { answered, ...latencies.summary() }]);
    return Object.fromEntries(rows) as Record<string, { readonly answered: number } & LatencySummary>;
  }

  /** Latency of what could be answered at once, since it was last forgotten. */
  quickP95(color: string): number {
    return this.latenciesOf(color).quantile(0.95);
  }

  /** Begins anew with the latencies of the colors: another release answers on one of them. */
  forgetColors(): void {
    this.colors.clear();
  }

  private latenciesOf(color: string): Latencies {
    const known = this.colors.get(color) ?? new Latencies();
    this.colors.set(color, known);
    return known;
  }
}
