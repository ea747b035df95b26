export const COMPARISONS = ["<", "<=", ">", ">="] as const;
export type Comparison = (typeof COMPARISONS)[number];

/**
 * A measure of real traffic that a release must hold before it gets more of it. Queries are PromQL templates that give
 * one number; `{{workload}}`, `{{namespace}}`, `{{backend}}` and `{{window}}` are filled in for one color (fillQuery).
 */
export interface Gate {
  readonly name: string;
  readonly query: string;
  readonly comparison: Comparison;
  /** The bound itself, or with `relativeTo: live` a factor on the live color's value. */
  readonly limit: number;
  readonly relativeTo: "value" | "live";
  /**
   * `share`: the value is a proportion of the samples, so that chance can be told from fault.
   * `measure`: any other number; it is compared as it is.
   */
  readonly kind: "share" | "measure";
  /**
   * For a measure that chance moves about: a query for what it may be at best, as far as the requests tell. The gate fails
   * only when that is on the wrong side too.
   */
  readonly proof?: string;
  /** Values on the good side of this one pass whatever the live color does: nobody minds 3 ms against 1 ms. */
  readonly floor?: number;
  readonly everySeconds: number;
  /** From the beginning of a step; a gate that has not passed by then ends the move. */
  readonly withinSeconds: number;
  /** Passing looks in a row. */
  readonly consecutive: number;
  /** Real requests that the color must have answered within the window. */
  readonly minSamples: number;
  readonly unit?: string;
}

/** What stands for one color in a query. */
export interface QueryTarget {
  readonly service: string;
  readonly color: string;
  readonly namespace: string;
  /** Value of the gateway's label for this color's backend, as a regular expression. */
  readonly backend: string;
}

export const PLACEHOLDERS = ["workload", "namespace", "backend", "window"] as const;

/** @param windowSeconds rounded up to whole seconds, as PromQL ranges are. */
export function fillQuery(query: string, target: QueryTarget, windowSeconds: number): string {
  const values: Readonly<Record<string, string>> = {
    workload: `${target.service}-${target.color}`,
    namespace: target.namespace,
    backend: target.backend,
    window: `${Math.max(1, Math.ceil(windowSeconds))}s`,
  };
  return query.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => values[name] ?? whole);
}

/** What stands between double braces in a query and is no placeholder: nothing would fill it in. */
export const unknownPlaceholders = (query: string): string[] =>
  [...query.matchAll(/\{\{\s*([^{}]*?)\s*\}\}/g)].flatMap(([, name = ""]) =>
    (PLACEHOLDERS as readonly string[]).includes(name) ? [] : [name],
  );
