import { z } from "zod";
import { asNumber, asString, path } from "../core/json";
import { COLORS, type Color } from "../core/rollout/color";
import { workloadName } from "../core/rollout/names";
import { describeHolder } from "../core/rollout/lease";
import { blockedText, noticeText } from "../core/freeze/describe";
import type { InvokeRequest, InvokeResult } from "../platform/rpc";
import { askFreeze, freezeStore } from "./freeze/look";
import { freezePlace, parseInputs } from "./resources/inputs";
import { ConfigMaps } from "./rollout/configMaps";
import { readLease } from "./rollout/lease";
import type { Session } from "./session";

const rolloutArgs = z.object({
  service: z.string().min(1),
  namespace: z.string().min(1),
  /** Kubernetes Secrets that the wanted release refers to. */
  secrets: z.array(z.object({ secret: z.string(), key: z.string() })).default([]),
  freeze: freezePlace.exactOptional(),
});

/** `hms:rollout:getRollout`: what is live now, straight from the cluster, in preview and in the real run. */
export async function getRollout(session: Session, { args }: InvokeRequest): Promise<InvokeResult> {
  const { service, namespace, secrets, freeze } = parseInputs(rolloutArgs, args);
  const store = session.store(service, namespace);
  const [{ actual }, holder, frozen, missingSecrets, ...minima] = await Promise.all([
    store.read(),
    readLease(session.kube, store),
    freeze &&
      askFreeze(
        freezeStore(() => session.kube, namespace, freeze),
        { ...freeze, service, action: "deploy" },
      ),
    missing(session, namespace, secrets),
    ...COLORS.map((color) => minReplicas(session, service, namespace, color)),
  ]);
  const live = actual.live === null ? null : actual.colors[actual.live];
  return {
    result: {
      actual,
      mover: holder ? describeHolder(holder) : null,
      frozen: frozen?.frozen ? blockedText(frozen) : null,
      freezeNotice: (frozen && noticeText(frozen)) ?? null,
      missingSecrets,
      liveReplicas: live?.desired ?? 0,
      minReplicas: { blue: minima[0] ?? 0, green: minima[1] ?? 0 },
    },
  };
}

const configMapsArgs = z.object({
  service: z.string().min(1),
  namespace: z.string().min(1),
  names: z.array(z.string().min(1)),
});

/** `hms:rollout:getConfigMaps`: what these ConfigMaps of a service hold; `null` for one that is not there. */
export async function getConfigMaps(session: Session, { args }: InvokeRequest): Promise<InvokeResult> {
  const { service, namespace, names } = parseInputs(configMapsArgs, args);
  const maps = new ConfigMaps(session.kube, session.store(service, namespace));
  const found = await Promise.all(names.map(async (name) => [name, (await maps.read(name)) ?? null] as const));
  return { result: { found: Object.fromEntries(found) } };
}

async function minReplicas(session: Session, service: string, namespace: string, color: Color): Promise<number> {
  const name = workloadName(service, color);
  const scaler = await session.kube.get({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    name,
    namespace,
  });
  return asNumber(path(scaler, "spec", "minReplicas")) ?? 0;
}

/** The references that name no Secret, no key, or an empty value; values themselves are never returned. */
async function missing(
  session: Session,
  namespace: string,
  wanted: readonly { readonly secret: string; readonly key: string }[],
) {
  const names = [...new Set(wanted.map((one) => one.secret))];
  const found = new Map(
    await Promise.all(
      names.map(
        async (name) => [name, await session.kube.get({ apiVersion: "v1", kind: "Secret", name, namespace })] as const,
      ),
    ),
  );
  return wanted.flatMap(({ secret, key }) => {
    const object = found.get(secret);
    if (!object) return [{ secret, key, problem: "the Secret does not exist" }];
    const value = asString(path(object, "data", key));
    if (value === undefined) return [{ secret, key, problem: "the Secret has no such key" }];
    return value === "" ? [{ secret, key, problem: "the value is empty" }] : [];
  });
}
