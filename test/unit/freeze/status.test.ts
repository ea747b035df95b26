import assert from "node:assert/strict";
import { stringify } from "yaml";
import { decisionsOf, freezeLines, frozenOf } from "../../../cli/freeze";
import type { FreezeTexts } from "../../../core/freeze/book";
import { loadSpans } from "../../../core/freeze/recurrence";
import { bookOf } from "./support";

const AT = new Date("2026-12-20T09:00:00Z");
const FLAG = { reason: "close", who: "ann@ops", since: null };
const GLASS = {
  by: "A. Rivera",
  reason: "CVE",
  since: "2026-12-20T08:30:00Z",
  until: "2026-12-20T10:00:00Z",
  recordedBy: "ann@ops",
};
type Open = Parameters<typeof decisionsOf>[0];
const OPEN = { config: { stack: "prod" }, services: [{ name: "api" }, { name: "web" }] } as unknown as Open;

describe("what a status says of a freeze", () => {
  const seen = async (texts: FreezeTexts) => decisionsOf(OPEN, "the store", bookOf(texts), await loadSpans(), AT);
  const flag = (keys: object = {}) => stringify({ flags: [{ ...FLAG, ...keys }] });

  it("is nothing where there is none", async () => {
    const none = await seen({});
    assert.deepEqual([frozenOf(none), freezeLines(none)], [null, []]);
  });

  it("is said once of a stack that is frozen as a whole", async () => {
    const whole = await seen({ flag: flag({ until: "2026-12-21T00:00:00Z" }) });
    assert.deepEqual(frozenOf(whole), { reason: "close", until: "2026-12-21T00:00:00Z" });
    assert.deepEqual(freezeLines(whole), [
      "a freeze is in effect: close (raised by ann@ops, until 2026-12-21T00:00:00Z)",
    ]);
  });

  it("names the service that alone is frozen", async () => {
    const one = await seen({ flag: flag({ services: ["web"] }) });
    assert.deepEqual(frozenOf(one), { reason: "web alone: close", until: null });
    assert.deepEqual(freezeLines(one), ["web: a freeze is in effect: close (raised by ann@ops, until it is lowered)"]);
  });

  it("does not keep quiet of a service for which the glass is broken", async () => {
    const broken = await seen({
      flag: flag(),
      breakGlass: stringify({ breakGlass: [{ ...GLASS, services: ["web"] }] }),
    });
    assert.deepEqual(frozenOf(broken), { reason: "close", until: null });
    assert.deepEqual(freezeLines(broken), [
      "a freeze is in effect: close (raised by ann@ops, until it is lowered)",
      "web: break-glass by A. Rivera until 2026-12-20T10:00:00Z (CVE) lifts a freeze: close (raised by ann@ops, until it is lowered)",
    ]);
  });
});
