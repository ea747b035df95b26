import type { FakeMaker } from "../../core/scrub/fakes/fakeMaker";
import { TableMask } from "../../core/scrub/mask";
import type { PlannedTable } from "../../core/scrub/plan";
import { canariesIn, canaryPeople, judgeCanaries, plantCanaries } from "../../core/scrub/scan/canaries";
import type { CanaryResult } from "../../core/scrub/verdicts";
import { knownMemory, KnownValues } from "../../core/scrub/scan/known";
import { knownText } from "../../core/scrub/scan/prose";

/** People in each table: enough for each form that a column's values take. */
const PEOPLE = 8;
const FEW_BYTES = 2 ** 16;

/**
 * Plants people who do not exist into rows of a table and looks whether the scan finds them as they are, and does not
 * find them masked by the very plan and keys of the snapshot. Nothing of them is written anywhere.
 *
 * @param known with all values of the source.
 */
export function proveByCanaries(
  table: PlannedTable,
  maker: () => FakeMaker,
  key: Buffer,
  known: KnownValues,
): CanaryResult {
  const people = canaryPeople(key, PEOPLE);
  const { text, places } = plantCanaries(table, people);
  const planted = new KnownValues({ key, memory: knownMemory(FEW_BYTES) });
  masked(table, maker(), text, { observer: planted });
  const isKnown = knownText(key, known, planted);
  const output = masked(table, maker(), text, { isKnown });
  return judgeCanaries(places, canariesIn(table, text, people, key), canariesIn(table, output, people, key));
}

function masked(
  table: PlannedTable,
  maker: FakeMaker,
  text: Buffer,
  options: ConstructorParameters<typeof TableMask>[2],
): Buffer {
  const mask = new TableMask(table, maker, options);
  const first = Buffer.from(mask.push(text) ?? "");
  return Buffer.concat([first, mask.end() ?? Buffer.alloc(0)]);
}
