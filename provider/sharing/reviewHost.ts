import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isSandboxName, sandboxHost } from "../../core/sandbox/name";
import { sha256 } from "../../core/sha256";
import { decide } from "../../core/sharing/decide";
import { html } from "../../core/sharing/html";
import { hostNameOf, originOf, reviewHost, RESERVED_PATH, sandboxUrl } from "../../core/sharing/names";
import { homePage, plainPage, refusalPage, reviewPage, type ReviewModel } from "../../core/sharing/page";
import { reviewsOf } from "../../core/sharing/records";
import { mayReview, readReview, revisionOf, standingOf } from "../../core/sharing/review";
import { reasonOf } from "../../platform/errors";
import { bodyOf } from "../../platform/httpBody";
import { pageAnswer, redirectTo, type Answer } from "./answers";
import { dropCookie, readCookie, setCookie } from "./cookies";
import { LASTS, type DoorState, type Login, type Pending } from "./doorState";
import { freshId } from "./shelf";

const LONGEST_FORM = 32_768;

/**
 * The gate's own host: where people sign in, see what they review, and decide. It is another origin than every sandbox, so
 * that the program under review cannot decide on itself.
 */
export async function reviewHostAnswer(state: DoorState, request: IncomingMessage): Promise<Answer> {
  const { door } = state.parts;
  if (hostNameOf(request.headers.host) !== reviewHost(door))
    return wrong(421, "This is not the address of the review.");
  const url = new URL(request.url ?? "/", state.origin);
  const login = state.loginBy(readCookie(door, request.headers.cookie, "login"));
  const [, sandbox, decision] = /^\/sandboxes\/([a-z0-9-]{1,80})(\/decision)?$/.exec(url.pathname) ?? [];
  if (request.method === "POST") {
    if (url.pathname !== "/sign-out" && decision === undefined) return wrong(404, "There is nothing here.");
    const form = await formOf(state, request, login);
    if (!form || !login) return refusedForm(state, sandbox, login);
    return decision !== undefined && sandbox !== undefined
      ? decided(state, login, sandbox, form)
      : signedOut(state, login);
  }
  if (request.method !== "GET" && request.method !== "HEAD") return wrong(405, "This cannot be done here.");
  if (sandbox !== undefined && decision === undefined) return review(state, login, sandbox, request, url);
  if (url.pathname === "/sign-in") return signIn(state, login, request, url);
  if (url.pathname === "/callback") return callback(state, request, url);
  if (url.pathname === "/") return pageAnswer(200, homePage(login?.identity, login?.token ?? ""));
  return wrong(404, "There is nothing here.");
}

const wrong = (status: number, words: string, cookies: readonly string[] = []): Answer =>
  pageAnswer(status, plainPage("This did not work", html`<p>${words}</p>`), cookies);

async function signIn(state: DoorState, login: Login | undefined, request: IncomingMessage, url: URL): Promise<Answer> {
  const entry = url.searchParams.get("entry") ?? "";
  if (!state.entries.get(entry)) return wrong(400, "This way in is too old. Open the address of the sandbox again.");
  return login ? ticketTo(state, login, entry) : toProvider(state, request, { entry });
}

/** Sends a browser that has signed in back to the sandbox that it asked for. */
function ticketTo(state: DoorState, login: Login, entryId: string, cookies: readonly string[] = []): Answer {
  const entry = state.entries.take(entryId);
  if (!entry) return wrong(400, "This way in is too old. Open the address of the sandbox again.", cookies);
  const ticket = state.tickets.put({ ...entry, login: login.key });
  return redirectTo(`${originOf(state.parts.door, entry.host)}${RESERVED_PATH}/enter?ticket=${ticket}`, cookies);
}

async function toProvider(state: DoorState, request: IncomingMessage, then: Pending["then"]): Promise<Answer> {
  const { door, signIn: provider } = state.parts;
  const known = readCookie(door, request.headers.cookie, "attempt");
  const browser = known !== undefined && /^[\w-]{43}$/.test(known) ? known : freshId();
  const id = freshId();
  const { to, attempt } = await provider.begin(`${state.origin}/callback`, id);
  state.pending.putAs(id, { attempt, browser: sha256(browser), then });
  return redirectTo(to, browser === known ? [] : [setCookie(door, "attempt", browser, LASTS.browser)]);
}

/** The provider has sent a browser back. What it brings counts once, and only in the browser that was sent. */
async function callback(state: DoorState, request: IncomingMessage, url: URL): Promise<Answer> {
  const { door, recorder, signIn: provider } = state.parts;
  const pending = state.pending.take(url.searchParams.get("state") ?? undefined);
  const browser = readCookie(door, request.headers.cookie, "attempt");
  if (!pending || browser === undefined || pending.browser !== sha256(browser)) {
    recorder.refuse(await sandboxFor(state, pending), "bad-state", null);
    return wrong(403, "This sign-in was not begun here, or was used already. Open the address of the sandbox again.");
  }
  let cookie: string;
  let login: Login;
  try {
    const identity = await provider.finish(url, pending.attempt);
    ({ login, cookie } = state.signIn(identity));
  } catch (error) {
    recorder.refuse(await sandboxFor(state, pending), "sign-in-failed", null, {
      why: reasonOf(error),
      cause: reasonOf(causeOf(error)),
    });
    return wrong(
      403,
      "The identity provider's answer does not hold, so you are not signed in. Open the address of the sandbox again.",
    );
  }
  const cookies = [setCookie(door, "login", cookie, LASTS.login)];
  const { then } = pending;
  return "entry" in then
    ? ticketTo(state, login, then.entry, cookies)
    : redirectTo(`${state.origin}/sandboxes/${then.sandbox}`, cookies);
}

const causeOf = (error: unknown): unknown => (error instanceof Error && error.cause !== undefined ? error.cause : "");

/** The sandbox that a sign-in was for, to note there what became of it. */
async function sandboxFor(state: DoorState, pending: Pending | undefined) {
  if (!pending) return undefined;
  const { then } = pending;
  const name = "entry" in then ? state.entries.get(then.entry)?.sandbox : then.sandbox;
  const looked = name === undefined ? undefined : await state.parts.book.look(name).catch(() => undefined);
  return looked?.sandbox;
}

/** The form, if it came from a page of ours that its sender was given. */
async function formOf(
  state: DoorState,
  request: IncomingMessage,
  login: Login | undefined,
): Promise<URLSearchParams | undefined> {
  const text = await bodyOf(request, LONGEST_FORM);
  const { origin, "content-type": type = "" } = request.headers;
  const site = request.headers["sec-fetch-site"];
  const own = origin === state.origin && (site === undefined || site === "same-origin");
  if (text === undefined || !login || !own || !type.startsWith("application/x-www-form-urlencoded")) return undefined;
  const form = new URLSearchParams(text);
  const [given, wanted] = [form.get("token") ?? "", login.token].map((token) => Buffer.from(sha256(token)));
  return given && wanted && timingSafeEqual(given, wanted) ? form : undefined;
}

async function refusedForm(state: DoorState, sandbox: string | undefined, login: Login | undefined): Promise<Answer> {
  const looked = sandbox !== undefined && isSandboxName(sandbox) ? await state.parts.book.look(sandbox) : undefined;
  state.parts.recorder.refuse(looked?.sandbox, "bad-form", login?.identity.subject ?? null);
  return wrong(
    403,
    "This form did not come from the review page, or you are no longer signed in. Nothing was recorded as a decision.",
  );
}

/** What a person may see and do of a sandbox, or the page that says why not. */
async function modelOf(state: DoorState, login: Login, name: string): Promise<ReviewModel | Answer> {
  const { door, book, recorder } = state.parts;
  const { sandbox, grants } = await book.look(name, "anew");
  const { identity, token } = login;
  const host = sandboxHost(name, door.domain);
  const access = decide({ method: "GET", host, sandboxHost: host }, identity, grants, sandbox, state.now);
  if (!access.allowed || !sandbox) {
    const refusal = access.allowed ? ({ allowed: false, reason: "no-sandbox" } as const) : access;
    recorder.refuse(sandbox, refusal.reason, identity.subject);
    return pageAnswer(403, refusalPage({ access: refusal, sandbox: name, identity, signOut: "/" }));
  }
  const records = await book.records(name);
  const reviews = records ? reviewsOf(records) : [];
  const standings = access.roles.map((role) => ({ role, standing: standingOf(reviews, role, revisionOf(sandbox)) }));
  const may = mayReview(access, identity, sandbox);
  return { sandbox, identity, access, may, standings, token, url: sandboxUrl(door, name), now: state.now };
}

async function review(
  state: DoorState,
  login: Login | undefined,
  name: string,
  request: IncomingMessage,
  url: URL,
): Promise<Answer> {
  if (!isSandboxName(name)) return wrong(404, "There is nothing here.");
  if (!login) return toProvider(state, request, { sandbox: name });
  const model = await modelOf(state, login, name);
  if ("status" in model) return model;
  const done = DONE[url.searchParams.get("done") ?? ""];
  return pageAnswer(200, reviewPage({ ...model, ...(done === undefined ? {} : { done }) }));
}

const DONE: Readonly<Record<string, string>> = {
  approved: "Your approval was recorded.",
  rejected: "Your rejection was recorded.",
};

async function decided(state: DoorState, login: Login, name: string, form: URLSearchParams): Promise<Answer> {
  const model = await modelOf(state, login, name);
  if ("status" in model) return model;
  const { may, sandbox, identity } = model;
  if (!may.ok) {
    state.parts.recorder.refuse(sandbox, "may-not-decide", identity.subject);
    return wrong(403, `You cannot decide here: ${may.why}.`);
  }
  const said = readReview(form);
  if (!said.ok) {
    const draft = { why: said.why, comment: form.get("comment") ?? "" };
    return pageAnswer(422, reviewPage({ ...model, draft }));
  }
  const { verdict, comment } = said;
  await state.parts.recorder.note(sandbox, { kind: verdict, who: identity.subject, roles: may.roles, comment });
  return redirectTo(`${state.origin}/sandboxes/${name}?done=${verdict}`);
}

async function signedOut(state: DoorState, login: Login): Promise<Answer> {
  const { door, signIn: provider } = state.parts;
  state.signOut(login);
  const there = await provider.signOutUrl().catch(() => undefined);
  const more =
    there !== undefined &&
    html`<p>
      Your identity provider may still know you, and would sign you in again without asking.
      <a href="${there}">Sign out there too</a>
    </p>`;
  const page = plainPage(
    "You are signed out",
    html`<p>Your sessions of all sandboxes have ended.</p>
      ${more}`,
  );
  return pageAnswer(200, page, [dropCookie(door, "login")]);
}
