import { closest } from "../service/closest";
import type { Expectation } from "../service/problem";
import { temporal } from "./temporal";

const OFFSET = /^[+-]\d{2}:\d{2}$/;
const ALLOWED = "an IANA time zone such as America/New_York, or UTC";

/**
 * A zone as the tz database spells it. Abbreviations are refused: EST is five hours behind all year in one place, CST
 * another thing on each continent.
 */
export function readZone(text: string): { readonly zone: string } | { readonly problem: Expectation } {
  if (/^(utc|z)$/i.test(text)) return { zone: "UTC" };
  if (text.includes("/") || OFFSET.test(text)) {
    try {
      return { zone: temporal().Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text).timeZoneId };
    } catch {
      // said below
    }
  }
  const meant = text.includes("/") ? closest(text, Intl.supportedValuesOf("timeZone")) : undefined;
  const advice = meant === undefined ? "write Area/City, never an abbreviation" : `did you mean ${meant}?`;
  return { problem: { got: `the zone ${JSON.stringify(text)}`, allowed: ALLOWED, advice } };
}

/** `00:00`, or `00:00:30` where the seconds count: the time of day at an instant, in a zone. */
export function clockTime(at: string, zone: string): string {
  const { second } = localTime(at, zone);
  return localTime(at, zone)
    .toPlainTime()
    .toString({ smallestUnit: second === 0 ? "minute" : "second" });
}

/** `2026-12-01 00:00 America/New_York`: an instant as people of a zone say it. */
export const zonedText = (at: string, zone: string): string =>
  `${localTime(at, zone).toPlainDate().toString()} ${clockTime(at, zone)} ${zone}`;

const localTime = (at: string, zone: string) => temporal().Instant.from(at).toZonedDateTimeISO(zone);
