export interface LatencySummary {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly worst: number;
}

/** Each bucket is wider than the one before by this factor: quantiles are that exact. */
const GROWTH = 1.02;
const LOG = Math.log(GROWTH);

/** Latencies of any number of answers in little memory; ms. */
export class Latencies {
  private readonly buckets = new Map<number, number>();
  private count = 0;
  private worst = 0;

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(ms, 0.1)) / LOG);
    this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + 1);
    this.count++;
    this.worst = Math.max(this.worst, ms);
  }

  /** Upper end of the bucket in which the quantile lies; 0 without any answer. */
  quantile(share: number): number {
    let left = share * this.count;
    for (const [bucket, count] of [...this.buckets].sort(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) return Math.min(this.worst, GROWTH ** bucket);
    }
    return this.worst;
  }

  summary(): LatencySummary {
    const round = (ms: number): number => Math.round(ms * 10) / 10;
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => round(this.quantile(share)));
    return { p50: p50 ?? 0, p95: p95 ?? 0, p99: p99 ?? 0, worst: round(this.worst) };
  }
}
