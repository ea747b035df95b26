import { strict as assert } from "node:assert";
import fc from "fast-check";
import { configMapName } from "../../../core/configMap/content";
import { configMapsOf, superfluous } from "../../../core/configMap/keep";
import { samePointer, pointerData } from "../../../core/configMap/pointer";
import { otherColor, type Color } from "../../../core/rollout/color";
import type { ActualRollout } from "../../../core/rollout/plan";
import {
  emptyRecord,
  previousGood,
  withDeployment,
  withFailure,
  withGivenUp,
  withMove,
  withRollback,
  type RolloutRecord,
} from "../../../core/rollout/record";
import { releaseOf, type BoundRelease } from "../../../core/rollout/release";
import { fact, release } from "../rollout/support";

const ACT = { at: "2026-01-01T00:00:00.000Z", by: "somebody" };

/** A release with a configuration of its own. */
function configured(number: number): BoundRelease {
  const { spec } = release("same");
  const one = releaseOf({ ...spec, env: { NUMBER: String(number) } }, `v${number}`);
  return { ...one, image: "registry/x@sha256:1" };
}
const nameOf = (one: BoundRelease): string => configMapName("svc", one.spec);

type Deed = { readonly kind: "deploy" | "fail" | "abort"; readonly number: number } | { readonly kind: "back" };
const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ kind: fc.constantFrom("deploy" as const, "fail" as const, "abort" as const), number: fc.nat(30) }),
  fc.constant({ kind: "back" as const }),
);

interface World {
  readonly record: RolloutRecord;
  /** What each color's Deployment runs. */
  readonly runs: Readonly<Partial<Record<Color, BoundRelease>>>;
  /** ConfigMaps that are there. */
  readonly maps: readonly string[];
}

/** One deed as an update or a command does it, with what is removed at its end. */
function after({ record, runs, maps }: World, deed: Deed): World {
  if (deed.kind === "back") {
    const target = previousGood(record);
    if (!target || record.live === null) return { record, runs, maps };
    assert.ok(maps.includes(nameOf(target.release)), "what a rollback goes to is kept");
    const to = otherColor(record.live);
    const back = { ...runs, [to]: target.release };
    return pruned({ record: withRollback(record, to, target.release, { ...ACT, reason: "back" }), runs: back, maps });
  }
  const wanted = configured(deed.number);
  const live = record.live && runs[record.live];
  if (live?.id === wanted.id) return { record, runs, maps };
  const to = record.live === null ? "blue" : otherColor(record.live);
  const up = { runs: { ...runs, [to]: wanted }, maps: [...new Set([...maps, nameOf(wanted)])] };
  const moving = withMove(record, to, wanted.id, 0, record.weights);
  if (deed.kind === "deploy") return pruned({ ...up, record: withDeployment(moving, to, wanted, ACT) });
  const end = deed.kind === "fail" ? withFailure : withGivenUp;
  return pruned({ ...up, record: end(moving, wanted, { ...ACT, reason: deed.kind }) });
}

function pruned(world: World): World {
  const inUse = new Set(Object.values(world.runs).map(nameOf));
  const gone = superfluous("svc", world.maps, inUse, world.record);
  for (const name of gone) assert.ok(!inUse.has(name), "one in use is never removed");
  return { ...world, maps: world.maps.filter((name) => !gone.includes(name)) };
}

describe("what is kept of the ConfigMaps of a service", () => {
  it("is what runs, and what any rollback could go to, whatever happened; and not more than that", () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
        let world: World = { record: emptyRecord(), runs: {}, maps: [] };
        for (const one of deeds) world = after(world, one);
        const { record, runs, maps } = world;
        for (const one of Object.values(runs)) assert.ok(maps.includes(nameOf(one)));
        for (const { release } of record.deployments) assert.ok(maps.includes(nameOf(release)));
        assert.ok(maps.length <= record.deployments.length + 2 + Object.keys(runs).length);
      }),
    );
  });

  it("is everything that is not ours, or that a pod still has", () => {
    const [a, b] = [nameOf(configured(1)), nameOf(configured(2))];
    const existing = ["svc-config", "svc-blue", "kube-root-ca.crt", "svc2-config-0123456789ab", a, b];
    assert.deepEqual(superfluous("svc", existing, new Set([b]), emptyRecord()), [a]);
  });

  it("is found in a pod wherever it may refer to one", () => {
    const spec = {
      initContainers: [{ envFrom: [{ configMapRef: { name: "a" } }] }],
      containers: [
        {
          env: [
            { name: "X", valueFrom: { configMapKeyRef: { name: "b", key: "X" } } },
            { name: "Y", value: "1" },
          ],
        },
        { env: [{ name: "Z", valueFrom: { configMapKeyRef: { name: "b", key: "Z" } } }] },
      ],
      volumes: [
        { name: "v", configMap: { name: "c" } },
        { name: "w", projected: { sources: [{ configMap: { name: "d" } }, { secret: { name: "no" } }] } },
        { name: "x", secret: { secretName: "no" } },
      ],
    };
    assert.deepEqual(configMapsOf(spec), ["a", "b", "c", "d"]);
    assert.deepEqual(configMapsOf(undefined), []);
  });
});

describe("the pointer", () => {
  const [r1, r2] = [configured(1), configured(2)];
  const one = withDeployment(emptyRecord(), "blue", r1, ACT);
  const two = withDeployment(one, "green", r2, ACT);
  const actual = (record: RolloutRecord, live: Color | null = record.live): ActualRollout => ({
    live,
    weights: record.weights,
    foreign: null,
    colors: { blue: { ...fact("x"), release: r1 }, green: { ...fact("x"), release: r2 } },
    record,
  });
  const says = (current: BoundRelease, prev?: BoundRelease) => ({
    ...{ current: nameOf(current), currentRelease: current.id, currentTag: current.tag },
    ...(prev ? { prev: nameOf(prev), prevRelease: prev.id, prevTag: prev.tag } : {}),
  });

  it("says nothing before something is live", () => {
    assert.equal(pointerData("svc", actual(emptyRecord(), null)), undefined);
  });

  it("names what is live, and the last good one before", () => {
    assert.deepEqual(pointerData("svc", actual(one)), says(r1));
    assert.deepEqual(pointerData("svc", actual(two)), says(r2, r1));
  });

  it("goes back with a rollback, and never names what was left", () => {
    const back = withRollback(two, "blue", r1, { ...ACT, reason: "back" });
    assert.deepEqual(pointerData("svc", actual(back)), says(r1));
  });

  it("does not change while a move is under way, nor when it is given up or fails", () => {
    const moving = withMove(one, "green", r2.id, 0, { blue: 50, green: 50 });
    const given = withGivenUp(moving, r2, { ...ACT, reason: "aborted" });
    const failed = withFailure(moving, r2, { ...ACT, reason: "a gate" });
    for (const record of [moving, given, failed]) assert.deepEqual(pointerData("svc", actual(record)), says(r1));
  });

  it("names the ConfigMap of the color where an earlier version made the pods", () => {
    const before = actual(two);
    const blue = { ...fact("x"), release: r1, sharedConfigMap: true as const };
    const data = pointerData("svc", { ...before, colors: { ...before.colors, blue } });
    assert.deepEqual([data?.current, data?.prev], [nameOf(r2), "svc-blue"]);
  });

  it("is another one when a key of it was changed, taken away or added", () => {
    const { prev: _prev, ...without } = says(r2, r1);
    assert.ok(samePointer(says(r2, r1), { ...says(r2, r1) }));
    for (const other of [without, says(r2), says(r1, r2), { ...says(r2, r1), prevTag: "x" }])
      assert.equal(samePointer(says(r2, r1), other), false);
  });
});
