import type { Identity } from "../../core/sharing/decide";
import { LOGIN_SECONDS } from "../../core/sharing/decide";
import { originOf, reviewHost, type Door } from "../../core/sharing/names";
import type { DoorBook } from "./book";
import type { DoorRecorder } from "./doorRecorder";
import { freshId, Shelf } from "./shelf";
import type { Attempt, SignIn } from "./signIn";

export interface GateParts {
  readonly door: Door;
  readonly book: DoorBook;
  readonly recorder: DoorRecorder;
  readonly signIn: SignIn;
  readonly now?: () => Date;
}

/** Somebody who signed in, on the gate's own host. */
export interface Login {
  /** What its sandboxes' sessions name it by. */
  readonly key: string;
  readonly identity: Identity;
  /** In every form of theirs. */
  readonly token: string;
}

/** Somebody who asks for a sandbox and has to sign in first. */
export interface Entry {
  /** Full host name that was asked. */
  readonly host: string;
  readonly sandbox: string;
  /** Path and query to come back to. */
  readonly path: string;
  /** Digest of the cookie of the browser that asked. */
  readonly browser: string;
}

/** What the provider will be answering to. */
export interface Pending {
  readonly attempt: Attempt;
  /** Digest of the cookie of the browser that was sent there. */
  readonly browser: string;
  /** Where to go then: an entry by its id, or the review of a sandbox. */
  readonly then: { readonly entry: string } | { readonly sandbox: string };
}

/** Lets one browser into one host, once. */
export interface Ticket extends Entry {
  readonly login: string;
}

/** A session on a sandbox's host. */
export interface DoorSession {
  readonly host: string;
  readonly login: string;
}

/** Seconds. */
export const LASTS = {
  entry: 600,
  pending: 600,
  ticket: 60,
  login: LOGIN_SECONDS,
  door: LOGIN_SECONDS,
  browser: 86_400,
} as const;

/** What the gate remembers of whom; all of it in memory, so a gate that starts anew lets everybody sign in anew. */
export class DoorState {
  readonly entries: Shelf<Entry>;
  readonly pending: Shelf<Pending>;
  readonly tickets: Shelf<Ticket>;
  readonly logins: Shelf<Login>;
  readonly doors: Shelf<DoorSession>;
  private readonly byKey = new Map<string, { readonly login: Login; readonly ends: number }>();

  constructor(readonly parts: GateParts) {
    const { now } = parts;
    this.entries = new Shelf(LASTS.entry, now);
    this.pending = new Shelf(LASTS.pending, now);
    this.tickets = new Shelf(LASTS.ticket, now);
    this.logins = new Shelf(LASTS.login, now);
    this.doors = new Shelf(LASTS.door, now);
  }

  get now(): Date {
    return (this.parts.now ?? (() => new Date()))();
  }

  get origin(): string {
    return originOf(this.parts.door, reviewHost(this.parts.door));
  }

  /** @returns the value of its cookie. */
  signIn(identity: Identity): { readonly login: Login; readonly cookie: string } {
    const login: Login = { key: freshId(), identity, token: freshId() };
    const now = this.now.getTime();
    for (const [key, { ends }] of this.byKey) if (ends <= now) this.byKey.delete(key);
    this.byKey.set(login.key, { login, ends: now + LASTS.login * 1000 });
    return { login, cookie: this.logins.put(login) };
  }

  /** Who signed in on the gate's host, and will not have to do so again before a ticket of theirs is used. */
  loginBy(cookie: string | undefined): Login | undefined {
    const login = this.logins.get(cookie);
    const ends = login && login.identity.authTime.getTime() + (LASTS.login - LASTS.ticket) * 1000;
    return ends !== undefined && ends > this.now.getTime() ? login : undefined;
  }

  /** The person behind a sandbox's session; `undefined` once they signed out. */
  loginOf(key: string): Login | undefined {
    const found = this.byKey.get(key);
    return found && found.ends > this.now.getTime() ? found.login : undefined;
  }

  /** Ends it everywhere: on the gate's host and on every sandbox's. */
  signOut({ key }: Login): void {
    this.byKey.delete(key);
    this.logins.removeWhere((login) => login.key === key);
    this.doors.removeWhere(({ login }) => login === key);
    this.tickets.removeWhere(({ login }) => login === key);
  }
}
