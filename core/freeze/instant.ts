import { field } from "../service/field";

const GRAMMAR = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** An instant such as `2026-12-20T09:00:00Z` or `…+01:00`; undefined for a time of no known offset or a day that is none. */
export function parseInstant(text: string): Date | undefined {
  const [, year, month, day, hour, minute, second = "0"] = GRAMMAR.exec(text) ?? [];
  if (!isDay(Number(year), Number(month), Number(day)) || !isTime(Number(hour), Number(minute), Number(second)))
    return undefined;
  const instant = new Date(text);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}

/** Whether the calendar has that day: no February 30th, and February 29th in leap years alone. */
export function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

export const isTime = (hour: number, minute: number, second: number): boolean =>
  hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;

/** As people and stores read it: UTC, whole seconds. */
export const instantText = (instant: Date): string => instant.toISOString().replace(/\.\d{3}Z$/, "Z");

/** A stored instant, brought to UTC. */
export const instant = (advice: string) =>
  field({ allowed: "an instant with its offset such as 2026-12-20T09:00:00Z", advice }, (value) => {
    const read = typeof value === "string" ? parseInstant(value) : undefined;
    return read && instantText(read);
  });
