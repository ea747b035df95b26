import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { entrySchema, nextEntry, EMPTY } from "../../../core/ledger/entry";
import { decide } from "../../../core/sharing/decide";
import { factOfRecord, SANDBOX_LEDGER } from "../../../core/sharing/facts";
import { grantText, readGrants, withGrant, withoutGrants, writeGrants } from "../../../core/sharing/grant";
import { plainPage, refusalPage } from "../../../core/sharing/page";
import { policyOf } from "../../../core/sharing/style";
import { doorOf, hostNameOf, reviewUrl, sandboxOfHost, sandboxUrl } from "../../../core/sharing/names";
import {
  emptyBook,
  owedTo,
  readBook,
  reviewsOf,
  withLedgered,
  withRecords,
  writeBook,
  type NewRecord,
} from "../../../core/sharing/records";
import { mayReview, readReview, revisionOf, standingOf, type Review } from "../../../core/sharing/review";
import { problemText } from "../../../core/service/problem";
import { ANA, GRANT, minutes, NOW, SANDBOX } from "./support";

describe("grants as they are stored", () => {
  it("read back as they were written", () => {
    const read = readGrants(writeGrants([GRANT]));
    assert.ok(read.ok);
    assert.deepEqual(read.value, [{ ...GRANT, until: "2026-11-22T17:00:00Z", at: "2026-11-22T11:30:00Z" }]);
  });

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ["no JSON", "{", /no JSON/],
    [
      "another level",
      { grants: [{ ...GRANT, as: "admin" }] },
      /grants\[0\]\.as: got "admin"; allowed is one of view, try, own/,
    ],
    ["no role", { grants: [{ ...GRANT, role: undefined }] }, /grants\[0\]\.role/],
    ["an unknown key", { grants: [{ ...GRANT, untill: "x" }] }, /untill: got an unknown key/],
    ["no end", { grants: [{ ...GRANT, until: "soon" }] }, /grants\[0\]\.until/],
    ["no list", { grants: "all" }, /a list of grants/],
    ["one wrong among right ones", { grants: [GRANT, { ...GRANT, to: {} }] }, /grants\[1\]\.to\.users/],
  ];
  for (const [name, document, expected] of wrong)
    it(`count for nothing with ${name}`, () => {
      const read = readGrants(typeof document === "string" ? document : JSON.stringify(document));
      assert.ok(!read.ok);
      assert.match(read.problems.map(problemText).join("\n"), expected);
    });

  it("lose what has ended when one is added, and what is taken back", () => {
    const old = { ...GRANT, id: "old", until: minutes(-1).toISOString() };
    const two = withGrant([old, GRANT], { ...GRANT, id: "g2" }, NOW);
    assert.deepEqual(
      two.map(({ id }) => id),
      ["g1", "g2"],
    );
    assert.deepEqual(
      withoutGrants(two, ["g1"]).map(({ id }) => id),
      ["g2"],
    );
  });

  it("say in words whom they let in", () => {
    assert.match(grantText(GRANT), /^ana, with the role PolicyAnalyst, may look until/);
    const all = { ...GRANT, to: { users: [], groups: [] }, as: "try" } as const;
    assert.match(grantText(all), /^everybody with the role PolicyAnalyst may look and change its data until/);
  });
});

describe("the decision of a role", () => {
  const revision = revisionOf(SANDBOX);
  const said = (who: string, verdict: Review["verdict"], more: Partial<Review> = {}): Review => ({
    ...{ who, verdict, roles: ["PolicyAnalyst"], comment: "", at: NOW.toISOString(), revision },
    ...more,
  });
  const cases: readonly (readonly [string, readonly Review[], string])[] = [
    ["is waited for while nobody has spoken", [], "waiting"],
    ["is approved by one", [said("ana", "approved")], "approved"],
    [
      "is rejected by one against many",
      [said("ana", "approved"), said("ben", "rejected"), said("eve", "approved")],
      "rejected",
    ],
    ["follows the last word of a reviewer", [said("ana", "rejected"), said("ana", "approved")], "approved"],
    [
      "follows the last word of a reviewer who changed to no",
      [said("ana", "approved"), said("ana", "rejected")],
      "rejected",
    ],
    ["does not hear other roles", [said("ana", "approved", { roles: ["Auditor"] })], "waiting"],
    ["does not hear words on what was there before", [said("ana", "approved", { revision: "0" })], "waiting"],
  ];
  for (const [name, reviews, expected] of cases)
    it(name, () => {
      assert.equal(standingOf(reviews, "PolicyAnalyst", revision).state, expected);
    });

  it("is another one when the sandbox shows something else", () => {
    const others = [{ changed: "v4" }, { snapshot: "s2" }, { createdAt: NOW }, { name: "sbx-43" }];
    assert.equal(new Set([revision, ...others.map((other) => revisionOf({ ...SANDBOX, ...other }))]).size, 5);
    assert.equal(
      revisionOf({ ...SANDBOX, expiresAt: NOW, owner: "x", purpose: "y" }),
      revision,
      "a longer lease changes nothing",
    );
  });

  it("is not the owner's", () => {
    const request = { method: "GET", host: "h", sandboxHost: "h" };
    const may = (grant: Partial<typeof GRANT>, owner = "olga") => {
      const what = { ...SANDBOX, owner };
      return mayReview(decide(request, ANA, [{ ...GRANT, ...grant }], what, NOW), ANA, what).ok;
    };
    assert.equal(may({}), true);
    assert.equal(may({ as: "try" }), true);
    assert.equal(may({ as: "own" }), false);
    assert.equal(may({}, "ana"), false);
    assert.equal(may({}, "ana@example.org"), false);
    assert.equal(may({ until: NOW.toISOString() }), false);
  });
});

describe("a reviewer's form", () => {
  const read = (text: string) => readReview(new URLSearchParams(text));
  it("needs a verdict, and a reason to reject", () => {
    assert.deepEqual(read("verdict=approved"), { ok: true, verdict: "approved", comment: "" });
    assert.equal(read("verdict=maybe").ok, false);
    assert.equal(read("comment=x").ok, false);
    assert.equal(read("verdict=rejected&comment=%20").ok, false);
    assert.deepEqual(read("verdict=rejected&comment=too%20low%0D%0Aby%202"), {
      ok: true,
      verdict: "rejected",
      comment: "too low\nby 2",
    });
  });
  it("keeps no character that nobody sees", () => {
    assert.deepEqual(read("verdict=approved&comment=a%00b%1B%E2%80%AEc"), {
      ok: true,
      verdict: "approved",
      comment: "abc",
    });
  });
  it("has a longest comment", () => {
    assert.equal(read(`verdict=approved&comment=${"x".repeat(2001)}`).ok, false);
    assert.equal(read(`verdict=approved&comment=${"x".repeat(2000)}`).ok, true);
  });
});

describe("what happened at a sandbox's door", () => {
  const record: NewRecord = {
    kind: "opened",
    at: "2026-11-22T12:00:00.000Z",
    who: "ana",
    owner: "olga",
    snapshot: "s",
    revision: "r",
    roles: ["PolicyAnalyst"],
  };
  const refused: NewRecord = { ...record, kind: "refused", who: null, roles: [], reason: "no-login", times: 3 };

  it("reads back as it was written, in order", () => {
    const book = withRecords(emptyBook("sbx-42"), [
      record,
      refused,
      { ...record, kind: "approved", comment: 'good\n"so"' },
    ]);
    assert.deepEqual(readBook(writeBook(book)), book);
    assert.deepEqual(
      book.records.map(({ sequence }) => sequence),
      [1, 2, 3],
    );
    assert.deepEqual(
      reviewsOf(book).map(({ who, verdict, comment }) => [who, verdict, comment]),
      [["ana", "approved", 'good\n"so"']],
    );
  });

  it("goes on counting after what the ledger has", () => {
    const book = withLedgered(withRecords(emptyBook("sbx-42"), [record, record]), 2);
    assert.deepEqual(owedTo(book), []);
    assert.deepEqual(
      owedTo(withRecords({ ...book, records: [] }, [record])).map(({ sequence }) => sequence),
      [3],
    );
  });

  it("keeps every opening and review whatever is refused", () => {
    const many = Array.from({ length: 2500 }, (_, index) =>
      index % 500 === 0 ? { ...record, kind: "approved" as const } : refused,
    );
    let book = emptyBook("sbx-42");
    for (let from = 0; from < many.length; from += 250) book = withRecords(book, many.slice(from, from + 250));
    assert.equal(reviewsOf(book).length, 5);
    assert.ok(book.records.length <= 2000);
    const kept = book.records.reduce((sum, { kind, times = 1 }) => sum + (kind === "refused" ? times : 0), 0);
    assert.equal(book.dropped + kept, 2495 * 3, "what was dropped is counted");
  });

  it("is a fact that a ledger takes", () => {
    const book = withRecords(emptyBook("sbx-42"), [record, refused]);
    for (const one of book.records) {
      const entry = nextEntry(SANDBOX_LEDGER, EMPTY, factOfRecord(book, one));
      assert.ok(entrySchema.safeParse(entry).success);
    }
    const [, second] = book.records.map((one) => factOfRecord(book, one));
    assert.deepEqual(
      [second?.by, second?.reason, second?.decisions.includes("3 times")],
      ["nobody who signed in", "no-login", true],
    );
  });
});

describe("a page of the gate", () => {
  const refused = { access: { allowed: false, reason: "no-grant" }, signOut: "/" } as const;
  it("has the style that its policy allows, to the byte", () => {
    const [, style = ""] = /<style>([^]*?)<\/style>/.exec(plainPage("x", "y")) ?? [];
    const digest = createHash("sha256").update(style).digest("base64");
    assert.ok(policyOf("'self'").includes(`'sha256-${digest}'`));
  });
  it("shows what anybody wrote as text", () => {
    const evil = `"><script>alert('1')</script>&amp;`;
    const identity = { ...ANA, name: evil, subject: evil };
    const shown = refusalPage({ ...refused, sandbox: evil, identity });
    assert.ok(!shown.includes("<script>") && !shown.includes("&amp;"));
    assert.ok(shown.includes("&#34;&#62;&#60;script&#62;alert(&#39;1&#39;)"));
  });
});

describe("hosts of sandboxes", () => {
  const door = doorOf("http://review.localhost:8080");
  it("lead to their sandbox and to no other", () => {
    const of = (host: string) => sandboxOfHost(door, host);
    assert.equal(of("sbx-42.localhost"), "sbx-42");
    assert.equal(of("api.sbx-42.localhost"), "sbx-42");
    assert.equal(of("sbx-42.api.localhost"), undefined);
    assert.equal(of("sbx-42.localhost.evil"), undefined);
    assert.equal(of("localhost"), undefined);
    assert.equal(of("review.localhost"), undefined);
    assert.equal(of("sbx-prod.localhost"), undefined);
  });
  it("are read from a header that anybody wrote", () => {
    assert.equal(hostNameOf("SBX-42.localhost:8080"), "sbx-42.localhost");
    assert.equal(hostNameOf("sbx-42.localhost."), "sbx-42.localhost");
    for (const bad of [undefined, "", "a b", "sbx-42.localhost, evil", "a/b", "[::1]:80", "a:99999999"])
      assert.equal(hostNameOf(bad), undefined);
    fc.assert(fc.property(fc.string(), (text) => /^[a-z0-9.-]*$/.test(hostNameOf(text) ?? "")));
  });
  it("have addresses with the gate's own port", () => {
    assert.equal(sandboxUrl(door, "sbx-42"), "http://sbx-42.localhost:8080/");
    assert.equal(
      reviewUrl(doorOf("https://review.sbx.example.gov"), "sbx-42"),
      "https://review.sbx.example.gov/sandboxes/sbx-42",
    );
    for (const bad of ["http://gate.localhost", "ftp://review.x", "review.x", "http://review.x/a"])
      assert.throws(() => doorOf(bad), /must be http/);
  });
});
