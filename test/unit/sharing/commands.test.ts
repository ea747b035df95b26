import assert from "node:assert/strict";
import { Invocation } from "../../../cli/command";
import { sandboxMeant, wishOf } from "../../../cli/commands/sbxShare";
import type { SandboxPlace } from "../../../cli/sandbox/place";
import { readSandboxes } from "../../../config/sandboxes";
import { entryLine } from "../../../core/ledger/text";
import { EMPTY, nextEntry } from "../../../core/ledger/entry";
import { factOfRecord } from "../../../core/sharing/facts";
import { emptyBook } from "../../../core/sharing/records";

const place = {
  common: { gateway: { address: "http://127.0.0.1:8080" }, domain: "sandbox.localhost" },
} as unknown as Pick<SandboxPlace, "common">;

describe("hms-sbx share", () => {
  const wish = (options: Readonly<Record<string, string>>) => wishOf(new Invocation({ as: "view", ...options }, []));

  it("reads whom, as what, until when", () => {
    const to = "ana, group:agency:water,ben@example.org";
    assert.deepEqual(wish({ role: "PolicyAnalyst", to, as: "try", until: "2026-11-22T18:00+01:00" }), {
      to: { users: ["ana", "ben@example.org"], groups: ["agency:water"] },
      as: "try",
      role: "PolicyAnalyst",
      until: new Date("2026-11-22T17:00:00Z"),
    });
    assert.deepEqual(wish({ role: "R" }), { to: { users: [], groups: [] }, as: "view", role: "R" });
  });

  const wrong: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    ["no role", {}, /--role is missing/],
    ["another level", { role: "R", as: "admin" }, /--as: got "admin"; allowed is one of view, try, own/],
    ["a role that is none", { role: "a b" }, /--role: got "a b"; allowed is a name/],
    ["a user that is none", { role: "R", to: "ana,<b>" }, /--to: got "<b>"/],
    ["a group without a name", { role: "R", to: "group:" }, /--to: got ""/],
    ["a time of no known offset", { role: "R", until: "18:00" }, /--until: got "18:00"; allowed is an instant/],
  ];
  for (const [name, options, expected] of wrong)
    it(`refuses ${name}`, () => {
      assert.throws(() => wish(options), expected);
    });

  it("takes a sandbox by its name or any address of it, and no other address", () => {
    for (const given of [
      "sbx-42",
      "42",
      "http://sbx-42.sandbox.localhost:8080/payouts?x=1",
      "https://SBX-42.sandbox.localhost",
    ])
      assert.equal(sandboxMeant(place, given), "sbx-42", given);
    for (const given of ["http://sbx-42.evil.example", "http://sandbox.localhost", "prod", ""])
      assert.throws(() => sandboxMeant(place, given), /allowed/, given);
  });
});

describe("an identity provider in sandboxes.yaml", () => {
  const problems = (identity: unknown): string => {
    const read = readSandboxes({ identity });
    return read.ok ? "" : read.problems.filter((one) => one.includes("identity")).join("\n");
  };
  it("is named with https, a client and claims", () => {
    assert.equal(problems({ issuer: "https://login.example.gov/realms/a", clientId: "gate" }), "");
    assert.match(
      problems({ issuer: "http://login.example.gov", clientId: "gate" }),
      /identity\.issuer: got .*allowed is an https address/,
    );
    assert.match(problems({ issuer: "https://login.example.gov" }), /identity\.clientId: got nothing/);
    assert.match(problems({ issuer: "https://a", clientId: "b", scope: "profile" }), /identity\.scope/);
    assert.match(problems({ issuer: "https://a", clientId: "b", clientSecret: "hush-hush" }), /an unknown key/);
    assert.doesNotMatch(problems({ issuer: "https://a", clientId: "b", clientSecret: "hush-hush" }), /hush-hush/);
  });
});

describe("a line of the ledger's list", () => {
  it("is one line, whatever somebody wrote", () => {
    const about = {
      at: "2026-11-22T12:00:00.000Z",
      who: "ana",
      owner: "olga",
      snapshot: "s",
      revision: "r",
      roles: [],
    };
    const record = { ...about, sequence: 1, kind: "rejected", comment: "too low\n\nby 2" } as const;
    const line = entryLine(nextEntry("sandboxes", EMPTY, factOfRecord(emptyBook("sbx-42"), record)));
    assert.match(line, /rejected\s+sbx-42 r {2}by ana: too low by 2$/);
  });
});
