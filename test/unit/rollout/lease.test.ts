import { strict as assert } from "node:assert";
import {
  decideLease,
  holderIdentity,
  parseHolder,
  type LeaseHolder,
  type LeaseState,
} from "../../../core/rollout/lease";

const me: LeaseHolder = { user: "ann", host: "a", pid: 1, id: "1-100" };
const other: LeaseHolder = { user: "bob", host: "b", pid: 2, id: "2-200" };
const lease = (change: Partial<LeaseState> = {}): LeaseState => ({
  holder: other,
  renewed: "t1",
  durationSeconds: 15,
  token: 7,
  ...change,
});
const alive = () => false;

describe("decideLease", () => {
  const sighting = { renewed: "t1", since: 1000 };
  it("takes a lease that does not exist, with the first token", () => {
    assert.deepEqual(decideLease(undefined, me, sighting, 1000, alive), {
      kind: "take",
      token: 1,
      why: "nobody held it",
    });
  });
  it("takes a free lease with a larger token", () => {
    assert.deepEqual(decideLease(lease({ holder: null }), me, sighting, 1000, alive), {
      kind: "take",
      token: 8,
      why: "nobody holds it",
    });
  });
  it("knows its own lease", () => {
    assert.deepEqual(decideLease(lease({ holder: me }), me, sighting, 99_000, alive), { kind: "mine", token: 7 });
  });
  it("takes a dead holder's lease at once", () => {
    const decision = decideLease(lease(), me, sighting, 1000, (holder) => holder.id === other.id);
    assert.deepEqual(decision, { kind: "take", token: 8, why: "bob@b (pid 2) has ended" });
  });
  it("waits for a silent holder as long as the lease lasts", () => {
    assert.deepEqual(decideLease(lease(), me, sighting, 6000, alive), { kind: "wait", ms: 10_000, holder: other });
  });
  it("takes an expired lease", () => {
    const decision = decideLease(lease(), me, sighting, 16_000, alive);
    assert.deepEqual(decision, { kind: "take", token: 8, why: "bob@b (pid 2) gave no sign for 15 s" });
  });
  it("starts waiting again at each heartbeat, whatever the clocks say", () => {
    const decision = decideLease(lease({ renewed: "t2" }), me, sighting, 1_000_000, alive);
    assert.deepEqual(decision, { kind: "wait", ms: 15_000, holder: other });
  });
});

describe("holder identity", () => {
  it("survives being written and read", () => {
    assert.deepEqual(parseHolder(holderIdentity(me)), me);
  });
  it("reads an empty one as nobody", () => {
    assert.deepEqual([parseHolder(""), parseHolder(undefined)], [null, null]);
  });
  it("takes a foreign one for somebody whose process cannot be checked", () => {
    assert.deepEqual(parseHolder("some-controller-0"), {
      user: "some-controller-0",
      host: "",
      pid: 0,
      id: "some-controller-0",
    });
  });
});
