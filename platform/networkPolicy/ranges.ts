/** Sets of whole numbers (IPv4 addresses, ports) as ranges that neither touch nor overlap, in order. */
export interface Range {
  readonly from: number;
  /** The last one of it. */
  readonly to: number;
}

/** The same numbers in as few ranges as there can be. */
export function united(ranges: readonly Range[]): readonly Range[] {
  const result: { from: number; to: number }[] = [];
  for (const { from, to } of [...ranges].sort((left, right) => left.from - right.from)) {
    const last = result.at(-1);
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}

/** Numbers of `ranges` that are not in `taken`. */
export function without(ranges: readonly Range[], taken: readonly Range[]): readonly Range[] {
  let rest = united(ranges);
  for (const hole of united(taken))
    rest = rest.flatMap(({ from, to }) =>
      [
        { from, to: Math.min(to, hole.from - 1) },
        { from: Math.max(from, hole.to + 1), to },
      ].filter((part) => part.from <= part.to),
    );
  return united(rest);
}

export const includes = (ranges: readonly Range[], value: number): boolean =>
  ranges.some(({ from, to }) => from <= value && value <= to);

export const only = (value: number): Range => ({ from: value, to: value });

/** An IPv4 address as a number; undefined for anything else. */
export function addressOf(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const bytes = match.slice(1).map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes.reduce((sum, byte) => sum * 256 + byte, 0) : undefined;
}

export const addressText = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");

/** Addresses of an IPv4 network like `10.0.0.0/8`; undefined for anything else, IPv6 too. */
export function networkOf(cidr: string): Range | undefined {
  const [text = "", length = ""] = cidr.split("/");
  const address = addressOf(text);
  if (address === undefined || !/^\d{1,2}$/.test(length) || Number(length) > 32) return undefined;
  const size = 2 ** (32 - Number(length));
  const from = Math.floor(address / size) * size;
  return { from, to: from + size - 1 };
}
