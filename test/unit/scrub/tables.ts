import type { FakeSpec, FieldAction, PlannedTable } from "../../../core/scrub/plan";
import type { FakeTag } from "../../../core/scrub/tags";

export const fakeOf = (tag: FakeTag): FakeSpec => ({ tag, unique: false, maxLength: null });

/** A table `public.people` of these columns, in this order. */
export const plannedTable = (actions: Readonly<Record<string, FieldAction>>): PlannedTable => ({
  schema: "public",
  table: "people",
  columns: Object.entries(actions).map(([column, action]) => ({
    schema: "public",
    table: "people",
    column,
    expression: `"${column}"`,
    action,
  })),
});
