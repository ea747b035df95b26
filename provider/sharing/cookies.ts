import type { Door } from "../../core/sharing/names";

/** Cookies of the gate, each of one host: `door` and `browser` of a sandbox's, `login` and `attempt` of the gate's own. */
const NAMES = { door: "hms-door", browser: "hms-browser", login: "hms-login", attempt: "hms-attempt" } as const;
export type CookieName = keyof typeof NAMES;

/** With this beginning a browser takes a cookie from its own host by https alone, and from no name beside it. */
const HOST_PREFIX = "__Host-";

const isSecure = ({ protocol }: Door): boolean => protocol === "https:";
const nameOf = (door: Door, name: CookieName): string => `${isSecure(door) ? HOST_PREFIX : ""}${NAMES[name]}`;

/** For this host only, and for no program of the page. */
export function setCookie(door: Door, name: CookieName, value: string, seconds: number): string {
  const secure = isSecure(door) ? "; Secure" : "";
  return `${nameOf(door, name)}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure}`;
}

export const dropCookie = (door: Door, name: CookieName): string => setCookie(door, name, "", 0);

/** Its value. Two of one name are none: one of them is not from here. */
export function readCookie(door: Door, header: string | undefined, name: CookieName): string | undefined {
  const wanted = nameOf(door, name);
  const values = pairs(header).filter(([own]) => own === wanted);
  return values.length === 1 ? values[0]?.[1] : undefined;
}

/** The header without any cookie of the gate: the program behind it must not get hold of them. Empty: none is left. */
export function withoutOurs(header: string | undefined): string {
  const ours = new Set(Object.values(NAMES).flatMap((name) => [name, HOST_PREFIX + name]));
  const left = pairs(header).filter(([name]) => !ours.has(name));
  return left.map(([name, value]) => `${name}=${value}`).join("; ");
}

const pairs = (header = ""): readonly (readonly [string, string])[] =>
  header.split(";").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at < 0 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const];
  });
