import * as fs from "node:fs";
import * as path from "node:path";
import type { JWTPayload } from "jose";
import { asArray, asObject, asString, path as at } from "../core/json";
import { rolesOfClaims, type Identity, type Jwk, type OidcWish } from "../core/permission/identity";
import { sha256 } from "../core/sha256";
import { reasonOf, RefusedError } from "./errors";

export interface TokenOptions {
  /** Folder where issuers' keys are kept. */
  readonly cache: string;
  /** Whether keys that are kept count however old they are: for whoever goes back and must not wait for an issuer. */
  readonly anyAge?: boolean;
  /** @default now */
  readonly now?: Date;
  readonly signal?: AbortSignal;
}

/** Kept keys are asked for anew after this; one that its issuer has withdrawn counts no longer. */
const KEEP_MS = 24 * 3600_000;
const TIMEOUT_MS = 8000;
/** Public-key signatures alone: with a shared secret, whoever can verify can make tokens too. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const CLOCK_SECONDS = 30;

/**
 * Who a token is of, once its signature, issuer, audience and time are right.
 * @throws RefusedError that says what is wrong with it; the token itself is in no message.
 */
export async function identityOfToken(token: string, wish: OidcWish, options: TokenOptions): Promise<Identity> {
  const { issuer, audience } = wish;
  const { createLocalJWKSet, errors, jwtVerify } = await import("jose");
  const verify = async (keys: readonly Jwk[]): Promise<JWTPayload> => {
    const set = createLocalJWKSet({ keys: [...keys] });
    const { payload } = await jwtVerify(token.trim(), set, {
      ...{ issuer, audience, algorithms: ALGORITHMS, clockTolerance: CLOCK_SECONDS },
      ...{ requiredClaims: ["exp", "sub"], currentDate: options.now ?? new Date() },
    });
    return payload;
  };
  const refused = (error: unknown): RefusedError =>
    new RefusedError(`the role's token does not count: ${reasonOf(error)} (issuer ${issuer}, audience ${audience})`);
  try {
    if (wish.keys) return identityIn(await verify(wish.keys), wish);
    const kept = keptKeys(issuer, options);
    if (kept) {
      try {
        return identityIn(await verify(kept), wish);
      } catch (error) {
        // A key that the issuer has begun to use since.
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      }
    }
    return identityIn(await verify(await askedKeys(issuer, options)), wish);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error instanceof RefusedError ? error : refused(error);
  }
}

const identityIn = (claims: JWTPayload, wish: OidcWish): Identity => ({
  proof: "oidc",
  who: `${claims.sub ?? ""} by ${wish.issuer}`,
  roles: rolesOfClaims(claims, wish),
});

const fileOf = (issuer: string, { cache }: TokenOptions): string =>
  path.join(cache, `${sha256(issuer).slice(0, 32)}.json`);

/** Keys of an earlier call; `undefined` where there are none, or they are too old to count. */
function keptKeys(issuer: string, options: TokenOptions): readonly Jwk[] | undefined {
  try {
    const kept: unknown = JSON.parse(fs.readFileSync(fileOf(issuer, options), "utf8"));
    const age = (options.now ?? new Date()).getTime() - Date.parse(asString(at(kept, "at")) ?? "");
    const isFresh = age >= 0 && age < KEEP_MS;
    return isFresh || options.anyAge === true ? keysOf(kept) : undefined;
  } catch {
    return undefined;
  }
}

/** The issuer's keys, asked for now and kept. @throws RefusedError */
async function askedKeys(issuer: string, options: TokenOptions): Promise<readonly Jwk[]> {
  const about = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const found = await asked(about, options);
  if (asString(at(found, "issuer")) !== issuer)
    throw new RefusedError(`${about} calls its issuer ${JSON.stringify(at(found, "issuer"))}, not ${issuer}`);
  const address = asString(at(found, "jwks_uri")) ?? "";
  if (!URL.canParse(address) || new URL(address).protocol !== new URL(issuer).protocol)
    throw new RefusedError(`${about}: jwks_uri is ${JSON.stringify(address)}; allowed is an address like the issuer's`);
  const keys = keysOf(await asked(address, options));
  if (keys.length === 0) throw new RefusedError(`${address} has no keys`);
  const file = fileOf(issuer, options);
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  fs.writeFileSync(`${file}.${process.pid}`, JSON.stringify({ at: (options.now ?? new Date()).toISOString(), keys }));
  fs.renameSync(`${file}.${process.pid}`, file);
  return keys;
}

async function asked(address: string, { signal }: TokenOptions): Promise<unknown> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(address, {
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await response.json();
  } catch (error) {
    throw new RefusedError(
      `the keys of the role's issuer cannot be asked for at ${address}: ${reasonOf(error)}; ` +
        "keys in the stack file (hms:permission.oidc.keys) need no network",
      { cause: error },
    );
  }
}

const keysOf = (document: unknown): readonly Jwk[] =>
  asArray(at(document, "keys")).flatMap((key): Jwk[] => [asObject(key) ?? {}]);
