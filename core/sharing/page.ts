import type { SandboxIdentity } from "../sandbox/identity";
import { REFUSALS, type Access, type Identity } from "./decide";
import { Html, html, type Part } from "./html";
import { LONGEST_COMMENT, type MayReview, type Review, type Standing } from "./review";
import { STYLE } from "./style";

/** To the byte what the pages' policy allows. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);

/** A whole document. */
export const page = (title: string, main: Part, around: { readonly top?: Part; readonly foot?: Part } = {}): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>${around.top ?? html`<span>Sandbox review</span>`}</header>
        <main>${main}</main>
        <footer>${around.foot}</footer>
      </body>
    </html> `.text;

export interface ReviewModel {
  readonly sandbox: SandboxIdentity;
  readonly url: string;
  readonly identity: Identity;
  readonly access: Access & { readonly allowed: true };
  readonly may: MayReview;
  /** By role, of those that the reader is here in. */
  readonly standings: readonly { readonly role: string; readonly standing: Standing }[];
  /** Of a form; see the gate. */
  readonly token: string;
  /** What the form said last time, if that was not taken. */
  readonly draft?: { readonly why: string; readonly comment: string };
  /** Said once, after a decision. */
  readonly done?: string;
  readonly now: Date;
}

/** What a reviewer sees of a sandbox, and where they say what they think of it. */
export function reviewPage(model: ReviewModel): string {
  const { sandbox, url, identity, access, may, standings, draft, done, now } = model;
  const facts: readonly (readonly [string, Part])[] = [
    ["What changed", sandbox.changed || "not said"],
    ["Purpose", sandbox.purpose || "not said"],
    ["Owner", sandbox.owner],
    ["Data", html`scrubbed snapshot ${sandbox.snapshot || "not said"}`],
    [
      "Ends",
      html`<time datetime="${sandbox.expiresAt.toISOString()}">${timeText(sandbox.expiresAt)}</time>
        (${leftText(sandbox.expiresAt, now)})`,
    ],
    ["You are here as", html`${access.roles.join(", ")}; you ${MAY[access.as]}`],
  ];
  const main = html` ${done !== undefined && html`<p class="notice approved" role="status">${done}</p>`}
    ${draft && html`<p class="notice rejected" role="alert" id="problem">${draft.why}</p>`}
    <div class="top">
      <h1>${sandbox.name}</h1>
      <a class="button plain" href="${url}">Open the sandbox</a>
    </div>
    <p class="lead">Nothing here is production: what you see is computed from a copy without anybody's real data.</p>
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">What you are looking at</h2>
      <dl>
        ${facts.map(
          ([term, value]) =>
            html`<dt>${term}</dt>
              <dd>${value}</dd>`,
        )}
      </dl>
    </section>
    ${
      may.ok
        ? form(model)
        : html`<section class="card">
            <h2>Decision</h2>
            <p>You cannot decide here: ${may.why}.</p>
          </section>`
    }
    ${standings.map(({ role, standing }) => said(role, standing))}`;
  const top = html`<span>Sandbox review</span>
    <form method="post" action="/sign-out">
      <input type="hidden" name="token" value="${model.token}" /><span>${identity.name}</span>
      <button class="plain">Sign out</button>
    </form>`;
  return page(`Review of ${sandbox.name}`, main, {
    top,
    foot: "What you decide is recorded with your name and cannot be taken back, only followed by another word.",
  });
}

function form({ sandbox, token, draft }: ReviewModel): Html {
  const described = draft ? "hint problem" : "hint";
  return html`<section class="card" aria-labelledby="decide">
    <h2 id="decide">Your decision</h2>
    <form method="post" action="/sandboxes/${sandbox.name}/decision">
      <input type="hidden" name="token" value="${token}" />
      <label for="comment">Comment</label>
      <p class="hint" id="hint">
        What you looked at, and why. Needed to reject. At most ${LONGEST_COMMENT} characters.
      </p>
      <textarea
        id="comment"
        name="comment"
        maxlength="${LONGEST_COMMENT}"
        aria-describedby="${described}"
        ${draft && html` aria-invalid="true"`}
      >
${draft?.comment}</textarea>
      <div class="actions">
        <button class="yes" name="verdict" value="approved">Approve</button
        ><button class="no" name="verdict" value="rejected">Reject</button>
      </div>
    </form>
  </section>`;
}

const STATES: Readonly<Record<Standing["state"], string>> = {
  approved: "Approved",
  rejected: "Rejected",
  waiting: "Waiting for a decision",
};

function said(role: string, { state, reviews, outdated }: Standing): Html {
  const id = `role-${role.replace(/[^A-Za-z0-9]+/g, "-")}`;
  const none = html`<p>Nobody has decided yet.</p>`;
  const old =
    outdated > 0 &&
    html`<p class="hint">
      ${outdated === 1 ? "One earlier word was" : `${outdated} earlier words were`} on what the sandbox was before, and
      no longer counts.
    </p>`;
  return html`<section class="card" aria-labelledby="${id}">
    <div class="top">
      <h2 id="${id}">Said as ${role}</h2>
      <span class="state ${state}">${STATES[state]}</span>
    </div>
    ${
      reviews.length === 0
        ? none
        : html`<ol>
            ${reviews.map(word)}
          </ol>`
    }${old}
  </section>`;
}

const word = ({ who, verdict, at, comment }: Review): Html =>
  html`<li>
    <div class="who">
      <strong>${who}</strong><span class="state ${verdict}">${STATES[verdict]}</span
      ><time datetime="${at}">${timeText(new Date(at))}</time>
    </div>
    ${comment !== "" && html`<p class="said">${comment}</p>`}
  </li>`;

const MAY = {
  view: "may look at everything and change nothing",
  try: "may try it out: what you change stays in this sandbox",
  own: "own it, and may change its data",
} as const;

/** Why somebody does not come in, to them. */
export function refusalPage(model: {
  readonly access: Access & { readonly allowed: false };
  readonly sandbox: string;
  readonly identity: Identity | undefined;
  readonly signOut: string;
}): string {
  const { access, sandbox, identity, signOut } = model;
  return plainPage(
    "You cannot open this",
    html`<p>${sandbox}: ${REFUSALS[access.reason]}.</p>
      ${
        identity &&
        html`<p>
            You are signed in as ${identity.name} (${identity.subject}). If somebody shared this sandbox with you, ask
            them whether they meant this name.
          </p>
          <p><a href="${signOut}">Sign in as somebody else</a></p>`
      }
      <p class="hint">This was recorded.</p>`,
  );
}

/** A page that says one thing. */
export const plainPage = (title: string, body: Part): string =>
  page(
    title,
    html`<div class="top"><h1>${title}</h1></div>
      <section class="card">${body}</section>`,
  );

/** Where somebody who has no sandbox in mind finds who they are. */
export const homePage = (identity: Identity | undefined, token: string): string =>
  plainPage(
    "Sandbox review",
    identity
      ? html`<p>
            You are signed in as ${identity.name} (${identity.subject}), with
            ${identity.groups.length === 0 ? "no role" : identity.groups.join(", ")}.
          </p>
          <form method="post" action="/sign-out">
            <input type="hidden" name="token" value="${token}" /><button class="plain">Sign out</button>
          </form>`
      : html`<p>Open the address of a sandbox that was shared with you; you sign in on the way.</p>`,
  );

export const timeText = (at: Date): string => `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;

function leftText(until: Date, now: Date): string {
  const minutes = Math.max(0, Math.floor((until.getTime() - now.getTime()) / 60_000));
  const hours = Math.floor(minutes / 60);
  return hours > 0 ? `in ${hours} h ${minutes % 60} min` : `in ${minutes} min`;
}
