import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { SignJWT, UnsecuredJWT } from "jose";
import type { OidcWish } from "../../../core/permission/identity";
import { identityOfToken } from "../../../platform/roleToken";
import { newTokenKey, TokenIssuer } from "../../support/tokenIssuer";

const HOUR = 3600_000;

describe("a token that proves a role", () => {
  const cache = mkdtempSync(path.join(os.tmpdir(), "hms-tokens-"));
  const issuer = new TokenIssuer();
  const pinned = (): OidcWish => ({ ...asked(), keys: [issuer.key.jwk] });
  const asked = (): OidcWish => ({
    ...{ issuer: issuer.address, audience: "hms-deploy", claim: "groups", roles: { operators: "Operator" } },
  });
  const prove = (token: string, wish = pinned(), more: { readonly anyAge?: boolean; readonly now?: Date } = {}) =>
    identityOfToken(token, wish, { cache, ...more });
  before(() => issuer.start());
  after(async () => {
    await issuer.stop();
    rmSync(cache, { recursive: true });
  });

  it("names who somebody is and the roles of the stack that they have, by keys in the stack file without any network", async () => {
    assert.deepEqual(await prove(await issuer.token()), {
      ...{ proof: "oidc", who: `lee by ${issuer.address}`, roles: ["Operator"] },
    });
    assert.deepEqual((await prove(await issuer.token({ groups: ["staff"] }))).roles, []);
    assert.equal(issuer.asked, 0);
    assert.deepEqual(readdirSync(cache), []);
  });

  it("does not count from another issuer, for another audience, after its time, without an end, or unsigned", async () => {
    const secret = new TextEncoder().encode(JSON.stringify(issuer.key.jwk));
    const shared = await new SignJWT({ groups: ["operators"] })
      .setProtectedHeader({ alg: "HS256", kid: issuer.key.kid })
      .setIssuer(issuer.address)
      .setAudience("hms-deploy")
      .setSubject("lee")
      .setExpirationTime("1h")
      .sign(secret);
    const unsigned = new UnsecuredJWT({ groups: ["operators"] })
      .setIssuer(issuer.address)
      .setAudience("hms-deploy")
      .setSubject("lee")
      .setExpirationTime("1h")
      .encode();
    const [head = "", , signature = ""] = (await issuer.token()).split(".");
    const claims = Buffer.from(JSON.stringify({ iss: issuer.address, groups: ["operators"] })).toString("base64url");
    const cases: readonly (readonly [token: string, why: RegExp])[] = [
      [await issuer.token({ iss: "https://elsewhere.example.gov" }), /"iss"/],
      [await issuer.token({ aud: "another" }), /"aud"/],
      [await issuer.token({ exp: Math.floor(Date.now() / 1000) - 60 }), /"exp"/],
      [await issuer.token({ exp: undefined }), /"exp"/],
      [await issuer.token({ sub: undefined }), /"sub"/],
      [await issuer.token({}, newTokenKey()), /no applicable key/],
      [await issuer.token({}, { ...newTokenKey(), kid: issuer.key.kid }), /signature verification failed/],
      [`${head}.${claims}.${signature}`, /signature verification failed/],
      [shared, /"alg"/],
      [unsigned, /"alg"|Invalid Compact JWS/],
      ["not-a-token", /Invalid Compact JWS/],
    ];
    for (const [token, why] of cases)
      await assert.rejects(prove(token), (error: Error) => {
        assert.equal(error.name, "RefusedError");
        assert.match(error.message, why);
        assert.match(error.message, /^the role's token does not count: /);
        assert.ok(!error.message.includes(token), "the token stands in the message");
        return true;
      });
  });

  it("is checked by the issuer's keys, which are asked for once and then kept", async () => {
    const token = await issuer.token();
    assert.deepEqual((await prove(token, asked())).roles, ["Operator"]);
    assert.deepEqual((await prove(token, asked())).roles, ["Operator"]);
    assert.equal(issuer.asked, 2, "discovery and keys, once");
    assert.equal(readdirSync(cache).length, 1);
  });

  it("of a key that the issuer has begun to use since has it asked again", async () => {
    issuer.key = newTokenKey();
    assert.deepEqual((await prove(await issuer.token(), asked())).roles, ["Operator"]);
    assert.equal(issuer.asked, 4);
  });

  it("counts by kept keys while the issuer is away, for a day; for whoever goes back, however old they are", async () => {
    const now = new Date(Date.now() + 25 * HOUR);
    const later = await issuer.token({ exp: Math.floor(now.getTime() / 1000) + 60 });
    const token = await issuer.token();
    await issuer.stop();
    assert.deepEqual((await prove(token, asked())).roles, ["Operator"]);
    await assert.rejects(
      prove(later, asked(), { now }),
      /cannot be asked for at .*hms:permission\.oidc\.keys.*need no network/,
    );
    assert.deepEqual((await prove(later, asked(), { now, anyAge: true })).roles, ["Operator"]);
    assert.ok(existsSync(cache));
  });
});
