/**
 * The world in the words of the inputs: of a live object, only what the inputs speak of. Defaults, status and fields that
 * others own are not there, so they are no drift; what we manage and somebody changed is.
 */
import { isProperties, mapValues, sameValue, type Properties, type Value } from "../../rpc";
import { sameQuantity } from "./quantity";

export interface Seen {
  /** The object as it was when `inputs` had just been applied: how the server spells our values. */
  readonly before: Value | undefined;
  readonly now: Value | undefined;
}

/** Fields that the server sets or that only say who wrote what. */
const SERVER_METADATA = ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"];
const CLIENT_MEMORY = "kubectl.kubernetes.io/last-applied-configuration";

/** Fields of `inputs` that are gone from the object are left out, so that an update brings them back. */
export function project(inputs: Properties, { before, now }: Seen): Properties {
  const projected: Properties = {};
  for (const [name, input] of Object.entries(inputs)) {
    const value = projectValue(input, { before: field(before, name), now: field(now, name) });
    if (value !== undefined) projected[name] = value;
  }
  return projected;
}

function projectValue(input: Value, { before, now }: Seen): Value | undefined {
  if (now === undefined || now === null) {
    return isNothing(input) || before === undefined || before === null ? input : undefined;
  }
  if (isProperties(input)) return isProperties(now) ? project(input, { before, now }) : now;
  if (Array.isArray(input))
    return Array.isArray(now) ? projectList(input, Array.isArray(before) ? before : [], now) : now;
  if (sameValue(now, before) || sameScalar(input, now)) return input;
  return now;
}

/**
 * Lists that the API merges by a key are matched by it, and items of others (an injected sidecar) are not ours. In other
 * lists every item counts.
 */
function projectList(inputs: readonly Value[], before: readonly Value[], now: readonly Value[]): Value[] {
  const key = mergeKey(inputs);
  const matched = inputs.flatMap((input, i) => {
    const same = (items: readonly Value[]) =>
      key === undefined ? items[i] : items.find((item) => sameValue(field(item, key), field(input, key)));
    const live = same(now);
    return live === undefined ? [] : [projectValue(input, { before: same(before), now: live }) ?? input];
  });
  const foreign = key === undefined ? now.slice(inputs.length) : [];
  // What was there beyond the inputs right after they were applied is the server's own.
  return sameValue(foreign, before.slice(inputs.length)) ? matched : [...matched, ...foreign];
}

/** Objects that are told apart by a name of their own; `containerPort` and the like are rarely changed by others. */
function mergeKey(items: readonly Value[]): string | undefined {
  const candidates = ["name", "mountPath", "containerPort", "ip", "topologyKey"];
  return candidates.find((key) => {
    const values = items.map((item) => field(item, key));
    const named = items.length > 0 && values.every((value) => typeof value === "string" || typeof value === "number");
    return (
      named && new Set(values).size === values.length && !items.some((item) => field(item, "weight") !== undefined)
    );
  });
}

/** Values that the API leaves out when it stores an object. */
function isNothing(v: Value): boolean {
  if (v === null || v === false || v === 0 || v === "") return true;
  if (Array.isArray(v)) return v.length === 0;
  return isProperties(v) && Object.values(v).every(isNothing);
}

function sameScalar(input: Value, live: Value): boolean {
  if (sameValue(input, live)) return true;
  if (typeof input === "object" || typeof live === "object") return false;
  return String(input) === String(live) || sameQuantity(input, live);
}

const field = (v: Value | undefined, name: string): Value | undefined => (isProperties(v) ? v[name] : undefined);

/** What a program would have to write to get this object: for imports. */
export function inputsFromLive(live: Properties): Properties {
  const { status: _status, metadata, ...rest } = live;
  const kept = Object.entries(isProperties(metadata) ? metadata : {}).filter(
    ([name]) => !SERVER_METADATA.includes(name),
  );
  return { ...rest, metadata: withoutClientMemory(Object.fromEntries(kept)) };
}

/** A live object as it is stored in the state. */
export function outputsFromLive(live: Properties): Properties {
  const { managedFields: _managedFields, ...metadata } = isProperties(live.metadata) ? live.metadata : {};
  return { ...live, metadata: withoutClientMemory(metadata) };
}

function withoutClientMemory(metadata: Properties): Properties {
  if (!isProperties(metadata.annotations) || metadata.annotations[CLIENT_MEMORY] === undefined) return metadata;
  const { [CLIENT_MEMORY]: _memory, ...annotations } = metadata.annotations;
  const { annotations: _annotations, ...rest } = metadata;
  return Object.keys(annotations).length > 0 ? { ...rest, annotations } : rest;
}

const NOISE = new Set([
  "resourceVersion",
  "generation",
  "observedGeneration",
  "managedFields",
  "lastTransitionTime",
  "lastUpdateTime",
  "lastProbeTime",
  "lastHeartbeatTime",
]);

/** The same but for counters and times that move by themselves: a refresh then has nothing to tell. */
export function sameButForNoise(a: Properties, b: Properties): boolean {
  return sameValue(withoutNoise(a), withoutNoise(b));
}

function withoutNoise(v: Value): Value {
  if (Array.isArray(v)) return v.map(withoutNoise);
  if (!isProperties(v)) return v;
  const kept = Object.fromEntries(Object.entries(v).filter(([name]) => !NOISE.has(name)));
  return mapValues(kept, withoutNoise);
}
