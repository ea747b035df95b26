import { statementsOf } from "./statements";

/** Statements that are run one after the other, or all at once on several connections. */
export interface Step {
  /** `session`: sets what the following statements rely on, so each connection runs it. */
  readonly kind: "session" | "indexes" | "foreign keys" | "other";
  readonly statements: readonly string[];
}

const NAME = String.raw`(?:"(?:[^"]|"")+"|[\w$\u0080-\uffff]+)`;
const CONSTRAINT = new RegExp(
  String.raw`^ALTER TABLE (?:ONLY )?${NAME}(?:\.${NAME})?\s+ADD CONSTRAINT ${NAME} (PRIMARY KEY|UNIQUE|EXCLUDE|FOREIGN KEY)\b`,
);

/**
 * The order in which definitions that come after the rows are made: pg_dump's own, in which each finds what it needs.
 * Neighbours that are all indexes, or all foreign keys, need nothing of each other, and are what takes the time.
 */
export function stepsOf(script: string): readonly Step[] {
  const steps: { readonly kind: Step["kind"]; readonly statements: string[] }[] = [];
  for (const statement of statementsOf(script)) {
    const kind = kindOf(statement);
    const last = steps.at(-1);
    if (last?.kind === kind) last.statements.push(statement);
    else steps.push({ kind, statements: [statement] });
  }
  return steps;
}

function kindOf(statement: string): Step["kind"] {
  if (/^(SET |SELECT pg_catalog\.set_config\()/.test(statement)) return "session";
  if (/^CREATE (UNIQUE )?INDEX /.test(statement)) return "indexes";
  const [, constraint] = CONSTRAINT.exec(statement) ?? [];
  if (constraint === undefined) return "other";
  return constraint === "FOREIGN KEY" ? "foreign keys" : "indexes";
}

/** Of newer pg_dumps' head: a setting that servers before 17 do not know, and that says only that there is no limit. */
export const withoutNewSettings = (script: string): string => script.replace(/^SET transaction_timeout = 0;$/m, "");
