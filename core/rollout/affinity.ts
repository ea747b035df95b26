import { z } from "zod";
import { COLORS, majority, otherColor, type Color, type Weights } from "./color";

/** How a service's sessions are kept while its traffic is divided. */
export interface Affinity {
  /** Browsers send the cookie over HTTPS alone. */
  readonly secure: boolean;
}

/** What a move remembers of the cookies it gave, so that whoever writes its route next writes the same rules. */
export const sessionsSchema = z.object({
  /** Tells this move's cookies from those of any other move: an old cookie leads nowhere. */
  id: z.string(),
  secure: z.boolean(),
  /** Weights in percent at which sessions were dealt, rising; the last is the current one. */
  dealt: z.array(z.number().int().min(1).max(99)),
});
export type Sessions = Readonly<z.infer<typeof sessionsSchema>>;

/** The part of a move that cookies depend on. */
export interface DividedMove {
  readonly to: Color;
  readonly sessions?: Sessions | undefined;
}

/** A rule of the route that leads sessions by their cookie. */
export interface SessionRule {
  /** The whole header `Cookie`, as a regular expression (RE2). */
  readonly cookie: string;
  /** Relative, as a gateway takes them; their sum is above zero. */
  readonly weights: Weights;
  /** Whether answers carry a cookie: not for a session that keeps the one it has. */
  readonly deals: boolean;
}

/** A question whose answer proves that the data plane leads sessions as the route says. */
export interface SessionProof {
  /** Value of the header `Cookie`. */
  readonly cookie: string;
  /** Color that must answer. */
  readonly color: Color;
}

/** An HTTPRoute has at most 16 rules: one without a cookie, one for the new color, and one a weight that was dealt. */
const MOST_DEALT = 14;

/** @param choice the service's setting. @param address where users reach the gateway. @returns `undefined` for no affinity. */
export const affinityOf = (choice: "cookie" | undefined, address: string): Affinity | undefined =>
  choice && { secure: new URL(address).protocol === "https:" };

/**
 * The sessions of a move after its step to `weight`. A move that begins again below where it was is another one: who
 * was on the new color at the larger share is dealt anew. All at once nothing is dealt.
 */
export function dealtAgain(before: Sessions | undefined, weight: number, fresh: Omit<Sessions, "dealt">) {
  const last = before?.dealt.at(-1) ?? 0;
  const kept = before && weight >= last ? before : undefined;
  if (weight === 0 || weight === 100) return kept;
  if (!kept) return { ...fresh, dealt: [weight] };
  return {
    ...kept,
    secure: fresh.secure,
    dealt: [...kept.dealt.filter((one) => one < weight), weight].slice(-MOST_DEALT),
  };
}

/**
 * The rules that lead sessions while the traffic is divided; none when one color has all of it, so no cookie outlives
 * its move and the patch that restores the weights takes every rule away.
 *
 * What comes with no cookie of this move is dealt by the weights, and its answer says how: color, and weight of the new
 * color at that time. A session of the new color stays there. A session of the old color stays too until the weight
 * rises; with its next request it is then dealt once more, and of those dealt at `v` percent the share
 *
 *     (w - v) / (100 - v)
 *
 * goes over at `w` percent. So the share of sessions on the new color is `w` percent at each step, of those that have
 * been there since the first as of those that came just now:
 *
 *     v + (100 - v) * (w - v) / (100 - v) = w
 *
 * Dealing them by the plain weight would give more: 10 % and then 25 % would be 32.5 % of the sessions from the
 * beginning. The share of requests is `w` percent in expectation, and varies with what the sessions on either side do.
 * A client that sends cookies back in no order, or none, is dealt by each request, by the plain weights.
 */
export function sessionRules(service: string, weights: Weights, move: DividedMove | null): SessionRule[] {
  if (!move?.sessions || !isDivided(weights)) return [];
  const { to, sessions } = move;
  const from = otherColor(to);
  const now = weights[to];
  const rule = (color: Color, dealt: string, of: Partial<Weights>, deals: boolean): SessionRule => ({
    cookie: pattern(`${name(service)}=${color}\\.${sessions.id}\\.${dealt}`),
    weights: { blue: 0, green: 0, ...of },
    deals,
  });
  // Each rule keeps its place and its pattern from step to step, or the gateway would begin to count it anew.
  return [
    rule(to, "[0-9]+", { [to]: 100 }, false),
    ...sessions.dealt
      .filter((dealt) => dealt <= now)
      .map((dealt) => rule(from, String(dealt), { [to]: now - dealt, [from]: 100 - now }, dealt < now)),
  ];
}

/** The header `Set-Cookie` of an answer of `color`; `undefined` while no sessions are kept. */
export function setCookie(service: string, color: Color, weights: Weights, move: DividedMove | null) {
  if (!move?.sessions || !isDivided(weights)) return undefined;
  const attributes = ["Path=/", "HttpOnly", "SameSite=Lax", ...(move.sessions.secure ? ["Secure"] : [])];
  return [cookie(service, color, move.sessions, weights[move.to]), ...attributes].join("; ");
}

/**
 * Questions with the cookies of `move`. While the traffic is divided each color's sessions must be answered by it, which
 * also proves that the gateway knows regular expressions; afterwards both by the one color that has all the traffic.
 */
export function sessionProofs(service: string, weights: Weights, move: DividedMove | null): SessionProof[] {
  const last = move?.sessions?.dealt.at(-1);
  if (!move?.sessions || last === undefined) return [];
  const { to, sessions } = move;
  const divided = isDivided(weights);
  const dealt = divided ? weights[to] : last;
  return COLORS.map((color) => ({
    cookie: cookie(service, color, sessions, dealt),
    color: divided ? color : majority(weights, color),
  }));
}

const isDivided = ({ blue, green }: Weights): boolean => blue > 0 && green > 0;

const name = (service: string): string => `hms-${service}`;

const cookie = (service: string, color: Color, { id }: Sessions, dealt: number): string =>
  `${name(service)}=${color}.${id}.${dealt}`;

// The whole header, for gateways that match all of it and for those that search in it.
const pattern = (pair: string): string => `^(?:.*; ?)?${pair}(?:;.*)?$`;
