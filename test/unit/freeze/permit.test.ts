import assert from "node:assert/strict";
import { stringify } from "yaml";
import type { FreezeTexts } from "../../../core/freeze/book";
import { FreezeGuard, type FreezeGuardParts } from "../../../provider/freeze/permit";
import type { FreezeStore } from "../../../provider/freeze/store";
import { HoldHere, Refusal } from "../../../provider/rollout/errors";
import type { WeightChange } from "../../../provider/rollout/permit";
import { release } from "../rollout/support";

const NOW = new Date("2026-12-20T09:00:00Z");
const SIGNAL = new AbortController().signal;

const change = (keys: Partial<WeightChange> = {}): WeightChange => ({
  service: "web",
  namespace: "hms-prod",
  release: { ...release("r2"), image: "r" },
  to: "green",
  intent: "deploy",
  step: 0,
  before: { blue: 100, green: 0 },
  after: { blue: 90, green: 10 },
  evidence: [],
  marker: "1.1.0",
  by: "ann@ops",
  decisions: [],
  ...keys,
});
const MIDWAY = { step: 1, before: { blue: 90, green: 10 }, after: { blue: 0, green: 100 } } as const;
const frozen = (keys: object = {}): FreezeTexts => ({
  flag: stringify({ flags: [{ reason: "close", who: "ann@ops", since: "2026-12-20T08:00:00Z", ...keys }] }),
});

describe("a freeze, asked right before each weight", () => {
  const said: string[] = [];
  const guard = (read: () => Promise<FreezeTexts>, keys: Partial<FreezeGuardParts> = {}) => {
    const store: FreezeStore = { where: "the store", read, update: () => Promise.resolve() };
    said.length = 0;
    const notice = (message: string) => void said.push(message);
    const now = () => NOW;
    return new FreezeGuard({ store, stack: "prod", midMove: "hold", action: "deploy", notice, now, ...keys });
  };

  it("lets a move begin and go on where there is none", async () => {
    const open = guard(() => Promise.resolve({}));
    const decided = [await open.permit(change(), SIGNAL), await open.permit(change(MIDWAY), SIGNAL)];
    assert.deepEqual([decided, open.held], [[undefined, undefined], undefined]);
  });

  it("refuses a first weight, in the words of a blocked deploy", async () => {
    const one = guard(() => Promise.resolve(frozen({ until: "2027-01-02T00:00:00Z" })));
    await assert.rejects(one.permit(change(), SIGNAL), (error: Error) => {
      assert.ok(error instanceof Refusal);
      assert.equal(
        error.message,
        "web: Deploy blocked - freeze in effect: close (raised by ann@ops, since 2026-12-20T08:00:00Z, until 2027-01-02T00:00:00Z)",
      );
      return true;
    });
    assert.equal(one.held, undefined);
  });

  it("holds a move on its way, until a day after the freeze", async () => {
    const one = guard(() => Promise.resolve(frozen({ until: "2026-12-22T09:00:00Z" })));
    await assert.rejects(one.permit(change(MIDWAY), SIGNAL), (error: Error) => {
      assert.ok(error instanceof HoldHere);
      assert.equal(error.until.toISOString(), "2026-12-23T09:00:00.000Z");
      return true;
    });
    assert.match(one.held ?? "", /^web: Deploy blocked - freeze in effect: close .*; the move waits at 10 %$/);
  });

  it("sends it back where that is wanted", async () => {
    const one = guard(() => Promise.resolve(frozen()), { midMove: "restore" });
    await assert.rejects(one.permit(change(MIDWAY), SIGNAL), (error) => error instanceof Refusal);
  });

  it("takes a store that does not answer as frozen", async () => {
    const down = () => Promise.reject(new Error("connect ECONNREFUSED"));
    await assert.rejects(
      guard(down).permit(change(), SIGNAL),
      /freeze in effect: the store cannot be read: connect ECONNREFUSED/,
    );
    await assert.rejects(guard(down).permit(change(MIDWAY), SIGNAL), (error) => error instanceof HoldHere);
  });

  it("never stops a way back, and does not even ask", async () => {
    const never = guard(() => Promise.reject(new Error("asked")));
    await never.permit(change({ intent: "rollback" }), SIGNAL);
  });

  it("says once that the glass is broken", async () => {
    const breakGlass = stringify({
      breakGlass: [
        {
          by: "A. Rivera",
          reason: "CVE",
          since: "2026-12-20T08:30:00Z",
          until: "2026-12-20T10:00:00Z",
          recordedBy: "x",
        },
      ],
    });
    const one = guard(() => Promise.resolve({ ...frozen(), breakGlass }));
    assert.match((await one.permit(change(), SIGNAL)) ?? "", /^break-glass by A. Rivera/);
    await one.permit(change(MIDWAY), SIGNAL);
    assert.equal(said.length, 1);
    assert.match(
      said[0] ?? "",
      /^web: break-glass by A. Rivera until 2026-12-20T10:00:00Z \(CVE\) lifts a freeze: close/,
    );
  });

  it("ends with the caller's own stop, which is no freeze", async () => {
    const stop = new AbortController();
    stop.abort(new Error("stopped"));
    const one = guard(() => Promise.reject(new Error("aborted")));
    await assert.rejects(one.permit(change(), stop.signal), /^Error: stopped$/);
  });
});
