import { z } from "zod";
import { duration, field, mapOf, mapWith, readBy, scalarText, text } from "./field";
import { PINNED_IMAGE, SECRET_KEY, SECRET_NAME, VARIABLE_NAME } from "./names";
import type { Problem } from "./problem";

/** Long enough for a backfill that somebody waits for, short enough to notice one that hangs. */
const DEFAULT_SECONDS = 600;

const commandField = (advice: string) =>
  field(
    (value) => ({
      allowed: "a list of texts, the program and its arguments, or one text for /bin/sh",
      advice: holdsPassword(value)
        ? "put the password into a Kubernetes Secret, name it under secrets, and let the program read the variable"
        : advice,
      hidden: holdsPassword(value),
    }),
    (value) => (holdsPassword(value) ? undefined : commandOf(value)),
  );

/** The words to run; a text is handed to a shell, which the image must then have. */
function commandOf(value: unknown): readonly string[] | undefined {
  if (typeof value === "string") return isWord(value) ? ["/bin/sh", "-c", value] : undefined;
  if (!Array.isArray(value)) return undefined;
  const words = value.filter((word) => typeof word === "string");
  const [program] = words;
  // An argument may be empty, a program may not.
  const isCommand = program !== undefined && isWord(program) && !words.some((word) => word.includes("\0"));
  return isCommand && words.length === value.length ? words : undefined;
}

const isWord = (word: string): boolean => word.trim() !== "" && !word.includes("\0");

/** `//user:password@host`, where the password is no variable of a shell: commands stand in files, states and Jobs. */
const holdsPassword = (value: unknown): boolean =>
  (Array.isArray(value) ? value : [value]).some(
    (word) => typeof word === "string" && /\/\/[^\s/:@]*:[^\s/@$]+@/.test(word),
  );

const variables = {
  /** Beside the service's own variables, and before them where a name is the same. */
  env: mapOf(VARIABLE_NAME, scalarText("write its value; never a secret")).default({}),
  secrets: mapOf(
    VARIABLE_NAME,
    mapWith({ secret: text(SECRET_NAME), key: text(SECRET_KEY) }, { hidden: true }),
  ).default({}),
};

const timeout = duration(1, 86_400, "say how long one run may take before it is stopped");

const flag = field(
  { allowed: "true or false", advice: "write true to run down when the release gives its traffic back" },
  (value) => (typeof value === "boolean" ? { value } : undefined),
).transform((boxed): boolean => boxed.value);

/** What brings a service's database to a release, and what takes that back. */
export const migrationsSchema = mapWith({
  /** Absent: the service's own image. */
  image: text(PINNED_IMAGE).exactOptional(),
  up: commandField("write for example up: [node, migrate.js, up]"),
  down: commandField("write for example down: [node, migrate.js, down], or leave it out").exactOptional(),
  ...variables,
  timeout: timeout.default(DEFAULT_SECONDS),
  downOnRestore: flag.default(false),
}).superRefine(({ down, downOnRestore, env, secrets }, context) => {
  for (const { path, ...params } of [...downMissing(down, downOnRestore), ...namedTwice(env, secrets)])
    context.addIssue({ code: "custom", path: [...path], params });
});

/** Seconds; commands as words. */
export type Migrations = Readonly<z.output<typeof migrationsSchema>>;

const decided = mapWith({
  image: text(PINNED_IMAGE).exactOptional(),
  env: variables.env,
  secrets: variables.secrets,
  timeout: timeout.exactOptional(),
  downOnRestore: flag.exactOptional(),
});

/** What a stack may say of a service's migrations: `none`, or where and with what they run; never what they do. */
export const migrationsDecisionSchema = z.unknown().transform((value, context): MigrationsDecision => {
  if (value === "none") return "none";
  return readBy(decided, value, context) ?? z.NEVER;
});

export type MigrationsDecision = Readonly<z.output<typeof decided>> | "none";

/** The migrations of a service as one stack wants them; `undefined` for none. */
export function mergeMigrations(
  own: Migrations | undefined,
  stack: MigrationsDecision | undefined,
): Migrations | undefined {
  if (own === undefined || stack === "none") return undefined;
  if (stack === undefined) return own;
  const { env, secrets, ...rest } = stack;
  return { ...own, ...rest, env: { ...own.env, ...env }, secrets: { ...own.secrets, ...secrets } };
}

/** What a stack decides about migrations that the service does not have, or not so; paths begin at `migrations`. */
export function decisionProblems(
  own: Migrations | undefined,
  stack: MigrationsDecision | undefined,
): readonly Problem[] {
  if (stack === undefined || stack === "none") return [];
  if (own === undefined) {
    const advice = "declare them with up and down in its service.yaml, or remove this";
    return [{ path: [], got: "decisions on migrations", allowed: "none, for the service has no migrations", advice }];
  }
  const undeclared = (["env", "secrets"] as const).flatMap((section) =>
    Object.keys(stack[section])
      .filter((name) => !Object.hasOwn(own[section], name))
      .map((name) => ({
        path: [section, name],
        got: "a variable that the service's migrations do not declare",
        allowed: Object.keys(own[section]).length === 0 ? "nothing" : `one of ${Object.keys(own[section]).join(", ")}`,
        advice: `declare it under migrations.${section} in its service.yaml, or remove it`,
      })),
  );
  return [...undeclared, ...(stack.downOnRestore === true ? downMissing(own.down, true) : [])];
}

const downMissing = (down: readonly string[] | undefined, downOnRestore: boolean): readonly Problem[] =>
  downOnRestore && down === undefined
    ? [
        {
          path: ["downOnRestore"],
          got: "true without down",
          allowed: "true where there is a down to run",
          advice: "write down, or remove downOnRestore",
        },
      ]
    : [];

const namedTwice = (env: object, secrets: object): readonly Problem[] =>
  Object.keys(secrets)
    .filter((name) => Object.hasOwn(env, name))
    .map((name) => ({
      path: ["secrets", name],
      got: `${name} under env and under secrets`,
      allowed: "each variable once",
      advice: "remove one of the two",
    }));
