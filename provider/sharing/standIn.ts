import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import { z } from "zod";
import { html, type Html } from "../../core/sharing/html";
import { page } from "../../core/sharing/page";
import { policyOf } from "../../core/sharing/style";
import { RefusedError, reasonOf } from "../../platform/errors";
import { bodyOf } from "../../platform/httpBody";
import { GUARDED } from "./answers";

const personSchema = z.strictObject({
  /** What they are granted by. */
  user: z.string().regex(/^[a-z][a-z0-9.-]*$/),
  name: z.string().min(1),
  email: z.email(),
  groups: z.array(z.string().min(1)),
  /** For whoever picks one. */
  note: z.string().default(""),
});
export type Person = z.infer<typeof personSchema>;

/** @throws RefusedError for a text that lists nobody. */
export function readPeople(text: string): readonly Person[] {
  try {
    return z.array(personSchema).min(1).parse(JSON.parse(text));
  } catch (error) {
    throw new RefusedError(`the list of people cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

export interface StandInSettings {
  readonly issuer: string;
  readonly people: readonly Person[];
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
}

const INTERACTION = /^\/interaction\/([\w-]{1,64})$/;

/**
 * An identity provider for machines that have none: real OpenID Connect, but whoever reaches it may say to be anybody on
 * its list. It says so on its page. Everything it knows is gone when it ends.
 */
export async function standInProvider(settings: StandInSettings): Promise<Server> {
  // Loaded where it is used: no other part of this program needs it.
  const { default: OidcProvider } = await import("oidc-provider");
  const { issuer, people, clientId, clientSecret, redirectUri } = settings;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const provider = new OidcProvider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    findAccount: (_context, user) => {
      const person = people.find((one) => one.user === user);
      if (!person) return undefined;
      const { name, email, groups } = person;
      const claims = () => ({ sub: user, preferred_username: user, name, email, email_verified: true, groups });
      return { accountId: user, claims };
    },
    claims: { openid: ["sub", "groups"], profile: ["name", "preferred_username"], email: ["email", "email_verified"] },
    // All in the ID token: the gate asks for nothing else.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    // Nobody is asked whether the gate may know who they are: that is all that signing in here is for.
    loadExistingGrant: async (context) => {
      const { client, session, provider: own } = context.oidc;
      if (!client || session?.accountId === undefined) return undefined;
      const grant = new own.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope("openid profile email");
      await grant.save();
      return grant;
    },
    cookies: { keys: [randomBytes(32).toString("hex")] },
    jwks: {
      keys: [
        { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: randomBytes(8).toString("hex") },
      ],
    },
    ttl: { Session: 8 * 3600, Interaction: 600, Grant: 3600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
  });
  // Behind the gateway, which says by what protocol it was asked.
  provider.proxy = true;
  const answer = provider.callback();
  return createServer((request, response) => {
    const [, uid] = INTERACTION.exec(request.url ?? "") ?? [];
    const work = uid === undefined ? answer(request, response) : interaction(provider, people, request, response);
    Promise.resolve(work).catch((error: unknown) => {
      say(response, 400, html`<p>${reasonOf(error)}. Begin again at the address of the sandbox.</p>`);
    });
  });
}

async function interaction(
  provider: Provider,
  people: readonly Person[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { prompt } = await provider.interactionDetails(request, response);
  if (prompt.name !== "login") throw new Error(`the provider asks for ${prompt.name}, which a stand-in does not know`);
  if (request.method !== "POST") {
    say(response, 200, list(people));
    return;
  }
  const user = new URLSearchParams((await bodyOf(request, 4096)) ?? "").get("user");
  const person = people.find((one) => one.user === user);
  if (!person) throw new Error("nobody of that name is on the list");
  await provider.interactionFinished(request, response, { login: { accountId: person.user } });
}

const list = (people: readonly Person[]): Html =>
  html`<p class="notice waiting" role="note">
      <strong>A stand-in for a real identity provider.</strong> It asks for no password: whoever can open this page can
      be anybody on this list.
    </p>
    <form method="post" class="card list">
      <h2>Who are you?</h2>
      ${people.map(
        ({ user, name, groups, note }) =>
          html`<button name="user" value="${user}">
            ${name} (${user})<small
              >${[groups.length === 0 ? "no role" : groups.join(", "), note].filter((text) => text !== "").join(" · ")}</small
            >
          </button>`,
      )}
    </form>`;

function say(response: ServerResponse, status: number, main: Html): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const around = {
    top: html`<span>Stand-in identity provider</span>`,
    foot: "Of this machine's local platform. Not for production.",
  };
  // The form ends, by way of the provider, at the gate and the sandbox, which are other hosts.
  const headers = {
    ...GUARDED,
    "Content-Security-Policy": policyOf("anywhere"),
    "Content-Type": "text/html; charset=utf-8",
  };
  response.writeHead(status, headers);
  response.end(
    page(
      "Sign in (stand-in)",
      html`<div class="top"><h1>Sign in</h1></div>
        ${main}`,
      around,
    ),
  );
}
