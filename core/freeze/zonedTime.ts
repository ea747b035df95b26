const GRAMMAR = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)\[([A-Za-z][A-Za-z0-9_+\-/]*)\]$/;

/**
 * The instant of a local time such as `2026-12-01T09:00[America/New_York]`. One that a change of the clock makes twice is
 * the later of the two, one that it skips is as long after the change. @returns undefined when it is none.
 */
export async function parseZonedTime(text: string): Promise<Date | undefined> {
  const [, wall, zone] = GRAMMAR.exec(text) ?? [];
  if (wall === undefined || zone === undefined) return undefined;
  const { Temporal } = await import("temporal-polyfill");
  try {
    const zoned = Temporal.PlainDateTime.from(wall, { overflow: "reject" }).toZonedDateTime(zone, {
      disambiguation: "later",
    });
    return new Date(zoned.epochMilliseconds);
  } catch {
    return undefined;
  }
}
