import assert from "node:assert/strict";
import fc from "fast-check";
import { turnOf, type Timing } from "../../../core/schedule/turn";

const AT = Date.parse("2026-12-01T05:00:00.000Z");
const timing: Timing = {
  at: new Date(AT).toISOString(),
  zone: "America/New_York",
  onFreeze: "fire",
  graceSeconds: 600,
  expiresAfterSeconds: 86_400,
};
const delayed: Timing = { ...timing, delayed: { since: timing.at } };
const LEAD = 10_000;

describe("the turn of a scheduled move", () => {
  const table: readonly (readonly [string, Timing, number, string])[] = [
    ["waits a year ahead", timing, AT - 366 * 86_400_000, "wait"],
    ["waits until its lead", timing, AT - LEAD - 1, "wait"],
    ["prepares in its lead", timing, AT - LEAD, "go"],
    ["goes at its instant", timing, AT, "go"],
    ["goes late within its grace", timing, AT + 600_000, "go"],
    ["is over after its grace", timing, AT + 600_001, "expire"],
    ["outlasts its grace in a freeze", delayed, AT + 600_001, "go"],
    ["waits for the end of a freeze as long as it may", delayed, AT + 86_400_000, "go"],
    ["is over when a freeze lasts longer", delayed, AT + 86_400_001, "expire"],
  ];
  for (const [name, given, now, kind] of table) {
    it(name, () => {
      assert.equal(turnOf(given, now, LEAD).kind, kind);
    });
  }

  it("says how late it may be when it is over", () => {
    assert.deepEqual(turnOf(timing, AT + 600_001, LEAD), {
      kind: "expire",
      why: "nothing moved it in time: it may begin at most 10m after 2026-12-01 00:00 America/New_York",
    });
    assert.deepEqual(turnOf(delayed, AT + 86_400_001, LEAD), {
      kind: "expire",
      why: "the freeze outlasted it: it may begin at most 1d after 2026-12-01 00:00 America/New_York",
    });
  });

  it("never goes before its lead, and waits just until then", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -10_000_000, max: 10_000_000 }),
        fc.integer({ min: 0, max: 60_000 }),
        (off, lead) => {
          const turn = turnOf(timing, AT + off, lead);
          if (turn.kind === "wait") assert.equal(AT + off + turn.ms, AT - lead);
          else assert.ok(off >= -lead);
        },
      ),
    );
  });
});
