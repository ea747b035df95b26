import { HEADER } from "../../../core/rollout/names";
import type { Outcome } from "../../../platform/load/openLoad";

/**
 * What became of a request, as its sender sees it.
 * - `right`: answered by a release.
 * - `own error`: the release itself said 500; the delivery lost nothing, the gates are to see it.
 * - `lost`: no answer, none in time, or an answer that no release gave.
 */
export type Fate =
  { readonly kind: "right" | "own error"; readonly color: string } | { readonly kind: "lost"; readonly why: string };

/** The executor words its errors in JSON; the gateway's own (no pod, no connection) are plain text. */
export function fateOf({ result }: Outcome): Fate {
  if ("error" in result) return { kind: "lost", why: result.error };
  const { status, headers } = result;
  const color = headers[HEADER.color];
  if (typeof color !== "string") return { kind: "lost", why: `status ${status} of no color` };
  if (status === 200) return { kind: "right", color };
  const isOwn = status === 500 && (headers["content-type"] ?? "").startsWith("application/json");
  return isOwn ? { kind: "own error", color } : { kind: "lost", why: `status ${status} of ${color}` };
}
