import { strict as assert } from "node:assert";
import fc from "fast-check";
import { otherColor, type Color } from "../../../core/rollout/color";
import {
  deploymentByTag,
  emptyRecord,
  findHold,
  newerRecord,
  parseRecord,
  previousGood,
  withDeployment,
  withFailure,
  withMove,
  withRollback,
  withStop,
  type RolloutRecord,
} from "../../../core/rollout/record";
import { bound } from "./support";

const act = { at: "2026-01-01T00:00:00.000Z", by: "somebody" };
const why = { ...act, reason: "because" };

/** A record after these releases went live one after the other, each on the color that was idle. */
const deployed = (...names: readonly string[]): RolloutRecord =>
  names.reduce(
    (record, name) => withDeployment(record, record.live ? otherColor(record.live) : "blue", bound(name), act),
    emptyRecord(),
  );

describe("the rollout record", () => {
  it("has no previous release after the first", () => {
    assert.equal(previousGood(deployed("r1")), undefined);
  });

  it("goes back to the release before, holds what it left, and a second time never goes forward", () => {
    const first = withRollback(deployed("r0", "r1", "r2"), "green", bound("r1"), why);
    assert.equal(findHold(first, bound("r2").id)?.kind, "rolledBack");
    assert.equal(previousGood(first)?.release.tag, "R0");
    const second = withRollback(first, "blue", bound("r0"), why);
    assert.equal(previousGood(second), undefined);
    assert.deepEqual(second.holds.map((hold) => hold.tag).sort(), ["R1", "R2"]);
  });

  it("never goes back to what was rolled back from, also when its hold was lifted by another release", () => {
    const back = withRollback(deployed("r1", "r2"), "blue", bound("r1"), why);
    const forward = withDeployment(back, "green", bound("r3"), act);
    assert.deepEqual(forward.holds, []);
    assert.equal(previousGood(forward)?.release.tag, "R1");
    const again = withDeployment(withDeployment(forward, "blue", bound("r2"), act), "green", bound("r4"), act);
    assert.equal(previousGood(again)?.release.tag, "R2", "deployed again, it is good again");
  });

  it("lifts holds when another release goes live", () => {
    const back = withRollback(deployed("r1", "r2"), "blue", bound("r1"), why);
    assert.deepEqual(withDeployment(back, "green", bound("r3"), act).holds, []);
  });

  it("gives a release that goes live again a new place in the order", () => {
    const again = deployed("r1", "r2", "r1");
    assert.deepEqual(
      again.deployments.map((one) => one.release.tag),
      ["R2", "R1"],
    );
    assert.equal(previousGood(again)?.release.tag, "R2");
  });

  it("holds a failed release once, with its latest reason, and puts the weights back", () => {
    const moving = withMove(deployed("r1"), "green", bound("r2").id, 0, { blue: 99, green: 1 });
    const failed = withFailure(withFailure(moving, bound("r2"), why), bound("r2"), { ...why, reason: "again" });
    assert.deepEqual(
      failed.holds.map(({ tag, kind, reason }) => ({ tag, kind, reason })),
      [{ tag: "R2", kind: "failed", reason: "again" }],
    );
    assert.deepEqual([failed.weights, failed.move, failed.live], [{ blue: 100, green: 0 }, null, "blue"]);
  });

  it("blames nobody for a move that was stopped", () => {
    const moving = withMove(deployed("r1"), "green", bound("r2").id, 0, { blue: 99, green: 1 });
    const stopped = withStop(moving, bound("r2"), why);
    assert.deepEqual([stopped.holds, stopped.weights, stopped.move], [[], { blue: 100, green: 0 }, null]);
  });

  it("finds a deployment by tag and by id, the newest first", () => {
    const record = deployed("r1", "r2", "r3");
    assert.equal(deploymentByTag(record, "R2")?.order, 2);
    assert.equal(deploymentByTag(record, bound("r1").id)?.order, 1);
    assert.equal(deploymentByTag(record, "R9"), undefined);
  });

  it("survives being written and read", () => {
    const record = withRollback(deployed("r1", "r2"), "blue", bound("r1"), why);
    assert.deepEqual(parseRecord(JSON.stringify(record), "here"), record);
  });

  it("refuses what is not a record, saying where and what to do", () => {
    assert.throws(() => parseRecord("{", "the annotation"), /^Error: the annotation is not JSON: restore it/);
    assert.throws(
      () => parseRecord(`{"sequence":-1}`, "the annotation"),
      /the annotation is not a rollout record \(sequence: /,
    );
  });

  it("prefers the newer of two copies", () => {
    const [older, newer] = [deployed("r1"), deployed("r1", "r2")];
    assert.equal(newerRecord(older, newer), newer);
    assert.equal(newerRecord(newer, older), newer);
    assert.equal(newerRecord(undefined, older), older);
    assert.equal(newerRecord(undefined, undefined), undefined);
  });

  /** Any history of deployments, failures and rollbacks. */
  const histories = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("deploy" as const), name: fc.constantFrom("r1", "r2", "r3", "r4", "r5") }),
      fc.record({ kind: fc.constant("fail" as const), name: fc.constantFrom("r1", "r2", "r3", "r4", "r5") }),
      fc.record({ kind: fc.constant("rollback" as const), name: fc.constant("") }),
    ),
    { maxLength: 40 },
  );

  it("keeps its promises through any history", () => {
    fc.assert(
      fc.property(histories, (history) => {
        let record = emptyRecord();
        for (const { kind, name } of history) {
          const idle: Color = record.live ? otherColor(record.live) : "blue";
          const before = record;
          if (kind === "deploy") record = withDeployment(record, idle, bound(name), act);
          else if (kind === "fail") {
            // The live release is never on trial again: a plan for it is settled.
            if (record.live && record.colors[record.live]?.id === bound(name).id) continue;
            record = withFailure(record, bound(name), why);
          } else {
            const target = previousGood(record);
            if (!target) continue;
            record = withRollback(record, idle, target.release, why);
            assert.ok(record.current < before.current, "a rollback goes back");
          }
          assert.equal(record.weights.blue + record.weights.green, 100);
          assert.ok(record.sequence > before.sequence);
          assert.ok(
            record.live === null || findHold(record, record.colors[record.live]?.id ?? "") === undefined,
            "live is not held",
          );
          assert.ok(record.deployments.length <= 10);
        }
      }),
    );
  });
});
