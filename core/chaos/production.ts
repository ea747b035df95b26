/** Why a stack is not to be put at risk by accident; `undefined` for one that may be. */
export function asksForCare({
  stack,
  protect,
}: {
  readonly stack: string;
  readonly protect: boolean;
}): string | undefined {
  if (protect) return "is protected (hms:protect)";
  return stack
    .toLowerCase()
    .split(/[-_.]/)
    .some((word) => PRODUCTION.has(word))
    ? "is named as production"
    : undefined;
}

const PRODUCTION = new Set(["prod", "prd", "production"]);
