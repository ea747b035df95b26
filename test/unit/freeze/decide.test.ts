import assert from "node:assert/strict";
import { stringify } from "yaml";
import { unreadableBook } from "../../../core/freeze/book";
import { withFlag, withFlagsLeft, withGlass, withGlassEnded } from "../../../core/freeze/change";
import { blockedText, noticeText } from "../../../core/freeze/describe";
import { narrowed } from "../../../core/freeze/lower";
import { decideFreeze, type Spans } from "../../../core/freeze/decide";
import { bookOf, calendarOf, decide, WHOLE } from "./support";

const FLAG = { reason: "year-end close", who: "ann@ops", since: "2026-12-20T08:00:00Z" };
const AT = "2026-12-20T09:00:00Z";
const GLASS = {
  by: "A. Rivera",
  reason: "CVE-2026-1",
  since: "2026-12-20T08:30:00Z",
  until: "2026-12-20T10:30:00Z",
  recordedBy: "ann@ops",
};

describe("a freeze's flag", () => {
  it("freezes by being there, whatever it says", async () => {
    for (const [text, reason] of [
      ["", /without a reason/],
      ["  \n", /without a reason/],
      ["year-end close\n", /^year-end close$/],
      [stringify({ flags: [FLAG] }), /^year-end close$/],
      ["flags: [", /cannot be read: not valid YAML/],
      ["{}", /cannot be read: flags: got nothing/],
      ["flags: []", /at least one flag/],
      ["42", /cannot be read: got 42/],
      ["fags: []", /cannot be read: flags: got nothing/],
      ["a: &a [1]\nflags: *a", /cannot be read/],
    ] as const) {
      const decision = await decide(bookOf({ flag: text }), AT);
      assert.ok(decision.frozen, text);
      assert.match(decision.reason, reason);
    }
    assert.deepEqual(await decide(bookOf({}), AT), { frozen: false });
  });

  it("is over at its end, and about what it names alone", async () => {
    const flag = { ...FLAG, until: "2026-12-21T00:00:00+02:00", services: ["web"] };
    const book = bookOf({ flag: stringify({ flags: [flag] }) });
    const web = { ...WHOLE, service: "web" };
    const frozen = await decide(book, AT, web);
    assert.ok(frozen.frozen);
    assert.equal(frozen.until, "2026-12-20T22:00:00Z");
    assert.equal((await decide(book, "2026-12-20T21:59:59Z", web)).frozen, true);
    assert.equal((await decide(book, "2026-12-20T22:00:00Z", web)).frozen, false);
    assert.equal((await decide(book, AT, { ...WHOLE, service: "api" })).frozen, false);
  });

  it("says who, why, since and until when", async () => {
    const book = bookOf({
      flag: stringify({ flags: [{ ...FLAG, until: "2027-01-02T08:00:00Z", link: "https://wiki.example.gov/close" }] }),
    });
    const decision = await decide(book, AT);
    assert.ok(decision.frozen);
    assert.equal(
      blockedText(decision),
      "Deploy blocked - freeze in effect: year-end close (raised by ann@ops, since 2026-12-20T08:00:00Z, " +
        "until 2027-01-02T08:00:00Z, https://wiki.example.gov/close)",
    );
  });

  it("does not end before the other one does", async () => {
    const flags = [
      { ...FLAG, until: "2026-12-21T00:00:00Z" },
      { ...FLAG, until: "2026-12-25T00:00:00Z" },
    ];
    const both = await decide(bookOf({ flag: stringify({ flags }) }), AT);
    assert.ok(both.frozen);
    assert.deepEqual([both.until, both.others], ["2026-12-25T00:00:00Z", 1]);
    const open = await decide(bookOf({ flag: stringify({ flags: [...flags, FLAG] }) }), AT);
    assert.ok(open.frozen);
    assert.equal(open.until, null);
  });

  it("is raised beside others, and lowered without them", () => {
    const one = withFlag({}, { ...FLAG, stacks: ["prod"] });
    const two = withFlag(one, { ...FLAG, id: "alertmanager/prod/1", reason: "alert", stacks: ["prod", "staging"] });
    const again = withFlag(two, {
      ...FLAG,
      id: "alertmanager/prod/1",
      reason: "alert, again",
      stacks: ["prod", "staging"],
    });
    assert.deepEqual(
      bookOf(again).flags.map(({ reason }) => reason),
      ["year-end close", "alert, again"],
    );
    const left = withFlagsLeft(again, (flag) => narrowed(flag, "prod", undefined));
    assert.deepEqual(
      bookOf(left).flags.map(({ reason, stacks }) => [reason, stacks]),
      [["alert, again", ["staging"]]],
    );
    assert.deepEqual(
      withFlagsLeft(left, (flag) => narrowed(flag, "staging", undefined)),
      {},
    );
    assert.throws(() => withFlag({ flag: "flags: [" }, FLAG), /cannot be read/);
  });
});

describe("what cannot be read", () => {
  it("is a window too that cannot be computed", () => {
    const { windows } = calendarOf({ name: "w", dtstart: "2026-01-01T00:00:00Z", duration: "PT1H" });
    const spans: Spans = {
      at: () => {
        throw new Error("too many iterations");
      },
      next: () => undefined,
    };
    const decision = decideFreeze({ flags: [], windows, glass: [], problems: [] }, spans, WHOLE, new Date(AT));
    assert.ok(decision.frozen);
    assert.equal(decision.reason, "the window w cannot be computed: too many iterations");
  });

  it("is frozen, with that reason, and nothing that is not read can lift it", async () => {
    const decision = await decide(unreadableBook("ConfigMap hms-prod/hms-freeze", "no answer in 5 s"), AT);
    assert.ok(decision.frozen);
    assert.equal(decision.reason, "ConfigMap hms-prod/hms-freeze cannot be read: no answer in 5 s");
    assert.match(
      blockedText(decision),
      /^Deploy blocked - freeze in effect: .*taken as frozen, until it is lowered\)$/,
    );
  });

  it("is a calendar too, and a break-glass", async () => {
    for (const texts of [{ calendar: "" }, { calendar: "windows: 5" }, { breakGlass: "who knows" }]) {
      const decision = await decide(bookOf(texts), AT);
      assert.ok(decision.frozen);
      assert.equal(decision.source, "unreadable");
    }
  });
});

describe("break-glass", () => {
  const frozen = { flag: stringify({ flags: [FLAG] }) };
  const with_ = (glass: object) => bookOf({ ...frozen, breakGlass: stringify({ breakGlass: [glass] }) });

  it("lifts a freeze until it expires, and never silently", async () => {
    const book = with_(GLASS);
    const lifted = await decide(book, AT);
    assert.ok(!lifted.frozen);
    assert.equal(
      noticeText(lifted),
      "break-glass by A. Rivera until 2026-12-20T10:30:00Z (CVE-2026-1) lifts a freeze: " +
        "year-end close (raised by ann@ops, since 2026-12-20T08:00:00Z, until it is lowered)",
    );
    assert.equal((await decide(book, "2026-12-20T10:29:59Z")).frozen, false);
    assert.equal((await decide(book, "2026-12-20T10:30:00Z")).frozen, true);
  });

  it("lifts it for what it names alone", async () => {
    const book = with_({ ...GLASS, stacks: ["prod"], services: ["web"] });
    assert.equal((await decide(book, AT, { ...WHOLE, service: "web" })).frozen, false);
    assert.equal((await decide(book, AT, { ...WHOLE, service: "api" })).frozen, true);
    assert.equal((await decide(book, AT, { stack: "staging", service: "web", action: "deploy" })).frozen, true);
    assert.equal((await decide(book, AT)).frozen, true);
  });

  it("says nothing where nothing is frozen", async () => {
    const book = bookOf({ breakGlass: stringify({ breakGlass: [GLASS] }) });
    assert.deepEqual(await decide(book, AT), { frozen: false });
  });

  it("that would hold for too long holds not at all", async () => {
    assert.equal((await decide(with_({ ...GLASS, until: "2026-12-21T08:30:01Z" }), AT)).frozen, true);
  });

  it("can be ended before its time", async () => {
    const texts = withGlass(withGlass({ ...frozen }, { ...GLASS, stacks: ["prod"] }), {
      ...GLASS,
      stacks: ["staging"],
    });
    const ended = bookOf(withGlassEnded(texts, "prod", new Date("2026-12-20T08:45:00Z")));
    assert.equal((await decide(ended, AT)).frozen, true);
    assert.equal((await decide(ended, AT, { ...WHOLE, stack: "staging" })).frozen, false);
    assert.equal(ended.glass[0]?.until, "2026-12-20T08:45:00Z");
  });

  it("stays on record when it is over", () => {
    const once = withGlass({}, GLASS);
    const twice = withGlass(once, { ...GLASS, by: "B. Chen" });
    assert.deepEqual(
      bookOf(twice).glass.map(({ by }) => by),
      ["A. Rivera", "B. Chen"],
    );
  });
});
