import { copyField } from "../copyText";
import type { KnownValues } from "./known";
import { KnownScanner } from "./knownScan";
import { Suspects } from "./suspects";
import { FindingBook } from "./report";
import { ShapeScanner } from "./shapes";

const COLUMN = { column: "text", singleNames: true };
const PLACE = { schema: "(text)", table: "(text)", columns: [COLUMN] };

/**
 * Whether a text that may be kept holds what any of the sets knows, or has the shape of personal data anywhere. Errs on
 * the side of yes, for the set of known values does.
 */
export const knownText =
  (key: Buffer, ...sets: readonly KnownValues[]) =>
  (text: Buffer): boolean => {
    const line = Buffer.from(`${copyField(text.toString("utf8"))}\n`);
    const book = new FindingBook(key);
    const shapes = new ShapeScanner(PLACE, book);
    shapes.scan(line);
    shapes.end();
    if (book.total > 0) return true;
    const suspects = new Suspects();
    return sets.some((known) => {
      const scanner = new KnownScanner(PLACE, known, key, suspects);
      scanner.scan(line);
      scanner.end();
      return suspects.byDigest.size > 0;
    });
  };
