import type { Color } from "../rollout/color";
import { probeRouteName, routeName, workloadName } from "../rollout/names";

/** What Traefik counts and times for each backend; exists once a request has been answered. */
const REQUESTS = "traefik_service_requests_total";
const SECONDS_BUCKET = "traefik_service_request_duration_seconds_bucket";
/** Exists from the start of every Traefik. */
const ALWAYS = "traefik_config_reloads_total";

/** Traefik's names for routers: whatever is no letter and no digit becomes one hyphen. */
const normalized = (text: string): string => text.split(/[^\p{L}\p{N}]+/u).join("-");

/**
 * Values of the label `service` for one color of a service, as a regular expression. Traefik (3.7 and newer) names a
 * backend after the route that leads to it, so requests that came by the probe route have other values: what tests send
 * is never taken for users' traffic. All listeners and Gateways count.
 *
 * Traefik joins names by hyphens: service `b-c` in namespace `a` and service `c` in namespace `a-b` look the same.
 */
export const backendPattern = (service: string, color: Color, namespace: string): string =>
  patternOf(routeName(service), service, color, namespace);

/** The same for what comes by the probe route: tests and synthetic load, and never a user. */
export const probeBackendPattern = (service: string, color: Color, namespace: string): string =>
  patternOf(probeRouteName(service), service, color, namespace);

function patternOf(route: string, service: string, color: Color, namespace: string): string {
  const name = normalized(`${namespace}-${route}`);
  return `httproute-${name}-gw-.+-svc-${namespace}-${workloadName(service, color)}-[0-9]+@kubernetesgateway`;
}

const OF_BACKEND = '{service=~"{{backend}}"}';
const FAILED = '{service=~"{{backend}}",code=~"5.."}';

const COUNT = `${REQUESTS}${OF_BACKEND}[{{window}}]`;

/**
 * Real requests within the window, as many as were seen for sure: `increase` estimates what lies before the first and
 * after the last scrape, which may double a small number. Only a counter that began anew is left to it.
 */
export const SAMPLES_QUERY = `sum(max_over_time(${COUNT}) - min_over_time(${COUNT}) and resets(${COUNT}) == 0 or increase(${COUNT}))`;

/** Seconds since the gateway's counts of this backend were last seen; nothing when they are not seen any more. */
export const AGE_QUERY = `time() - max(timestamp(${REQUESTS}${OF_BACKEND}))`;

/** Seconds between two scrapes of the gateway, by those of the last five minutes. */
export const INTERVAL_QUERY = `300 / max(count_over_time(${ALWAYS}[5m]))`;

export const RATE_QUERY = `sum(rate(${REQUESTS}${OF_BACKEND}[{{window}}]))`;

/** Share of answers with a status of 500 and above. A backend that has never failed has no such counter: that is 0. */
export const ERROR_SHARE_QUERY =
  `(sum(rate(${REQUESTS}${FAILED}[{{window}}])) or vector(0))` + ` / sum(rate(${REQUESTS}${OF_BACKEND}[{{window}}]))`;

/** Seconds within which 95 of 100 requests were answered, as the gateway saw it. */
export const P95_QUERY = quantile("0.95");

/**
 * What the 95th percentile is at least, whatever chance does: of n requests the percentile 0.95 - 3.09 x
 * sqrt(0.95 x 0.05 / n) lies above the true one once in a thousand times, however the latencies are spread.
 */
export const P95_AT_BEST_QUERY = quantile(`scalar(0.95 - 0.6734 / sqrt(${SAMPLES_QUERY}))`);

function quantile(share: string): string {
  return `histogram_quantile(${share}, sum by (le) (rate(${SECONDS_BUCKET}${OF_BACKEND}[{{window}}])))`;
}
