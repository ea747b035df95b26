import { strict as assert } from "node:assert";
import { actualRollout, type ObservedWorkload } from "../../../core/rollout/observe";
import { emptyRecord, withDeployment, withMove } from "../../../core/rollout/record";
import { bound } from "./support";

const act = { at: "2026-01-01T00:00:00.000Z", by: "somebody" };
const blueLive = withDeployment(emptyRecord(), "blue", bound("r1"), act);
const workload = (name: string, change: Partial<ObservedWorkload> = {}): ObservedWorkload => {
  const { image, ...release } = bound(name);
  return { release: JSON.stringify(release), proven: release.id, image, ready: 2, desired: 2, ...change };
};
const none = { blue: undefined, green: undefined };

describe("actualRollout", () => {
  it("finds nothing in an empty cluster", () => {
    const actual = actualRollout({ route: undefined, copy: undefined, workloads: none });
    assert.deepEqual([actual.live, actual.weights, actual.colors], [null, null, { blue: null, green: null }]);
  });

  it("takes the live color from the weights, not from the record, and names who wrote them", () => {
    const route = { weights: { blue: 0, green: 100 }, writer: "kubectl-edit", record: blueLive };
    const actual = actualRollout({
      route,
      copy: undefined,
      workloads: { blue: workload("r1"), green: workload("r2") },
    });
    assert.equal(actual.live, "green");
    assert.deepEqual(actual.foreign, { weights: { blue: 0, green: 100 }, writer: "kubectl-edit" });
  });

  it("sees nothing foreign in the weights it wrote itself", () => {
    const route = { weights: { blue: 100, green: 0 }, writer: "us", record: blueLive };
    assert.equal(actualRollout({ route, copy: undefined, workloads: none }).foreign, null);
  });

  it("counts the color that is being left as live until a move is done, even at 100 %", () => {
    const moving = withMove(blueLive, "green", "r2", 2, { blue: 0, green: 100 });
    const route = { weights: { blue: 0, green: 100 }, writer: "us", record: moving };
    const actual = actualRollout({ route, copy: undefined, workloads: none });
    assert.deepEqual([actual.live, actual.foreign], ["blue", null]);
  });

  it("remembers from the copy what was live when the route is gone", () => {
    const actual = actualRollout({
      route: undefined,
      copy: blueLive,
      workloads: { blue: workload("r1"), green: undefined },
    });
    assert.deepEqual([actual.live, actual.weights], ["blue", null]);
  });

  it("remembers what a deleted workload ran", () => {
    const route = { weights: { blue: 100, green: 0 }, writer: "us", record: blueLive };
    const { blue } = actualRollout({ route, copy: undefined, workloads: none }).colors;
    assert.deepEqual([blue?.release, blue?.missing, blue?.ready], [bound("r1"), true, 0]);
  });

  it("does not count a proof of another release", () => {
    const workloads = { blue: workload("r1"), green: workload("r2", { proven: bound("r1").id }) };
    assert.equal(actualRollout({ route: undefined, copy: undefined, workloads }).colors.green?.proven, false);
  });

  it("falls back to the record when somebody broke a workload's release note", () => {
    const route = { weights: { blue: 100, green: 0 }, writer: "us", record: blueLive };
    const workloads = { blue: workload("r1", { release: "nonsense" }), green: workload("r2", { release: "{}" }) };
    const { colors } = actualRollout({ route, copy: undefined, workloads });
    assert.deepEqual([colors.blue?.release.id, colors.green], [bound("r1").id, null]);
  });
});
