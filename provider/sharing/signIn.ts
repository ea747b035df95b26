import * as oidc from "openid-client";
import { Agent, buildConnector, fetch as fetchBy } from "undici";
import { asArray, asString } from "../../core/json";
import type { Identity } from "../../core/sharing/decide";
import { RefusedError } from "../../platform/errors";

export interface ProviderSettings {
  /** As it calls itself, and as browsers reach it. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Claim of the ID token with the groups: a list of texts. @default groups */
  readonly groupsClaim?: string;
  /** @default openid profile email */
  readonly scope?: string;
  /** Where this process reaches the issuer, if not under its own name: `http://identity.hms-sandboxes:8080`. */
  readonly backChannel?: string;
}

/** What one attempt to sign in must be answered with. */
export interface Attempt {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** People sign in at a provider by its authorization code; see OpenID Connect Core, and RFC 7636 for the proof. */
export interface SignIn {
  /** Where to send the browser. @throws whatever keeps the provider from being asked. */
  begin(redirectUri: string, state: string): Promise<{ readonly to: string; readonly attempt: Attempt }>;
  /** Who came back. @throws Error for an answer that is not the one to this attempt, or not by this provider for us. */
  finish(answered: URL, attempt: Attempt): Promise<Identity>;
  /** Where the provider's own session ends; absent where it says nothing. */
  signOutUrl(): Promise<string | undefined>;
}

const TIMEOUT_SECONDS = 8;

/** @throws RefusedError for an issuer that would be asked in clear text over a network. */
export function signInBy(settings: ProviderSettings): SignIn {
  const { issuer, clientId, clientSecret, groupsClaim = "groups", scope = "openid profile email" } = settings;
  const insecure = isInsecure(issuer);
  let known: Promise<oidc.Configuration> | undefined;
  const provider = (): Promise<oidc.Configuration> => {
    known ??= oidc
      .discovery(new URL(issuer), clientId, {}, oidc.ClientSecretBasic(clientSecret), {
        // The signature of an ID token is checked although it comes by a channel of our own.
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out; only under localhost, see above
        execute: [oidc.enableNonRepudiationChecks, ...(insecure ? [oidc.allowInsecureRequests] : [])],
        timeout: TIMEOUT_SECONDS,
        ...(settings.backChannel === undefined ? {} : { [oidc.customFetch]: fetchAt(settings.backChannel) }),
      })
      .catch((error: unknown) => {
        // It may not have started yet: the next one to sign in asks again.
        known = undefined;
        throw error;
      });
    return known;
  };
  return {
    async begin(redirectUri, state) {
      const attempt = { state, nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() };
      const to = oidc.buildAuthorizationUrl(await provider(), {
        redirect_uri: redirectUri,
        scope,
        code_challenge: await oidc.calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: "S256",
        state,
        nonce: attempt.nonce,
      });
      return { to: to.href, attempt };
    },
    async finish(answered, { state, nonce, verifier }) {
      const tokens = await oidc.authorizationCodeGrant(await provider(), answered, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (!claims) throw new Error("the provider answered without an ID token");
      return identityOf(claims, groupsClaim);
    },
    async signOutUrl() {
      const config = await provider();
      return config.serverMetadata().end_session_endpoint === undefined
        ? undefined
        : oidc.buildEndSessionUrl(config).href;
    },
  };
}

/** What the claims of an ID token say of somebody. */
export function identityOf(claims: Readonly<Record<string, unknown>>, groupsClaim: string): Identity {
  const { sub, iat, name, preferred_username: username, email, email_verified: verified } = claims;
  const subject = asString(sub);
  if (subject === undefined || subject === "" || typeof iat !== "number") throw new Error("the ID token names nobody");
  const address = verified === true ? asString(email) : undefined;
  return {
    subject,
    email: address ?? null,
    name: asString(name) ?? asString(username) ?? subject,
    groups: asArray(claims[groupsClaim]).filter((group): group is string => typeof group === "string"),
    authTime: new Date(iat * 1000),
  };
}

function isInsecure(issuer: string): boolean {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url?.protocol === "https:") return false;
  const local = url !== undefined && /^(localhost|.+\.localhost|127\.0\.0\.1)$/.test(url.hostname);
  if (url?.protocol === "http:" && local) return true;
  throw new RefusedError(
    `the issuer must be an https address (http only under localhost), got "${issuer}"; write it as the identity provider does`,
  );
}

/** Asks every address at one place: names, paths and headers stay those of the address. */
function fetchAt(place: string): oidc.CustomFetch {
  const { hostname, port, protocol } = new URL(place);
  const connect = buildConnector({});
  const dispatcher = new Agent({
    connect: (options, callback) => {
      connect({ ...options, hostname, port: port === "" ? (protocol === "https:" ? "443" : "80") : port }, callback);
    },
  });
  return async (url, { body, ...options }) => {
    const sent = body instanceof URLSearchParams ? body.toString() : body;
    // undici's own types and those of the standard differ in names only.
    const answer = await fetchBy(url, { ...options, body: sent, dispatcher } as Parameters<typeof fetchBy>[1]);
    const { status, headers } = answer;
    return new Response(await answer.arrayBuffer(), { status, headers: [...headers] });
  };
}
