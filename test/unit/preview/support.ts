import type { ServiceFacts } from "../../../core/preview/facts";
import type { PlanContent } from "../../../core/preview/planFile";
import { weightsFor } from "../../../core/rollout/color";

const hash = (digit: string): string => digit.repeat(64);
export const image = (digit: string): string => `registry/benefit@sha256:${hash(digit)}`;

/** Blue is live with V1, green is to get V2. */
export const moving = (change: Partial<ServiceFacts> = {}): ServiceFacts => ({
  name: "benefit",
  account: null,
  namespace: "ns",
  url: "http://benefit.localhost",
  kind: "deploy",
  intent: "deploy",
  why: "green gets V2 (bbb)",
  live: { before: "blue", after: "green" },
  weights: { before: weightsFor("blue"), after: weightsFor("green") },
  steps: [1, 100],
  scheduled: null,
  colors: {
    before: { blue: { tag: "V1", release: "aaa", image: image("a"), proven: true }, green: null },
    after: {
      blue: { tag: "V1", release: "aaa", image: image("a"), proven: true },
      green: { tag: "V2", release: "bbb", image: null, proven: false },
    },
  },
  held: [],
  notes: [],
  ...change,
});

const URN = "urn:pulumi:dev::hms::hms:delivery:PolicyService$hms:rollout:TrafficSwitch::benefit";

/** The engine's plan, as it writes it; what differs from one preview to the next is a parameter. */
export const enginePlanText = ({
  seed = "AAAA",
  time = "2026-01-01T00:00:00Z",
  cipher = "v1:x:y",
  flipped = false,
} = {}) => {
  const dependencies = ["urn:a", "urn:b"];
  return JSON.stringify({
    manifest: { time, magic: "m", version: "v3.250.0" },
    config: { "hms:domain": "dev.localhost" },
    resourcePlans: {
      [URN]: {
        goal: {
          type: "hms:rollout:TrafficSwitch",
          name: "benefit",
          inputDiff: {
            updates: { live: "green", token: { "4dabf18193072939515e22adb298388d": "1b47", ciphertext: cipher } },
          },
          dependencies: flipped ? [...dependencies].reverse() : dependencies,
          propertyDependencies: { live: flipped ? ["urn:d", "urn:c"] : ["urn:c", "urn:d"] },
        },
        steps: ["update"],
        state: { resourceVersion: time },
        seed,
      },
    },
  });
};

export const content = (change: Partial<PlanContent> = {}): PlanContent => ({
  version: 1,
  stack: "dev",
  wishes: { tags: {} },
  sources: { program: { core: hash("1") }, configuration: { "hms:domain": hash("2") } },
  facts: { services: [moving()] },
  engine: {},
  ...change,
});

/** Lines of the engine's streamed JSON for one resource. */
export function resource(
  op: string,
  type: string,
  name: string,
  more: {
    readonly parent?: string;
    readonly old?: Readonly<Record<string, unknown>>;
    readonly new?: Readonly<Record<string, unknown>>;
    readonly protect?: boolean;
    readonly detailedDiff?: Readonly<Record<string, unknown>>;
    readonly keys?: readonly string[];
  } = {},
): string {
  const urn = urnOf(type, name);
  const state = (inputs: unknown) => ({ urn, type, parent: more.parent ?? "", protect: more.protect ?? false, inputs });
  const metadata = {
    op,
    urn,
    type,
    old: op === "create" ? null : state(more.old ?? {}),
    new: op === "delete" ? null : state(more.new ?? {}),
    detailedDiff: more.detailedDiff ?? null,
    keys: more.keys ?? null,
  };
  return JSON.stringify({ sequence: 1, resourcePreEvent: { metadata, planning: true } });
}

export const urnOf = (type: string, name: string): string => `urn:pulumi:dev::hms::${type}::${name}`;

export const deployment = (replicas: number) => ({
  spec: {
    replicas,
    template: { spec: { containers: [{ resources: { requests: { cpu: "50m", memory: "64Mi" } } }] } },
  },
});
