import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Io } from "../../cli/command";
import { askPermission, type PermissionPlace, type Wanted } from "../../cli/permission";
import { runProgram } from "../../cli/program";
import { PROGRAMS } from "../../cli/registry";
import { newTokenKey, TokenIssuer } from "../support/tokenIssuer";

function ioWith(env: NodeJS.ProcessEnv): { readonly io: Io; readonly said: () => string } {
  const lines: string[] = [];
  const sink = { write: (text: string) => lines.push(text) };
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^HMS_(ROLE|PERMISSION)/.test(name)));
  return {
    io: { out: sink, err: sink, env: { ...own, ...env }, signal: new AbortController().signal },
    said: () => lines.join(""),
  };
}

describe("permission", function () {
  this.timeout(60_000);

  describe("is asked by every command that changes what users get or who may do what", () => {
    const ON = ["--stack", "dev"];
    const FREEZE = [...ON, "--reason", "test"];
    /** Each is refused by its role before it does anything; nothing here is ever carried out. */
    const asking: Readonly<Record<string, readonly string[]>> = {
      "hms-deploy": ["--env", "dev"],
      "hms-deploy rollback": ["--env", "dev"],
      "hms-deploy promote": ["--env", "dev"],
      "hms-deploy abort": ["--env", "dev"],
      "hms unlock": ON,
      "hms freeze on": FREEZE,
      "hms freeze off": ON,
      "hms freeze break-glass": [...FREEZE, "--by", "A. Rivera"],
      "hms freeze calendar": [...ON, "--remove"],
      "hms freeze serve": ON,
      "hms chaos run": ["--target", "dev"],
      "hms registry prune": [...ON, "--apply"],
      "hms account bootstrap": ["--stack", "emulated"],
      "hms fleet up": ["--stacks", "dev; staging"],
      "hms-sbx create": ["--name", "sbx-nobody"],
      "hms-sbx extend": ["sbx-nobody", "--ttl", "1h"],
      "hms-sbx share": ["sbx-nobody", "--role", "PolicyAnalyst"],
      "hms-sbx destroy": ["sbx-nobody"],
    };
    /** They look, work on this machine alone, or do what was decided before; or AWS and the vault say who may. */
    const notAsking = [
      ...[
        "hms account list",
        "hms account status",
        "hms account token",
        "hms status",
        "hms preview",
        "hms doctor",
        "hms env",
      ],
      ...["hms freeze status", "hms freeze explain", "hms-deploy history", "hms-sbx list", "hms-sbx open"],
      ...["hms-sbx wait-approval", "hms-sbx reap", "hms fleet work"],
    ];
    const groups = /^hms (local|image|ledger|scan|snapshot|tls|controls) /;

    for (const [command, words] of Object.entries(asking))
      it(command, async () => {
        const [name = "", ...rest] = command.split(" ");
        const program = PROGRAMS.find((one) => one.name === name);
        assert.ok(program, name);
        const { io, said } = ioWith({ HMS_ROLE: "Guest" });
        assert.equal(await runProgram(program, [...rest, ...words], io), 1, said());
        assert.match(said(), /not permitted: there is no role Guest\. Grants are in policy\/rego\/roles\.json; /);
      });

    it("and of no command is it unknown whether it asks", () => {
      const commands = PROGRAMS.filter(({ name }) => ["hms", "hms-deploy", "hms-sbx"].includes(name)).flatMap(
        ({ name, commands: all }) => all.map((command) => `${name} ${command.name}`.trim()),
      );
      const known = [...Object.keys(asking), ...notAsking];
      assert.deepEqual(
        commands.filter((command) => !known.includes(command) && !groups.test(command)),
        [],
      );
      assert.deepEqual(
        known.filter((command) => !commands.includes(command)),
        [],
      );
    });
  });

  describe("in a stack that says how a role is proven", () => {
    const issuer = new TokenIssuer();
    const folder = mkdtempSync(path.join(os.tmpdir(), "hms-role-"));
    let place: PermissionPlace;
    before(async () => {
      await issuer.start();
      place = {
        stack: "prod",
        aws: { fips: true },
        permission: {
          oidc: {
            ...{ issuer: issuer.address, audience: "hms-deploy", claim: "groups", keys: [issuer.key.jwk] },
            roles: { operators: "Operator", pipelines: "Pipeline" },
          },
        },
      };
    });
    after(async () => {
      await issuer.stop();
      rmSync(folder, { recursive: true });
    });

    const wanted = (action: Wanted["action"]): readonly Wanted[] => [{ action, resource: "drought-benefit" }];
    const ask = (env: NodeJS.ProcessEnv, action: Wanted["action"] = "deploy", emergency?: string) =>
      askPermission(place, wanted(action), ioWith(env).io, emergency);

    it("a token proves it, and the ledger is told whose it was", async () => {
      const said = await ask({ HMS_ROLE_TOKEN: await issuer.token() });
      assert.match(
        said ?? "",
        /^permission policy sha256:[0-9a-f]{64} lets role Operator deploy, proven by lee by http/,
      );
      const file = path.join(folder, "token");
      writeFileSync(file, `${await issuer.token()}\n`);
      assert.match((await ask({ HMS_ROLE_TOKEN_FILE: file })) ?? "", /lets role Operator deploy, proven by lee/);
    });

    it("of several that are proven the one that may, or the one that HMS_ROLE names", async () => {
      const token = await issuer.token({ groups: ["pipelines", "operators"] });
      assert.match((await ask({ HMS_ROLE_TOKEN: token }, "rollback")) ?? "", /lets role Operator rollback/);
      const named = { HMS_ROLE_TOKEN: token, HMS_ROLE: "Pipeline" };
      await assert.rejects(ask(named, "rollback"), /role Pipeline may not rollback drought-benefit on stack prod/);
      await assert.rejects(
        ask({ ...named, HMS_ROLE: "Analyst" }),
        /HMS_ROLE is Analyst, and lee by .* has the role Pipeline, Operator/,
      );
    });

    it("nothing else counts, and what to do is said", async () => {
      const refused: readonly (readonly [NodeJS.ProcessEnv, RegExp])[] = [
        [
          {},
          /^not permitted: no role was given\..* To prove a role, put a token of http.* for hms-deploy into HMS_ROLE_TOKEN/,
        ],
        [{ HMS_ROLE: "Operator" }, /nothing proves role Operator\..*HMS_ROLE_TOKEN/],
        [
          { HMS_ROLE_TOKEN: await issuer.token({}, newTokenKey()), HMS_ROLE: "Operator" },
          /token does not count: no applicable key/,
        ],
        [{ HMS_ROLE_TOKEN: await issuer.token({ groups: ["staff"] }) }, /lee by .* has none of the stack's roles/],
        [
          { HMS_ROLE_TOKEN_FILE: path.join(folder, "none") },
          /HMS_ROLE_TOKEN_FILE: ENOENT.*name a file that holds the token/,
        ],
      ];
      for (const [env, why] of refused) await assert.rejects(ask(env), { name: "RefusedError", message: why });
    });

    it("an emergency lets an operator's role go back without a proof, with the reason recorded, and do nothing else", async () => {
      const env = { HMS_ROLE: "Operator" };
      assert.match(
        (await ask(env, "rollback", "issuer is down")) ?? "",
        /lets role Operator rollback, unproven in an emergency: issuer is down$/,
      );
      await assert.rejects(ask(env, "rollback"), /nothing proves role Operator.*--emergency "<reason>" with HMS_ROLE/);
      await assert.rejects(
        ask(env, "deploy", "in a hurry"),
        /an emergency is no reason to deploy; nothing proves role Operator/,
      );
      await assert.rejects(ask({}, "rollback", "issuer is down"), /no role was given/);
      await assert.rejects(ask({ HMS_ROLE: "Pipeline" }, "rollback", "x"), /role Pipeline may not rollback/);
    });
  });

  it("is asked of nobody where the stack says nothing of it and no role is named", async () => {
    const place: PermissionPlace = { stack: "dev", aws: { fips: true } };
    const wanted: readonly Wanted[] = [{ action: "deploy", resource: "drought-benefit" }];
    assert.equal(await askPermission(place, wanted, ioWith({}).io), undefined);
    const said = await askPermission(place, wanted, ioWith({ HMS_ROLE: "Pipeline" }).io);
    assert.match(said ?? "", /lets role Pipeline deploy$/);
  });

  it("is refused for what is known against a service before anything is built", async () => {
    const facts = { images: [{ name: "web:v4" }], plaintext: ["DB_PASSWORD of service web"] };
    const asked = askPermission(
      { stack: "dev", aws: { fips: true } },
      [{ action: "deploy", resource: "web", facts }],
      ioWith({ HMS_ROLE: "Operator" }).io,
    );
    await assert.rejects(asked, /DB_PASSWORD of service web is in plain text; image web:v4 is not named by its digest/);
  });
});
