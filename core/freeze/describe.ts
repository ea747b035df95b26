import type { FreezeDecision, Frozen, Open } from "./decide";

/** Why, who, since and until when, in one sentence. */
export function describeFreeze({ reason, who, since, until, link, source, others }: Frozen): string {
  const facts = [
    source === "flag" ? `raised by ${who}` : source === "unreadable" ? who : `${source}, by ${who}`,
    ...(since === null ? [] : [`since ${since}`]),
    until === null ? "until it is lowered" : `until ${until}`,
    ...(link === undefined ? [] : [link]),
  ];
  const more = others === 0 ? "" : `; and ${others} more, see hms freeze explain`;
  return `${reason} (${facts.join(", ")})${more}`;
}

/** What a refused update says. */
export const blockedText = (freeze: Frozen): string => `Deploy blocked - freeze in effect: ${describeFreeze(freeze)}`;

/** What an update says that goes on although there is a freeze. */
export const brokenText = ({ freeze, glass }: NonNullable<Open["broken"]>): string =>
  `break-glass by ${glass.by} until ${glass.until} (${glass.reason}) lifts a freeze: ${describeFreeze(freeze)}`;

/** For a preview, and for whoever looks; `undefined` when there is nothing to say. */
export function noticeText(decision: FreezeDecision): string | undefined {
  if (decision.frozen) return `a freeze is in effect: ${describeFreeze(decision)}`;
  return decision.broken && brokenText(decision.broken);
}
