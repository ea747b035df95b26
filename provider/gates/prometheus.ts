import { z } from "zod";
import { reasonOf } from "../../platform/errors";

/** No answer came, or none that is Prometheus's: nothing can be said about any gate. */
export class PrometheusUnreachable extends Error {
  override readonly name = "PrometheusUnreachable";
}

/** Prometheus is there, and the query is not one that gives a number. */
export class QueryRefused extends Error {
  override readonly name = "QueryRefused";
}

/** Until the whole answer is there. */
const TIMEOUT_MS = 5000;

const sample = z.tuple([z.number(), z.string()]);
const answer = z.union([
  z.object({ status: z.literal("success"), data: z.unknown() }),
  z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() }),
]);
const result = z.discriminatedUnion("resultType", [
  z.object({ resultType: z.literal("scalar"), result: sample }),
  z.object({ resultType: z.literal("vector"), result: z.array(z.object({ value: sample.exactOptional() })) }),
  z.object({ resultType: z.literal("matrix") }),
  z.object({ resultType: z.literal("string") }),
]);
const names = z.array(z.string());

/** Errors that Prometheus answers because of the query, by their status. */
const QUERY_ERRORS: readonly number[] = [400, 422];

/** Prometheus's HTTP API, as far as gates need it. */
export class Prometheus {
  readonly address: string;

  /** @param address where it is reached from here, with the path if it has one, e.g. `http://127.0.0.1:9090`. */
  constructor(
    address: string,
    private readonly timeoutMs = TIMEOUT_MS,
  ) {
    this.address = address.replace(/\/+$/, "");
  }

  /**
   * The one number that a query gives now, or at `at` (seconds since 1970, by Prometheus's clock). `null` when there is
   * none: no series, NaN, infinite.
   * @throws PrometheusUnreachable without an answer; QueryRefused when the query is wrong or gives several numbers.
   */
  async query(expr: string, signal: AbortSignal, at?: number): Promise<number | null> {
    const form = new URLSearchParams({ query: expr, ...(at === undefined ? {} : { time: String(at) }) });
    const data = result.safeParse(await this.ask("/api/v1/query", signal, form));
    if (!data.success) throw this.unreachable("answers a query with something else than a result");
    switch (data.data.resultType) {
      case "scalar":
        return finite(data.data.result[1]);
      case "vector": {
        const [first, ...others] = data.data.result;
        if (others.length > 0) {
          throw new QueryRefused(
            `the query gives ${others.length + 1} numbers; it must give one, so put sum(…), max(…) or the like around it`,
          );
        }
        if (first && !first.value) throw new QueryRefused("the query gives a histogram; it must give one number");
        return first?.value ? finite(first.value[1]) : null;
      }
      case "matrix":
      case "string":
        throw new QueryRefused(
          `the query gives a ${data.data.resultType === "matrix" ? "range" : "text"}; it must give one number`,
        );
    }
  }

  /** Names of all metrics that Prometheus has. @throws PrometheusUnreachable without an answer. */
  async metricNames(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const data = names.safeParse(await this.ask("/api/v1/label/__name__/values", signal));
    if (!data.success) throw this.unreachable("answers with something else than the names of its metrics");
    return new Set(data.data);
  }

  private async ask(path: string, signal: AbortSignal, form?: URLSearchParams): Promise<unknown> {
    signal.throwIfAborted();
    const deadline = AbortSignal.timeout(this.timeoutMs);
    try {
      const response = await fetch(`${this.address}${path}`, {
        signal: AbortSignal.any([signal, deadline]),
        ...(form === undefined ? {} : { method: "POST", body: form }),
      });
      return this.dataOf(response.status, await response.text());
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PrometheusUnreachable || error instanceof QueryRefused) throw error;
      if (deadline.aborted) throw this.unreachable(`does not answer within ${this.timeoutMs / 1000} s`);
      throw this.unreachable(`cannot be reached: ${rootReason(error)}`);
    }
  }

  private dataOf(status: number, text: string): unknown {
    const parsed = answer.safeParse(jsonOf(text));
    if (!parsed.success) throw this.unreachable(`answers ${status}, and not as Prometheus does`);
    if (parsed.data.status === "success") return parsed.data.data;
    const { errorType, error } = parsed.data;
    if (QUERY_ERRORS.includes(status)) throw new QueryRefused(`Prometheus refuses the query: ${error}`);
    throw this.unreachable(`answers ${status} (${errorType}): ${error}`);
  }

  private readonly unreachable = (why: string) => new PrometheusUnreachable(`Prometheus at ${this.address} ${why}`);
}

function finite(text: string): number | null {
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `fetch` says only "fetch failed"; why stands in its cause, and for several addresses of one name in its code alone. */
function rootReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof AggregateError && "code" in cause) return String(cause.code);
  return reasonOf(cause);
}
