import type { IncomingHttpHeaders } from "node:http";
import { sandboxHost } from "../../core/sandbox/name";
import { sha256 } from "../../core/sha256";
import { decide, type Access, type Identity } from "../../core/sharing/decide";
import { hostNameOf, originOf, RESERVED_PATH, reviewUrl, sandboxOfHost } from "../../core/sharing/names";
import { refusalPage } from "../../core/sharing/page";
import { GUARDED, pageAnswer, redirectTo, textAnswer, type Answer } from "./answers";
import type { Looked } from "./book";
import { readCookie, setCookie, withoutOurs } from "./cookies";
import { LASTS, type DoorState } from "./doorState";
import { freshId } from "./shelf";

/** A request as the gateway tells of it. Only the gateway reaches the port that this is asked at. */
interface Asked {
  /** Full host name. */
  readonly host: string;
  readonly sandbox: string;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Path and query as they came. */
  readonly uri: string;
  readonly cookie: string | undefined;
  /** Whether a person looks at what comes back. */
  readonly page: boolean;
  /** Of a request to go over to WebSocket. */
  readonly upgradeKey: string | undefined;
}

/**
 * Answers the gateway's question whether a request may pass: 200 passes, everything else is the answer to the request. A
 * question that is not understood does not pass.
 */
export async function forwardAuth(state: DoorState, headers: IncomingHttpHeaders): Promise<Answer> {
  const asked = readAsked(state, headers);
  if (!asked) {
    state.parts.recorder.refuse(undefined, "no-sandbox", null, {
      host: hostNameOf(one(headers["x-forwarded-host"])) ?? null,
    });
    return textAnswer(403, "there is no sandbox at this address");
  }
  if (asked.path === RESERVED_PATH || asked.path.startsWith(`${RESERVED_PATH}/`)) return reserved(state, asked);
  // Whatever cannot be told throws, and the server answers 503.
  const looked = await state.parts.book.look(asked.sandbox);
  const cookie = readCookie(state.parts.door, asked.cookie, "door");
  const session = state.doors.get(cookie);
  if (session && session.host !== asked.host) return turnedAway(state, asked, looked, "other-host");
  const identity = session && state.loginOf(session.login)?.identity;
  if (!identity && cookie !== undefined) state.parts.recorder.refuse(looked.sandbox, "unknown-session", null);
  const access = accessOf(state, asked, looked, identity);
  if (access.allowed) return passed(asked, access);
  if (access.reason === "no-login" || access.reason === "login-expired") {
    if (cookie === undefined || identity)
      state.parts.recorder.refuse(looked.sandbox, access.reason, identity?.subject ?? null);
    return askedToSignIn(state, asked);
  }
  return turnedAway(state, asked, looked, access.reason, identity);
}

function readAsked(state: DoorState, headers: IncomingHttpHeaders): Asked | undefined {
  const host = hostNameOf(one(headers["x-forwarded-host"]));
  const sandbox = host === undefined ? undefined : sandboxOfHost(state.parts.door, host);
  const uri = one(headers["x-forwarded-uri"]);
  const method = one(headers["x-forwarded-method"]);
  // A path that is none would be read differently by whoever comes after.
  const readable = uri?.startsWith("/") === true && URL.canParse(`http://h${uri}`);
  if (host === undefined || sandbox === undefined || uri === undefined || method === undefined || !readable)
    return undefined;
  const { pathname, searchParams } = new URL(`http://h${uri}`);
  return {
    ...{ host, sandbox, method, uri, query: searchParams },
    path: pathname,
    cookie: headers.cookie,
    page: method === "GET" && (headers.accept ?? "").includes("text/html"),
    upgradeKey: one(headers["sec-websocket-key"]),
  };
}

const one = (header: string | string[] | undefined): string | undefined =>
  typeof header === "string" && header !== "" ? header : undefined;

function accessOf(
  state: DoorState,
  { host, sandbox, method }: Asked,
  looked: Looked,
  identity: Identity | undefined,
): Access {
  const request = { method, host, sandboxHost: sandboxHost(sandbox, state.parts.door.domain) };
  return decide(request, identity, looked.grants, looked.sandbox, state.now);
}

/** The program behind gets neither the gate's cookies nor, of who may only look, what opens a channel to write by. */
function passed({ cookie, upgradeKey }: Asked, { as }: Access & { readonly allowed: true }): Answer {
  const left = withoutOurs(cookie);
  const headers = {
    ...GUARDED,
    ...(left === "" ? {} : { Cookie: left }),
    ...(upgradeKey === undefined || as === "view" ? {} : { "Sec-WebSocket-Key": upgradeKey }),
  };
  return { status: 200, headers, body: "" };
}

function turnedAway(
  state: DoorState,
  { sandbox, page }: Asked,
  looked: Looked,
  reason: (Access & { readonly allowed: false })["reason"] | "other-host",
  identity?: Identity,
): Answer {
  state.parts.recorder.refuse(looked.sandbox, reason, identity?.subject ?? null, { host: sandbox });
  const said = reason === "other-host" ? "wrong-host" : reason;
  const status = said === "no-sandbox" || said === "sandbox-expired" ? 404 : 403;
  if (!page) return textAnswer(status, `refused: ${said}`);
  const access = { allowed: false, reason: said } as const;
  return pageAnswer(status, refusalPage({ access, sandbox, identity, signOut: `${state.origin}/` }));
}

/** What would take more of the memory than it is worth is not come back to. */
const LONGEST_PATH = 2000;

/** A person is sent to sign in and comes back here; a program is told that it has to. */
function askedToSignIn(state: DoorState, { host, sandbox, uri, page, cookie }: Asked): Answer {
  if (!page) return textAnswer(401, "refused: nobody is signed in; open this address in a browser first");
  const { door } = state.parts;
  const known = readCookie(door, cookie, "browser");
  const browser = known !== undefined && /^[\w-]{43}$/.test(known) ? known : freshId();
  const path = uri.length > LONGEST_PATH ? "/" : uri;
  const entry = state.entries.put({ host, sandbox, path, browser: sha256(browser) });
  const cookies = browser === known ? [] : [setCookie(door, "browser", browser, LASTS.browser)];
  return redirectTo(`${state.origin}/sign-in?entry=${entry}`, cookies);
}

async function reserved(state: DoorState, asked: Asked): Promise<Answer> {
  const { path, sandbox } = asked;
  if (path === `${RESERVED_PATH}/enter` && asked.method === "GET") return enter(state, asked);
  if (path === RESERVED_PATH || path === `${RESERVED_PATH}/`) return redirectTo(reviewUrl(state.parts.door, sandbox));
  return textAnswer(404, "there is nothing here");
}

/** Takes a ticket, and lets its browser in if somebody was granted that. */
async function enter(state: DoorState, asked: Asked): Promise<Answer> {
  const { door, recorder, book } = state.parts;
  // Whoever has just been told that it is shared with them comes at once.
  const looked = await book.look(asked.sandbox, "anew");
  const ticket = state.tickets.take(asked.query.get("ticket") ?? undefined);
  const browser = readCookie(door, asked.cookie, "browser");
  const login = ticket && state.loginOf(ticket.login);
  const good =
    ticket && browser !== undefined && ticket.browser === sha256(browser) && ticket.host === asked.host && login;
  if (!good) {
    recorder.refuse(looked.sandbox, "bad-ticket", login?.identity.subject ?? null);
    return textAnswer(403, "this way in was used or is too old; open the address of the sandbox again");
  }
  const { identity } = login;
  const access = accessOf(state, { ...asked, method: "GET" }, looked, identity);
  if (!access.allowed || !looked.sandbox)
    return turnedAway(state, { ...asked, page: true }, looked, access.allowed ? "no-sandbox" : access.reason, identity);
  await recorder.note(looked.sandbox, { kind: "opened", who: identity.subject, roles: access.roles });
  const session = state.doors.put({ host: asked.host, login: ticket.login });
  return redirectTo(originOf(door, asked.host) + ticket.path, [setCookie(door, "door", session, LASTS.door)]);
}
