import * as fs from "node:fs";
import * as path from "node:path";

/** Milliseconds that each file's tests and hooks took when they last ran here; paths are from the project's root. */
export type FileTimes = Readonly<Record<string, number>>;

const fileOf = (root: string): string => path.join(root, "dist", "test-times.json");

/** @returns nothing known where nothing readable is kept. */
export function readTimes(root: string): FileTimes {
  try {
    return JSON.parse(fs.readFileSync(fileOf(root), "utf8")) as FileTimes;
  } catch {
    return {};
  }
}

export function keepTimes(root: string, times: FileTimes): void {
  fs.mkdirSync(path.dirname(fileOf(root)), { recursive: true });
  fs.writeFileSync(fileOf(root), JSON.stringify({ ...readTimes(root), ...times }));
}

/**
 * The order in which files that run side by side end soonest: long ones first, so that none is left alone at the end. Of a
 * file that never ran its size is taken for its time, before all files of which the time is known.
 */
export function longestFirst(
  files: readonly string[],
  times: FileTimes,
  sizeOf: (file: string) => number,
): readonly string[] {
  const [unknown, known] = [files.filter((file) => times[file] === undefined), files.filter((file) => file in times)];
  return [
    ...unknown.sort((one, other) => sizeOf(other) - sizeOf(one)),
    ...known.sort((one, other) => (times[other] ?? 0) - (times[one] ?? 0)),
  ];
}

/** Where a suite's time went: its longest files, a line each. */
export function timesTable(times: FileTimes, count = 10): string {
  return Object.entries(times)
    .sort(([, one], [, other]) => other - one)
    .slice(0, count)
    .map(([file, milliseconds]) => `${String(Math.round(milliseconds / 1000)).padStart(6)} s  ${file}\n`)
    .join("");
}
