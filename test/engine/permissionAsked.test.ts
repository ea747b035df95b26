import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Io } from "../../cli/command";
import { askPermission, type PermissionPlace, type Wanted } from "../../cli/permission";
import { runProgram } from "../../cli/program";
import { PROGRAMS } from "../../cli/registry";
import { loadLayout } from "../../platform/local/layout";
import { keysOf } from "../../provider/attest/keys";
import { verify } from "../../provider/attest/verify";
import { openLedger } from "../../provider/ledger/open";
import { TestRegistry } from "../support/registry";
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
    const nowhere = path.join(os.tmpdir(), `hms-nobody-${process.pid}`);
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
      "hms-sbx reap": [],
      "hms snapshot take": ["--service", "drought-benefit"],
      "hms snapshot load": ["--service", "drought-benefit"],
      "hms snapshot prune": ["--service", "drought-benefit"],
      "hms image sign": [`registry.example.gov/web@sha256:${"1".repeat(64)}`, ...ON],
      "hms ledger export": [...ON, "--to", nowhere],
      "hms tls renew": ON,
    };
    /** The same by other options, and of what is no stack. */
    const besides: Readonly<Record<string, readonly [command: string, ...words: string[]]>> = {
      "hms-sbx destroy, by age": ["hms-sbx destroy", "--all-older-than", "9999d"],
      "hms-sbx reap, to install the reaper": ["hms-sbx reap", "--install"],
      "hms snapshot take, with rules of its own": [
        ...(["hms snapshot take", "--service", "drought-benefit", "--stack", "prod", "--rules", "none.yaml"] as const),
      ],
      "hms ledger export, of sandboxes' doors": ["hms ledger export", "--stack", "sandboxes", "--to", nowhere],
    };
    const all = {
      ...Object.fromEntries(Object.entries(asking).map(([name, words]) => [name, [name, ...words]])),
      ...besides,
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
      ...["hms-sbx wait-approval", "hms fleet work"],
      ...["hms image verify", "hms ledger list", "hms ledger show", "hms ledger verify", "hms tls status"],
      ...["hms snapshot list", "hms snapshot verify", "hms snapshot templates"],
    ];
    const groups = /^hms (local|scan|controls) /;

    for (const [title, [command = "", ...words]] of Object.entries(all))
      it(title, async () => {
        const [name = "", ...rest] = command.split(" ");
        const program = PROGRAMS.find((one) => one.name === name);
        assert.ok(program, name);
        const { io, said } = ioWith({ HMS_ROLE: "Guest" });
        assert.equal(await runProgram(program, [...rest, ...words], io), 1, said());
        assert.match(said(), /not permitted: there is no role Guest\. Grants are in policy\/rego\/roles\.json; /);
        assert.match(
          said(),
          /; (Pipeline or )?Operator( or Analyst)? may [a-z]\S* .* on stack \w+; the role is HMS_ROLE\. /,
        );
        assert.equal(existsSync(nowhere), false);
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

  describe("lets through who may, and of who may not nothing is left", () => {
    const registry = new TestRegistry();
    // A home of its own, with this machine's tools.
    const home = mkdtempSync(path.join(os.tmpdir(), "hms-home-"));
    const keys = path.join(home, "signing");
    const hms = async (role: string, ...words: readonly string[]) => {
      const program = PROGRAMS.find(({ name }) => name === "hms");
      assert.ok(program);
      const { io, said } = ioWith({ HMS_HOME: home, HMS_ROLE: role });
      return { code: await runProgram(program, words, io), said: said() };
    };
    before(async () => {
      const real = loadLayout(process.env).home;
      for (const folder of ["bin", "toolchain"]) symlinkSync(path.join(real, folder), path.join(home, folder));
      await registry.start();
    });
    after(() => {
      registry.stop();
      rmSync(home, { recursive: true });
    });

    it("when an image is signed that somebody else built", async () => {
      const image = await registry.push("benefit", "v1");
      const refused = await hms("Pipeline", "image", "sign", image, "--stack", "prod");
      const [repository = ""] = image.split("@");
      const words = `role Pipeline may not image-sign ${repository} on stack prod. Grants are in policy/rego/roles.json; Operator may image-sign ${repository} on stack prod; the role is HMS_ROLE. Nothing was changed`;
      assert.deepEqual([refused.code, refused.said.includes(`not permitted: ${words}`)], [1, true], refused.said);
      assert.equal(existsSync(keys), false, "no key was made");
      const signed = await hms("Operator", "image", "sign", image, "--stack", "prod");
      assert.equal(signed.code, 0, signed.said);
      const trusted = await keysOf({ keys: [], local: true }, { HMS_HOME: home });
      assert.equal((await verify(image, trusted)).ok, true);
    });

    it("when a ledger is handed out", async () => {
      const ledger = await openLedger({ name: "prod" }, undefined, { HMS_HOME: home });
      await ledger.add([
        {
          ...{ event: "deployed", at: "2026-01-01T00:00:00.000Z", by: "ann@build-7 (pid 4711)", service: "web" },
          ...{ namespace: "hms-prod", release: { id: "r1", tag: "v1", image: null }, gates: [], decisions: [] },
          weights: { before: { blue: 100, green: 0 }, after: { blue: 0, green: 100 } },
          ...{ reason: null, origin: "record 1" },
        },
      ]);
      const to = path.join(home, "audit");
      const words = ["ledger", "export", "--stack", "prod", "--offline", "--to", to];
      const refused = await hms("Pipeline", ...words);
      assert.deepEqual([refused.code, existsSync(to)], [1, false], refused.said);
      assert.match(refused.said, /role Pipeline may not ledger-export drought-benefit on stack prod/);
      const read = await hms("Pipeline", "ledger", "list", "--stack", "prod", "--offline");
      assert.equal(read.code, 0, "to look at it asks nobody");
      const done = await hms("Operator", ...words);
      assert.deepEqual([done.code, existsSync(path.join(to, "verify.cjs"))], [0, true], done.said);
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
