import { FakeMaker } from "../../../../core/scrub/fakes/fakeMaker";
import { ScrubKeys } from "../../../../core/scrub/key";
import { type MaskOptions, TableMask } from "../../../../core/scrub/mask";
import type { FakeSpec, FieldAction, PlannedTable } from "../../../../core/scrub/plan";
import type { FakeTag } from "../../../../core/scrub/tags";

export const MASTER = Buffer.from("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "hex");

export const maker = (epoch = "one", master: Uint8Array = MASTER): FakeMaker =>
  new FakeMaker(new ScrubKeys(master, epoch));

export const spec = (tag: FakeTag, more: Partial<FakeSpec> = {}): FakeSpec => ({
  tag,
  unique: false,
  maxLength: null,
  ...more,
});

export const fake = (tag: FakeTag, more: Partial<FakeSpec> = {}): FieldAction => ({
  kind: "fake",
  fake: spec(tag, more),
});

/** A table whose columns get these actions. */
export const tableOf = (...actions: readonly FieldAction[]): PlannedTable => ({
  schema: "public",
  table: "claims",
  columns: actions.map((action, index) => {
    const column = `c${index}`;
    return { schema: "public", table: "claims", column, expression: `"${column}"`, action };
  }),
});

/** A value as COPY sends it. */
export const escapeField = (value: string | null): string =>
  value === null
    ? "\\N"
    : value.replace(
        /[\\\b\t\n\v\f\r]/g,
        (text) => `\\${{ "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r" }[text] ?? "\\"}`,
      );

export const unescapeField = (field: string): string | null =>
  field === "\\N"
    ? null
    : field.replace(
        /\\(.)/gs,
        (_, letter: string) => ({ b: "\b", t: "\t", n: "\n", v: "\v", f: "\f", r: "\r" })[letter] ?? letter,
      );

export const copyOf = (rows: readonly (readonly (string | null)[])[]): string =>
  rows.map((row) => `${row.map(escapeField).join("\t")}\n`).join("");

export const rowsOf = (copy: string): (string | null)[][] =>
  copy
    .split("\n")
    .slice(0, -1)
    .map((row) => row.split("\t").map(unescapeField));

/** All that a mask makes of a stream in chunks of these sizes, in turn. */
export function maskAll(mask: TableMask, copy: string | Buffer, sizes: readonly number[] = [1 << 16]): Buffer {
  const input = Buffer.from(copy);
  const out: Buffer[] = [];
  for (let at = 0, turn = 0; at < input.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    const masked = mask.push(Buffer.from(input.subarray(at, at + size)));
    if (masked !== undefined) out.push(Buffer.from(masked));
    at += size;
  }
  const last = mask.end();
  return Buffer.concat(last === undefined ? out : [...out, last]);
}

/** The fakes of values in one column. */
export function fakesOf(
  action: FieldAction,
  values: readonly (string | null)[],
  by = maker(),
  options: MaskOptions = {},
): (string | null)[] {
  const mask = new TableMask(tableOf(action), by, options);
  return rowsOf(maskAll(mask, copyOf(values.map((value) => [value]))).toString()).map(([value]) => value ?? null);
}
