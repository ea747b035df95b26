import { wireRequest, type SmokeTest } from "../service/smoke";
import type { Gate } from "./gate";
import { ERROR_SHARE_QUERY, P95_QUERY } from "./traefik";
import type { Evidence } from "./verdict";

/** One kind of request that synthetic load is made of. */
export interface SyntheticRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Methods that by their definition ask and change nothing (RFC 9110, 9.2.1). */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * What synthetic load asks: the health path, and of the smoke tests what may be repeated. A test that expects a failure
 * proves something else than that the release answers well, so it is left out.
 */
export const syntheticRequests = (healthPath: string, smoke: readonly SmokeTest[]): readonly SyntheticRequest[] => [
  { method: "GET", path: healthPath, headers: {} },
  ...smoke.filter((test) => isRepeatable(test) && test.expect.status < 500).map(wireRequest),
];

const isRepeatable = ({ repeatable, request }: SmokeTest): boolean => repeatable ?? SAFE.has(request.method);

/**
 * Whether a gate can be judged by synthetic requests: those that ask for errors and latency as the gateway saw them. What
 * a service means to its users is told by users alone.
 */
export const takesSynthetic = ({ query }: Gate): boolean => query === ERROR_SHARE_QUERY || query === P95_QUERY;

/**
 * The look that counts, of one at users' requests and one at synthetic requests in the same window. A fail of either
 * fails; users' verdict comes first. Synthetic requests stand in only where users' are too few and speak against nothing.
 */
export function decide(users: Evidence, synthetic: Evidence | null): Evidence {
  if (synthetic === null || users.verdict === "fail") return users;
  const standIn = users.verdict === "inconclusive" && users.thin === true;
  if (synthetic.verdict !== "fail" && !standIn) return users;
  return { ...synthetic, samples: users.samples, synthetic: synthetic.samples ?? 0 };
}

/** For the record: which gates passed a step by what nobody but us had asked; nothing when users decided all of them. */
export function syntheticNote(weight: number, evidence: readonly Evidence[]): readonly string[] {
  const stoodIn = evidence.filter(({ synthetic }) => synthetic !== undefined);
  if (stoodIn.length === 0) return [];
  const least = (counts: readonly number[]): number => Math.floor(Math.min(...counts));
  const synthetic = least(stoodIn.map((one) => one.synthetic ?? 0));
  const users = least(stoodIn.map((one) => one.samples ?? 0));
  const names = stoodIn.map(({ gate }) => gate).join(", ");
  return [`at ${weight} %: ${names} by ${synthetic} synthetic requests, ${users} of users`];
}
