import { randomBytes } from "node:crypto";
import { sha256 } from "../../core/sha256";

/** More than that and the oldest go: whoever asks again and again must not fill the memory. */
const MOST = 20_000;
const ID_BYTES = 32;
const ID = /^[A-Za-z0-9_-]{43}$/;

/** A name that nobody guesses. */
export const freshId = (): string => randomBytes(ID_BYTES).toString("base64url");

/**
 * Things that somebody outside holds the name of: sessions, tickets, states. They live in this process alone, so that a
 * restart ends them all, and what is taken is gone. The names themselves are not kept, only their digests.
 */
export class Shelf<T> {
  private readonly things = new Map<string, { readonly value: T; readonly ends: number }>();

  constructor(
    /** How long a thing lasts, in seconds. */
    private readonly seconds: number,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** @returns its name. */
  put(value: T): string {
    const id = freshId();
    this.putAs(id, value);
    return id;
  }

  /** Under a name that was told already. */
  putAs(id: string, value: T): void {
    const [oldest] = this.things.keys();
    if (this.things.size >= MOST && oldest !== undefined) this.things.delete(oldest);
    this.things.set(sha256(id), { value, ends: this.now().getTime() + this.seconds * 1000 });
  }

  get(id: string | undefined): T | undefined {
    if (id === undefined || !ID.test(id)) return undefined;
    const key = sha256(id);
    const found = this.things.get(key);
    if (found && found.ends > this.now().getTime()) return found.value;
    this.things.delete(key);
    return undefined;
  }

  /** The thing, for the last time. */
  take(id: string | undefined): T | undefined {
    const value = this.get(id);
    if (id !== undefined) this.things.delete(sha256(id));
    return value;
  }

  removeWhere(is: (value: T) => boolean): void {
    for (const [key, { value }] of this.things) if (is(value)) this.things.delete(key);
  }
}
