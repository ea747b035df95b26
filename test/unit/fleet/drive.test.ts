import { strict as assert } from "node:assert";
import { driveFleet, type FleetRunner, type UpdateHow } from "../../../cli/fleet/drive";
import { CancelledError, RefusedError } from "../../../platform/errors";

/** A fleet whose members do as they are told, and what was asked of it, in order. */
function fleet(does: Readonly<Record<string, "fail" | "stop" | "change" | "stay">> = {}) {
  const asked: string[] = [];
  const runner: FleetRunner = {
    update(member, { mayFail }: UpdateHow) {
      asked.push(`update ${member} (${mayFail})`);
      if (does[member] === "fail") return Promise.reject(new RefusedError("a smoke test failed"));
      if (does[member] === "stop") return Promise.reject(new CancelledError("stopped"));
      return Promise.resolve("blue is live");
    },
    look(member) {
      asked.push(`look ${member}`);
      return Promise.resolve(does[member] === "change" ? "somebody rolled back" : undefined);
    },
    undo(member) {
      asked.push(`undo ${member}`);
      return does[member] === "stay"
        ? Promise.reject(new RefusedError("a lease is held"))
        : Promise.resolve("green is live");
    },
  };
  const drive = async (
    order: readonly (readonly string[])[],
    options: { undo?: boolean; maxFailures?: number } = {},
  ) => {
    const { undo = false, maxFailures = 0 } = options;
    const driven = await driveFleet(runner, {
      waves: { order, soakSeconds: 0, maxFailures },
      ...{
        parallel: 2,
        undo,
        done: new Set<string>(),
        signal: new AbortController().signal,
        onChange: () => undefined,
      },
    });
    return {
      ...driven,
      table: Object.fromEntries(driven.rows.map(({ member, outcome, said }) => [member, [outcome, said]])),
    };
  };
  return { asked, drive };
}

describe("a run of a fleet that goes wrong", () => {
  it("takes back what it moved with --undo, last first, and nothing that failed or never began", async () => {
    const { asked, drive } = fleet({ c: "fail" });
    const { table, stopped } = await drive([["a"], ["b"], ["c"], ["d"]], { undo: true });
    assert.deepEqual(
      asked.filter((one) => one.startsWith("undo")),
      ["undo b", "undo a"],
    );
    assert.deepEqual(table, {
      a: ["undone", "green is live"],
      b: ["undone", "green is live"],
      c: ["failed", "a smoke test failed"],
      d: ["waiting", ""],
    });
    assert.equal(stopped, "c failed; 0 may");
  });

  it("leaves what is healthy as it is without --undo", async () => {
    const { asked, drive } = fleet({ b: "fail" });
    const { table } = await drive([["a"], ["b"]]);
    assert.deepEqual([table.a?.[0], table.b?.[0]], ["done", "failed"]);
    assert.ok(!asked.some((one) => one.startsWith("undo")));
  });

  it("takes nothing back while no more have failed than may", async () => {
    const { asked, drive } = fleet({ a: "fail" });
    const { stopped, table } = await drive([["a"], ["b"]], { undo: true, maxFailures: 1 });
    assert.equal(stopped, undefined);
    assert.deepEqual([table.a?.[0], table.b?.[0]], ["failed", "done"]);
    assert.ok(!asked.some((one) => one.startsWith("undo")));
  });

  it("says what could not be taken back, and takes back the rest", async () => {
    const { drive } = fleet({ b: "stay", c: "fail" });
    const { table } = await drive([["a"], ["b"], ["c"]], { undo: true });
    assert.deepEqual(table.b, ["done", "could not be taken back: a lease is held"]);
    assert.equal(table.a?.[0], "undone");
  });

  it("stops where a release did not stay live while its wave was watched, and takes that one for failed", async () => {
    const { asked, drive } = fleet({ a: "change" });
    const { table, stopped } = await drive([["a", "b"], ["c"]], { undo: true });
    assert.deepEqual(table.a, ["failed", "somebody rolled back"]);
    assert.equal(stopped, "a failed; 0 may");
    assert.deepEqual(asked.slice(2), ["look a", "look b", "undo b"]);
    assert.equal(table.c?.[0], "waiting");
  });

  it("tells each update how many others may still fail", async () => {
    const { asked, drive } = fleet({ a: "fail", b: "fail" });
    await drive([["a"], ["b"], ["c"]], { maxFailures: 2 });
    assert.deepEqual(
      asked.filter((one) => one.startsWith("update")),
      ["update a (2)", "update b (1)", "update c (0)"],
    );
  });
});
