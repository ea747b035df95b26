import assert from "node:assert/strict";
import fc from "fast-check";
import { decide, LOGIN_SECONDS, type AccessRequest, type Identity } from "../../../core/sharing/decide";
import { LEVELS, type Grant } from "../../../core/sharing/grant";
import type { SandboxIdentity } from "../../../core/sandbox/identity";
import { ANA, GRANT, minutes, NOW, SANDBOX } from "./support";

const GET: AccessRequest = { method: "GET", host: "sbx-42.example.gov", sandboxHost: "sbx-42.example.gov" };

interface Case {
  readonly request?: Partial<AccessRequest>;
  readonly who?: Partial<Identity> | null;
  readonly grants?: readonly Partial<Grant>[];
  readonly sandbox?: Partial<SandboxIdentity> | null;
  readonly now?: Date;
}

/** `view`, `try`, `own`, or why not. */
function answer({ request = {}, who = {}, grants = [{}], sandbox = {}, now = NOW }: Case): string {
  const access = decide(
    { ...GET, ...request },
    who === null ? undefined : { ...ANA, ...who },
    grants.map((grant) => ({ ...GRANT, ...grant })),
    sandbox === null ? undefined : { ...SANDBOX, ...sandbox },
    now,
  );
  return access.allowed ? access.as : access.reason;
}

describe("who may open a sandbox", () => {
  const cases: readonly (readonly [string, Case, string])[] = [
    ["lets in who was named and has the role", {}, "view"],
    ["lets nobody in by the link alone", { grants: [] }, "no-grant"],
    ["lets nobody in who is not signed in", { who: null }, "no-login"],
    ["refuses another user", { who: { subject: "ben", email: "ben@example.org" } }, "no-grant"],
    [
      "knows people by their verified address too, in any case",
      { grants: [{ to: { users: ["ANA@Example.org"], groups: [] } }] },
      "view",
    ],
    ["does not know people by an address that was not verified", { who: { subject: "x", email: null } }, "no-grant"],
    ["does not take a name for an address", { who: { subject: "x", email: null, name: "ana" } }, "no-grant"],
    ["takes subjects to the letter", { who: { subject: "Ana", email: null } }, "no-grant"],
    ["asks for the role even of who is named", { who: { groups: [] } }, "missing-group"],
    [
      "does not take the name of a role for one like it",
      { who: { groups: ["policyanalyst", "PolicyAnalysts"] } },
      "missing-group",
    ],
    [
      "lets in everybody with the role when nobody is named",
      { grants: [{ to: { users: [], groups: [] } }], who: { subject: "ben" } },
      "view",
    ],
    ["lets in a group", { grants: [{ to: { users: [], groups: ["agency:water"] } }] }, "view"],
    ["refuses another group", { grants: [{ to: { users: [], groups: ["agency:labor"] } }] }, "no-grant"],
    ["refuses after the grant's end", { now: minutes(300), who: { authTime: minutes(299) } }, "grant-expired"],
    ["lets in until the grant's end", { now: minutes(299), who: { authTime: minutes(298) } }, "view"],
    [
      "refuses when the sandbox has expired, whatever the grant says",
      { sandbox: { expiresAt: NOW } },
      "sandbox-expired",
    ],
    ["refuses when there is no sandbox", { sandbox: null }, "no-sandbox"],
    ["refuses a grant of another sandbox", { grants: [{ sandbox: "sbx-43" }] }, "other-sandbox"],
    [
      "refuses a grant of an earlier sandbox of that name",
      { grants: [{ at: minutes(-61).toISOString() }] },
      "other-sandbox",
    ],
    ["refuses another host", { request: { host: "sbx-43.example.gov" } }, "wrong-host"],
    ["refuses a host that only ends alike", { request: { host: "evilsbx-42.example.gov" } }, "wrong-host"],
    ["takes hosts below its own", { request: { host: "api.sbx-42.example.gov" } }, "view"],
    ["lets who may view change nothing", { request: { method: "POST" } }, "read-only"],
    ["lets who may try change something", { request: { method: "POST" }, grants: [{ as: "try" }] }, "try"],
    ["lets who owns it change something", { request: { method: "DELETE" }, grants: [{ as: "own" }] }, "own"],
    ["gives the most of several grants", { request: { method: "PUT" }, grants: [{}, { id: "g2", as: "try" }] }, "try"],
    [
      "does not add up what has ended",
      { request: { method: "PUT" }, grants: [{}, { id: "g2", as: "try", until: NOW.toISOString() }] },
      "read-only",
    ],
    ["refuses an unknown method to who may view", { request: { method: "get" } }, "read-only"],
    [
      "refuses a sign-in of long ago",
      { who: { authTime: new Date(NOW.getTime() - LOGIN_SECONDS * 1000 - 1) } },
      "login-expired",
    ],
    ["refuses a sign-in of the future", { who: { authTime: minutes(5) } }, "login-expired"],
    ["refuses a sign-in of no time", { who: { authTime: new Date(NaN) } }, "login-expired"],
    ["refuses a sandbox of no end", { sandbox: { expiresAt: new Date(NaN) } }, "sandbox-expired"],
  ];
  for (const [name, given, expected] of cases)
    it(name, () => {
      assert.equal(answer(given), expected);
    });

  it("tells the roles and grants of who was let in", () => {
    const grants = [GRANT, { ...GRANT, id: "g2", role: "agency:water", to: { users: [], groups: [] } }];
    const access = decide(GET, ANA, grants, SANDBOX, NOW);
    assert.deepEqual(access, {
      allowed: true,
      as: "view",
      roles: ["PolicyAnalyst", "agency:water"],
      grants: ["g1", "g2"],
    });
  });
});

describe("no request", () => {
  const name = fc.constantFrom("ana", "ana", "PolicyAnalyst", "PolicyAnalyst", "ben", "", "ANA@example.org");
  const between = (min: number, max: number) => fc.integer({ min, max }).map(minutes);
  const grant: fc.Arbitrary<Grant> = fc.record({
    id: name,
    sandbox: fc.constantFrom("sbx-42", "sbx-42", "sbx-43", "sbx-4"),
    to: fc.record({ users: fc.array(name, { maxLength: 2 }), groups: fc.array(name, { maxLength: 2 }) }),
    as: fc.constantFrom(...LEVELS),
    role: name,
    until: between(-30, 60).map((at) => at.toISOString()),
    by: name,
    at: between(-90, 5).map((at) => at.toISOString()),
  });
  const identity: fc.Arbitrary<Identity> = fc.record({
    subject: name,
    email: fc.option(name, { nil: null }),
    name,
    groups: fc.array(name, { maxLength: 3 }),
    authTime: between(-80, 5),
  });
  const request: fc.Arbitrary<AccessRequest> = fc.record({
    method: fc.constantFrom("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "CONNECT", "get", "", "PROPFIND"),
    host: fc.constantFrom("sbx-42.x", "a.sbx-42.x", "sbx-43.x", "", "xsbx-42.x", "sbx-42.x.evil"),
    sandboxHost: fc.constant("sbx-42.x"),
  });
  const sandbox = fc.option(
    fc
      .tuple(between(-120, 0), between(-30, 120))
      .map(([createdAt, expiresAt]) => ({ ...SANDBOX, createdAt, expiresAt })),
    { nil: undefined },
  );

  it("passes without a grant, a sign-in and a sandbox", () => {
    let passed = 0;
    fc.assert(
      fc.property(
        request,
        fc.option(identity, { nil: undefined }),
        fc.array(grant, { maxLength: 4 }),
        sandbox,
        (asked, who, grants, what) => {
          const access = decide(asked, who, grants, what, NOW);
          if (!access.allowed) return;
          passed += 1;
          assert.ok(who && what && what.expiresAt > NOW && who.authTime <= minutes(1));
          // Said again in other words: one grant that by itself is reason enough.
          const reason = grants.find(
            ({ id, sandbox: of, until, at, role, as, to: { users, groups } }) =>
              access.grants.includes(id) &&
              of === "sbx-42" &&
              as === access.as &&
              new Date(until) > NOW &&
              new Date(at) >= what.createdAt &&
              who.groups.includes(role) &&
              (users.length + groups.length === 0 ||
                users.includes(who.subject) ||
                users.some((user) => user.toLowerCase() === who.email?.toLowerCase()) ||
                groups.some((group) => who.groups.includes(group))),
          );
          assert.ok(reason, "let in without a reason");
          if (reason.as === "view") assert.ok(["GET", "HEAD", "OPTIONS"].includes(asked.method));
          assert.ok(asked.host === "sbx-42.x" || asked.host === "a.sbx-42.x");
        },
      ),
      { numRuns: 3000 },
    );
    assert.ok(passed > 10, "almost nothing passed, so nearly nothing was shown");
  });

  it("is let in by a grant for somebody else that was added", () => {
    fc.assert(
      fc.property(request, identity, fc.array(grant, { maxLength: 3 }), sandbox, (asked, who, grants, what) => {
        const other: Grant = { ...GRANT, id: "x", as: "own", to: { users: ["nobody-here"], groups: [] } };
        const [before, after] = [grants, [...grants, other]].map((all) => decide(asked, who, all, what, NOW).allowed);
        assert.equal(after, before);
      }),
    );
  });
});
