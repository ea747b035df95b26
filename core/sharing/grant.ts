import { z } from "zod";
import { instant } from "../freeze/instant";
import { anyText, mapWith, oneOf, text, type Pattern } from "../service/field";
import { fail, problemsOf, succeed, type Result } from "../service/problem";

/** What a grant lets its holders do: look, change the sandbox's own data, or answer for the sandbox. Each contains the one before. */
export const LEVELS = ["view", "try", "own"] as const;
export type Level = (typeof LEVELS)[number];

/** Names as identity providers give them: no blanks, no commas, nothing that would need quoting. */
export const NAME: Pattern = {
  pattern: /^[\p{L}\p{N}][\p{L}\p{N}._@+:/-]*$/u,
  longest: 200,
  allowed: "at most 200 letters, digits and . _ @ + : / -, beginning with a letter or digit",
  advice: "write it as the identity provider does",
};

/** Texts in one ConfigMap, which holds a megabyte. */
const MOST_GRANTS = 500;
const MOST_NAMES = 100;

const names = (what: string) =>
  z
    .array(text(NAME), { error: `a list of ${what}; write an empty list for nobody in particular` })
    .max(MOST_NAMES, {
      error: `at most ${MOST_NAMES} ${what}; share with a group`,
    })
    .readonly();

const grantSchema = mapWith({
  id: text(NAME),
  /** Of the sandbox; a grant that is found elsewhere is none. */
  sandbox: text(NAME),
  /** Both empty: everybody who has the role. */
  to: mapWith({ users: names("users"), groups: names("groups") }),
  as: oneOf(LEVELS, "say what its holders may do"),
  /** Group that its holders must be of besides, and in whose name they decide. */
  role: text(NAME),
  until: instant("say when it ends"),
  by: anyText("say who granted it"),
  at: instant("say when it was granted"),
});
export type Grant = Readonly<z.infer<typeof grantSchema>>;

const bookSchema = mapWith({
  grants: z
    .array(grantSchema, { error: "a list of grants; remove the ConfigMap to take all of them back" })
    .max(MOST_GRANTS, {
      error: `at most ${MOST_GRANTS} grants; take some back, or share with a group`,
    }),
});

/** What a stored text grants. Nothing of a text that is wrong anywhere counts. */
export function readGrants(stored: string): Result<readonly Grant[]> {
  let document: unknown;
  try {
    document = JSON.parse(stored);
  } catch {
    return fail([{ path: [], got: "a text that is no JSON", allowed: '{"grants": […]}', advice: "share again" }]);
  }
  const parsed = bookSchema.safeParse(document);
  return parsed.success ? succeed(parsed.data.grants) : fail(problemsOf(parsed.error, document));
}

/** @throws Error for what could not be read back. */
export function writeGrants(grants: readonly Grant[]): string {
  const written = `${JSON.stringify({ grants }, null, 2)}\n`;
  const read = readGrants(written);
  if (!read.ok) throw new Error(`grants that could not be read back: ${JSON.stringify(read.problems)}`);
  return written;
}

/** With one more; those that ended are left out, as they are only in the way of who reads. */
export const withGrant = (grants: readonly Grant[], grant: Grant, now: Date): readonly Grant[] => [
  ...grants.filter(({ id, until }) => id !== grant.id && new Date(until) > now),
  grant,
];

export const withoutGrants = (grants: readonly Grant[], ids: readonly string[]): readonly Grant[] =>
  grants.filter(({ id }) => !ids.includes(id));

/** `PolicyAnalyst of ana, ben may view until 2026-11-22T18:00:00Z` */
export function grantText({ to: { users, groups }, as, role, until }: Grant): string {
  const whom = [...users, ...groups.map((group) => `group ${group}`)];
  const who = whom.length === 0 ? `everybody with the role ${role}` : `${whom.join(", ")}, with the role ${role},`;
  return `${who} may ${VERBS[as]} until ${until}`;
}

const VERBS: Readonly<Record<Level, string>> = {
  view: "look",
  try: "look and change its data",
  own: "look and change its data as its owner",
};
