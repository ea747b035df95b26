import assert from "node:assert/strict";
import fc from "fast-check";
import { weightsFor, type Color } from "../../../core/rollout/color";
import { planRollout, type ActualRollout } from "../../../core/rollout/plan";
import {
  emptyRecord,
  findHold,
  parseRecord,
  withDeployment,
  asRollback,
  withFailure,
  withGivenUp,
  withMove,
  withParked,
  withRepair,
  withRollback,
  withStop,
  type RolloutRecord,
} from "../../../core/rollout/record";
import {
  overdue,
  withCancelled,
  withDelayed,
  withExpired,
  withMoot,
  withReplaced,
  withScheduled,
  type Schedule,
} from "../../../core/rollout/scheduled";
import { planSchedule } from "../../../core/rollout/schedulePlan";
import { replicasOf } from "../../../core/rollout/size";
import { serviceStatus, statusText } from "../../../core/rollout/status";
import { DEFAULT_POLICY } from "../../../core/schedule/field";
import { instantOf, readNotBefore } from "../../../core/schedule/notBefore";
import { bound, fact, release } from "./support";

const act = { at: "2026-11-30T00:00:00.000Z", by: "x" };
const because = { ...act, reason: "because" };
const NOW = new Date("2026-11-30T00:00:00.000Z");
const TEXT = "2026-12-01T00:00 America/New_York";
const r2 = bound("r2");
const schedule: Schedule = {
  at: "2026-12-01T05:00:00.000Z",
  zone: "America/New_York",
  text: TEXT,
  color: "green",
  release: r2.id,
  tag: r2.tag,
  onFreeze: "fire",
  expiresAfterSeconds: 86_400,
  graceSeconds: 600,
};
const live = withDeployment(emptyRecord(), "blue", bound("r1"), act);
const scheduled = withScheduled(live, { ...schedule, image: r2.image }, 7, act);
const moving = withMove(scheduled, "green", r2.id, 0, weightsFor("green", 1));

const world = (record: RolloutRecord): ActualRollout => ({
  live: "blue",
  weights: record.weights,
  foreign: null,
  colors: { blue: fact("r1"), green: fact("r2") },
  record,
});
const wish = (name: string, said?: string) => {
  const text = said === undefined ? {} : { schedule: { text: said, at: atOf(said) } };
  return { release: release(name), retry: false, ...text };
};
function earliest(text: string) {
  const read = readNotBefore(text);
  assert.ok(read.ok);
  return { said: read.value, resolved: instantOf(read.value, NOW) };
}
function atOf(text: string): string {
  const { resolved } = earliest(text);
  assert.ok(resolved.ok);
  return resolved.at.toISOString();
}

describe("a scheduled release", () => {
  it("leaves live color and weights alone, and is no move", () => {
    assert.deepEqual([scheduled.live, scheduled.weights, scheduled.move], [live.live, live.weights, null]);
    assert.deepEqual(scheduled.scheduled, { ...schedule, id: 7, image: r2.image, by: "x", since: act.at });
    const event = scheduled.events.at(-1);
    assert.deepEqual(
      [event?.kind, event?.color, event?.scheduled, event?.reason, event?.image],
      ["scheduled", "green", schedule.at, "for 2026-12-01 00:00 America/New_York", r2.image],
    );
  });

  it("survives being written and read; records before it are read too", () => {
    assert.deepEqual(parseRecord(JSON.stringify(scheduled), "here"), scheduled);
    assert.equal(parseRecord(JSON.stringify(live), "here").scheduled, undefined);
  });

  it("plans nothing for the same release, said again, said otherwise or not said at all", () => {
    for (const said of [undefined, TEXT, "2026-12-01T05:00Z"]) {
      const plan = planRollout(world(scheduled), wish("r2", said));
      assert.deepEqual([plan.kind, plan.live, plan.changes], ["scheduled", "blue", null], said);
      assert.match(plan.why, /is scheduled for 2026-12-01 00:00 America\/New_York$/);
    }
  });

  it("is the same wish when a time of day has become another instant meanwhile", () => {
    const daily = withScheduled(live, { ...schedule, text: "00:00 America/New_York", image: "i" }, 7, act);
    const again = {
      release: release("r2"),
      retry: false,
      schedule: { text: "00:00 America/New_York", at: "2026-12-02" },
    };
    assert.equal(planRollout(world(daily), again).kind, "scheduled");
  });

  it("is planned anew for another instant, and dropped for another release and for the live one", () => {
    assert.equal(planRollout(world(scheduled), wish("r2", "2026-12-01T06:00Z")).kind, "switch");
    assert.equal(planRollout(world(scheduled), wish("r3")).kind, "deploy");
    assert.equal(planRollout(world(scheduled), wish("r1")).kind, "settled");
    const replaced = { ...world(scheduled), colors: { blue: fact("r1"), green: fact("r9") } };
    assert.equal(planRollout(replaced, wish("r2")).kind, "deploy");
  });

  it("keeps its pods, however long ago the last move was", () => {
    const plan = planRollout(world(scheduled), wish("r2"));
    const late = new Date("2027-11-30T00:00:00.000Z");
    assert.equal(replicasOf("green", plan, world(scheduled), { replicas: 3, retainSeconds: 60 }, late), 3);
  });

  it("may go live, held or not; another instant is noted as a change", () => {
    const held = withCancelled(scheduled, because);
    assert.equal(findHold(held, r2.id)?.kind, "rolledBack");
    const again = withScheduled(held, { ...schedule, image: "i" }, 8, act);
    assert.equal(findHold(again, r2.id), undefined);
    const other = { ...schedule, at: "2026-12-01T06:00:00.000Z", image: "i" };
    assert.match(withScheduled(scheduled, other, 9, act).events.at(-1)?.reason ?? "", /01:00 .* instead of .* 00:00 /);
  });

  it("is still held by its freeze when it is said again, and not when it is said for another instant", () => {
    const delayed = withDelayed(scheduled, "frozen", act);
    const said = { ...schedule, image: r2.image };
    assert.deepEqual(withScheduled(delayed, said, 9, act).scheduled?.delayed, { since: act.at, why: "frozen" });
    const other = { ...said, at: "2026-12-01T06:00:00.000Z" };
    assert.equal(withScheduled(delayed, other, 9, act).scheduled?.delayed, undefined);
  });

  it("is overdue from its grace on, or the freeze's, as they are said now", () => {
    const after = (record: RolloutRecord, seconds: number, said: Partial<Schedule> = {}) =>
      overdue(record, { ...schedule, ...said }, Date.parse(schedule.at) + seconds * 1000);
    assert.equal(after(scheduled, 600), undefined);
    assert.match(
      after(scheduled, 601) ?? "",
      /^nothing moved it in time: it may begin at most 10m after 2026-12-01 00:00/,
    );
    assert.equal(after(scheduled, 601, { graceSeconds: 700 }), undefined);
    assert.equal(after(scheduled, 601, { at: "2026-12-01T05:00:01.000Z" }), undefined, "another instant");
    assert.equal(after(live, 601), undefined, "nothing was scheduled");
    const delayed = withDelayed(scheduled, "frozen", act);
    assert.equal(after(delayed, 86_400), undefined);
    assert.match(after(delayed, 86_401) ?? "", /^the freeze outlasted it: /);
  });

  for (const [name, end] of [
    ["a deployment", (record: RolloutRecord) => withDeployment(record, "green", r2, act)],
    ["a rollback to it", (record: RolloutRecord) => withRollback(record, "green", r2, because)],
    ["a failed gate", (record: RolloutRecord) => withFailure(record, r2, because)],
    ["a person's stop", (record: RolloutRecord) => withGivenUp(record, r2, because)],
    ["a parking", (record: RolloutRecord) => withParked(record, r2, { until: "2027", evidence: [] }, act)],
    ["somebody's taking its weights over", (record: RolloutRecord) => withRepair(record, "green", because)],
    ["another wish", (record: RolloutRecord) => withReplaced(record, because)],
    ["its cancellation", (record: RolloutRecord) => withCancelled(record, because)],
    ["its expiry", (record: RolloutRecord) => withExpired(record, because)],
  ] as const) {
    it(`is over after ${name}`, () => {
      const after = end(moving);
      assert.ok(!("scheduled" in after));
      assert.ok(after.sequence > moving.sequence);
    });
  }

  it("never waits for a color that is live, whatever happened before it was scheduled and since", () => {
    const standing = (color: Color) => (color === "blue" ? bound("r1") : r2);
    const acts: readonly ((record: RolloutRecord, color: Color) => RolloutRecord)[] = [
      (record, color) => withMove(record, color, standing(color).id, 0, weightsFor(color, 50)),
      (record, color) => asRollback(withMove(record, color, standing(color).id, 0, weightsFor(color))),
      (record, color) => withDeployment(record, color, standing(color), act),
      (record, color) => withRollback(record, color, standing(color), because),
      (record, color) => withRepair(record, color, because),
      (record, color) => withFailure(record, standing(color), because),
      (record, color) => withStop(record, standing(color), because),
      (record, color) => withGivenUp(record, standing(color), because),
      (record) => (record.move ? withParked(record, r2, { until: "2027", evidence: [] }, act) : record),
      (record) => (record.scheduled ? withDelayed(record, "frozen", act) : record),
      (record, color) =>
        record.live === color
          ? record // as scheduleMove refuses it
          : withScheduled(record, { ...schedule, color, release: standing(color).id, image: "i" }, 7, act),
    ];
    const step = fc.tuple(fc.constantFrom(...acts), fc.constantFrom<Color>("blue", "green"));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const record = steps.reduce((found, [happens, color]) => happens(found, color), live);
        assert.notEqual(record.scheduled?.color, record.live);
      }),
    );
  });

  it("outlives what is no verdict on it: a dead mover, another release's failure, a repaired route", () => {
    for (const after of [
      withStop(moving, r2, because),
      withFailure(scheduled, bound("r9"), because),
      withRepair(scheduled, "blue", because),
      withDelayed(scheduled, "frozen", act),
    ]) {
      assert.equal(after.scheduled?.id, 7);
    }
  });

  it("is over, and held by nobody, where its color has become live with it by whatever way", () => {
    const by = { weights: weightsFor("green"), writer: "kubectl-edit" };
    for (const [found, why] of [
      [{ ...world(scheduled), live: "green" }, "green is live with it already"],
      [{ ...world(scheduled), live: "green", foreign: by }, "green is live with it already, by kubectl-edit"],
    ] as const) {
      const after = withMoot(scheduled, found, act);
      const event = after.events.at(-1);
      assert.deepEqual([after.scheduled, findHold(after, r2.id)], [undefined, undefined]);
      assert.deepEqual([event?.kind, event?.scheduled, event?.reason], ["cancelled", schedule.at, why]);
      assert.ok(after.sequence > scheduled.sequence);
    }
  });

  it("is over and held where its color is live with another release, or the next update would move it at once", () => {
    const colors = { blue: fact("r1"), green: fact("r9") };
    const after = withMoot(scheduled, { ...world(scheduled), live: "green", colors }, act);
    assert.deepEqual([after.scheduled, after.events.at(-1)?.kind], [undefined, "expired"]);
    assert.match(findHold(after, r2.id)?.reason ?? "", /^green is live with R9 \(\w+\)$/);
  });

  it("waits on where its color is not live, and nothing is written where nothing is scheduled", () => {
    assert.equal(withMoot(scheduled, world(scheduled), act), scheduled);
    assert.equal(withMoot(live, { ...world(live), live: "green" }, act), live);
  });

  it("is no obstacle for a way back to the same release, begun or asked for", () => {
    const back = { release: release("r2"), retry: true, goesBack: true } as const;
    const begun = asRollback(withMove(scheduled, "green", r2.id, 0, weightsFor("green")));
    for (const record of [scheduled, begun]) {
      const plan = planRollout(world(record), back);
      assert.deepEqual([plan.kind, plan.live], ["switch", "green"]);
      assert.deepEqual(planSchedule(plan, record, r2, undefined, DEFAULT_POLICY), {});
    }
  });

  it("is held when somebody gives it up or its time is over, and not when another release is wanted", () => {
    const kinds = [withCancelled, withExpired, withReplaced].map((end) => {
      const record = end(scheduled, because);
      return [record.events.at(-1)?.kind, findHold(record, r2.id)?.reason];
    });
    assert.deepEqual(kinds, [
      ["cancelled", "because"],
      ["expired", "because"],
      ["cancelled", undefined],
    ]);
  });

  it("shows in status until its move begins, also while that is prepared", () => {
    const seen = { name: "svc", target: "c", url: "u", actual: world(scheduled), mover: null };
    assert.deepEqual([serviceStatus(seen).phase, serviceStatus(seen).scheduledAt], ["scheduled", schedule.at]);
    assert.equal(serviceStatus({ ...seen, mover: "pod" }).phase, "scheduled");
    assert.match(
      statusText([seen]).join("\n"),
      /^ {2}SCHEDULED@00:00 \(2026-12-01 00:00 America\/New_York\): R2 \(\w+\) on green$/m,
    );
    assert.equal(serviceStatus({ ...seen, actual: world(moving), mover: "pod" }).phase, "moving");
    const delayed = { ...seen, actual: world(withDelayed(scheduled, "frozen by x", act)) };
    assert.match(statusText([delayed]).join("\n"), /on green; held since 2026-11-30\S+: frozen by x$/m);
  });

  it("is named in status when nothing moved it in time, unless somebody is about to", () => {
    const instant = Date.parse(schedule.at);
    const text = (record: RolloutRecord, seconds: number, mover: string | null = null) => {
      const at = { seenAt: new Date(instant + seconds * 1000) };
      return statusText([{ name: "svc", target: "c", url: "u", actual: world(record), mover, ...at }]).join("\n");
    };
    const late = / on green; nothing moved it in time: hms-deploy promote moves it now, hms-deploy abort cancels it$/m;
    assert.match(text(scheduled, schedule.graceSeconds + 1), late);
    assert.doesNotMatch(text(scheduled, schedule.graceSeconds), late);
    assert.doesNotMatch(text(scheduled, schedule.graceSeconds + 1, "pod"), late);
    const delayed = withDelayed(scheduled, "frozen", act);
    assert.match(text(delayed, schedule.graceSeconds + 1), /on green; held since \S+: frozen$/m);
    assert.match(text(delayed, schedule.expiresAfterSeconds + 1), /: frozen; nothing moved it in time: /);
  });

  it("is the live version in status afterwards, until something else is", () => {
    const by = { ...act, scheduled: schedule.at, reason: "scheduled for then" };
    const done = withDeployment(moving, "green", r2, by);
    const seen = { name: "svc", target: "c", url: "u", actual: world(done), mover: null };
    assert.match(statusText([seen]).join("\n"), /^ {2}live version R2 since \S+, scheduled for then$/m);
    assert.deepEqual([serviceStatus(seen).phase, serviceStatus(seen).scheduledAt], ["live", null]);
    const next = withDeployment(done, "blue", bound("r3"), act);
    assert.doesNotMatch(statusText([{ ...seen, actual: world(next) }]).join("\n"), /live version/);
  });
});

describe("what of a plan is left to an instant", () => {
  const of = (record: RolloutRecord, name: string, text?: string) => {
    const plan = planRollout(world(record), wish(name, text));
    const asked = text === undefined ? undefined : earliest(text);
    return planSchedule(plan, record, release(name), asked, DEFAULT_POLICY);
  };

  it("is the move that it would make, to the color it would make it to", () => {
    assert.deepEqual(of(live, "r2", TEXT), { schedule });
    assert.equal(of(live, "r3", TEXT).schedule?.color, "green");
  });

  it("is what waits already, with the policy as it is now", () => {
    const old = withScheduled(live, { ...schedule, graceSeconds: 1, image: "i" }, 7, act);
    assert.deepEqual(of(old, "r2"), { schedule });
  });

  it("is nothing where nothing moves, whether that instant is over or not", () => {
    assert.deepEqual(of(live, "r1", TEXT), {});
    const over = { ...earliest(TEXT), resolved: instantOf(earliest(TEXT).said, new Date("2027-06-01")) };
    const settled = planRollout(world(live), wish("r1"));
    assert.deepEqual(planSchedule(settled, live, release("r1"), over, DEFAULT_POLICY), {});
  });

  it("is refused for an instant that is over, and for a first release", () => {
    const over = { ...earliest(TEXT), resolved: instantOf(earliest(TEXT).said, new Date("2026-12-01T05:00:01Z")) };
    const plan = planRollout(world(live), wish("r2"));
    assert.match(
      planSchedule(plan, live, r2, over, DEFAULT_POLICY).problem ?? "",
      /^notBefore: got "2026-12-01T00:00 America\/New_York", which is 1s ago; allowed is an instant in the future/,
    );
    const nothing = { ...world(emptyRecord()), live: null, weights: null, colors: { blue: null, green: null } };
    const first = planRollout(nothing, wish("r2"));
    assert.match(
      planSchedule(first, emptyRecord(), r2, earliest(TEXT), DEFAULT_POLICY).problem ?? "",
      /nothing for a first release/,
    );
  });
});
