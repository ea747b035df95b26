import { asString, path } from "../../core/json";
import type { Command, Invocation } from "../../cli/command";
import { HEADER } from "../../core/rollout/names";
import { reasonOf } from "../../platform/errors";
import type { KubeClient } from "../../platform/kube/client";
import { Prometheus } from "../../provider/gates/prometheus";
import { readLeaseState } from "../../provider/rollout/lease";
import { Session } from "../../provider/session";
import { ADDRESS_OPTIONS, gatewayOf, PLACE_OPTIONS, placeOf, urlOf } from "../place";

/** What `selftest` prints: what this pod is and what it can reach. `null` is what it was not told to ask. */
export interface SelfTest {
  readonly service: string;
  readonly namespace: string;
  /** Who the API server takes it for. */
  readonly identity: string;
  readonly live: string | null;
  readonly weights: { readonly blue: number; readonly green: number } | null;
  readonly lease: { readonly holder: string | null; readonly token: number } | null;
  readonly gateway: { readonly status: number; readonly color: string | null } | null;
  readonly prometheus: "answers" | null;
  /** What failed, in words; empty when all that was asked works. */
  readonly problems: readonly string[];
}

/** Proves image, network, token and rights from the inside, and changes nothing. */
export const selftest: Command = {
  name: "selftest",
  summary: "Reads a service's route and lease as the watcher would, and prints what it found as one JSON line.",
  options: [...PLACE_OPTIONS, ...ADDRESS_OPTIONS],
  examples: [
    "runner selftest --service drought-benefit",
    "runner selftest --service drought-benefit --gateway http://10.245.0.1:8080 --host drought-benefit.dev.localhost",
  ],
  async run(invocation, io) {
    const found = await look(invocation, io.signal);
    io.out.write(`${JSON.stringify(found)}\n`);
    return found.problems.length === 0 ? 0 : 1;
  },
};

async function look(invocation: Invocation, signal: AbortSignal): Promise<SelfTest> {
  const place = placeOf(invocation);
  const at = { gateway: gatewayOf(invocation), prometheus: urlOf(invocation, "prometheus") };
  const session = new Session(undefined);
  const store = session.store(place.service, place.namespace);
  const problems: string[] = [];
  const attempt = async <T>(what: string, ask: () => Promise<T>): Promise<T | null> => {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      problems.push(`${what}: ${reasonOf(error)}`);
      return null;
    }
  };
  const [identity, rollout, lease, gateway, prometheus] = await Promise.all([
    attempt("identity", () => whoAmI(session.kube)),
    attempt("route", () => store.read()),
    attempt("lease", () => readLeaseState(session.kube, store)),
    attempt("gateway", async () => {
      if (!at.gateway) return null;
      const dataPlane = session.dataPlane(at.gateway.address, at.gateway.host);
      const { status, headers } = await dataPlane.ask({ path: invocation.required("probePath"), signal });
      return { status, color: headers[HEADER.color] ?? null };
    }),
    attempt("prometheus", async () => {
      if (at.prometheus === undefined) return null;
      await new Prometheus(at.prometheus).query("vector(1)", signal);
      return "answers" as const;
    }),
  ]);
  return {
    ...place,
    identity: identity ?? "",
    live: rollout?.actual.live ?? null,
    weights: rollout?.actual.weights ?? null,
    lease: lease ? { holder: lease.holder?.id ?? null, token: lease.token } : null,
    gateway,
    prometheus,
    problems,
  };
}

async function whoAmI(kube: KubeClient): Promise<string> {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const { text } = await kube.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", { body: review });
  return asString(path(JSON.parse(text), "status", "userInfo", "username")) ?? "nobody";
}
