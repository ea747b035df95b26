import { strict as assert } from "node:assert";
import fc from "fast-check";
import { weightsFor } from "../../../core/rollout/color";
import {
  emptyRecord,
  parseRecord,
  unledgered,
  withDeployment,
  withFailure,
  withLedgered,
  withMove,
  withParked,
  withRepair,
  withRollback,
  withStop,
  type RolloutRecord,
} from "../../../core/rollout/record";
import { bound } from "./support";

const act = { at: "2026-01-01T00:00:00.000Z", by: "somebody" };
const why = { ...act, reason: "because" };
const first = withDeployment(
  withMove(emptyRecord(), "blue", bound("r1").id, 0, weightsFor("blue")),
  "blue",
  bound("r1"),
  act,
);
const atTen = withMove(first, "green", bound("r2").id, 0, weightsFor("green", 10));
const atFifty = withMove(atTen, "green", bound("r2").id, 1, weightsFor("green", 50));
const last = ({ events }: RolloutRecord) => events.at(-1);

describe("an event of a rollout", () => {
  it("says from where to where the traffic went, over all steps of its move", () => {
    assert.deepEqual(last(first)?.weights, { before: null, after: { blue: 100, green: 0 } });
    const done = withDeployment(atFifty, "green", bound("r2"), act);
    assert.deepEqual(last(done)?.weights, { before: { blue: 100, green: 0 }, after: { blue: 0, green: 100 } });
    const back = withRollback(withMove(done, "blue", bound("r1").id, 0, weightsFor("blue")), "blue", bound("r1"), why);
    assert.deepEqual(last(back)?.weights, { before: { blue: 0, green: 100 }, after: { blue: 100, green: 0 } });
  });

  it("of a restore says which share was taken back", () => {
    for (const restored of [withStop(atFifty, bound("r2"), why), withFailure(atFifty, bound("r2"), why)])
      assert.deepEqual(last(restored)?.weights, { before: { blue: 50, green: 50 }, after: { blue: 100, green: 0 } });
  });

  it("of a parking has the weights it parks at, and what the gates said", () => {
    const gates = [{ gate: "error-share", value: 0.001, samples: 400 }];
    const parked = withParked(atTen, bound("r2"), { until: act.at, evidence: gates }, { ...act, gates });
    assert.deepEqual(last(parked)?.weights?.after, { blue: 90, green: 10 });
    assert.deepEqual(last(parked)?.gates, gates);
    assert.equal(last(parked)?.image, bound("r2").image);
  });

  it("from before there was a ledger is never owed to it", () => {
    const old = JSON.parse(JSON.stringify(first)) as RolloutRecord;
    const events = old.events.map(({ at, kind, color, release, tag, by }) => ({ at, kind, color, release, tag, by }));
    const { ledgered: _younger, ...rest } = old;
    const read = parseRecord(JSON.stringify({ ...rest, events }), "here");
    assert.deepEqual(unledgered(read), []);
    assert.equal(unledgered(withRepair(read, "blue", why)).length, 1);
  });

  it("stays until the ledger has it, and no more than a few stay for longer", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 250 }), (noted) => {
        let record = first;
        let owed = unledgered(record).length;
        for (const note of noted) {
          record = note ? withLedgered(record, record.sequence) : withRepair(record, "blue", why);
          owed = note ? 0 : Math.min(owed + 1, 200);
          assert.equal(unledgered(record).length, owed);
          assert.ok(record.events.length <= Math.max(20, owed));
        }
      }),
    );
  });
});
