import type { ScrubKeys } from "../key";
import { type Permutation, tablePermutation } from "../permutation";
import type { FakeSpec, PlannedTable } from "../plan";
import { PrfBatch, slowPrf } from "../prf";
import type { FakeTag } from "../tags";
import type { Fake } from "./fake";
import { integerFake, IntegerPermutations } from "./integerFake";
import { cardFake, phoneFake, ssnReservedFake, ssnTokenFake } from "./numberFakes";
import { textFake } from "./textFake";
import { UniqueTable } from "./uniqueTable";
import { uuidFake } from "./uuidFake";

/**
 * All fakes of one snapshot. Tables of it share one maker: what keeps the fakes of a small space apart is known in all
 * of them, so that a value has one fake wherever it stands.
 */
export class FakeMaker {
  readonly #tables = new Map<string, UniqueTable>();
  readonly #integers: IntegerPermutations;
  #ssn: Permutation | undefined;

  constructor(private readonly keys: ScrubKeys) {
    this.#integers = new IntegerPermutations(keys);
  }

  /** @throws Misfit if the column is too narrow for any fake. */
  fake(spec: FakeSpec): Fake {
    const table = (size: number): UniqueTable => this.table(spec.tag, size);
    switch (spec.tag) {
      case "gov.ssn":
        return spec.ssn === "reserved" ? ssnReservedFake(spec, table) : ssnTokenFake(spec, () => this.ssn());
      case "contact.phone":
        return phoneFake(spec, table);
      case "fin.card":
        return cardFake(spec, table);
      case "id.integer":
        return integerFake(spec, this.#integers);
      case "id.uuid":
        return uuidFake(spec.maxLength);
      default:
        return textFake(spec.tag, spec, table);
    }
  }

  /** A table's output depends on which rows, of this and other tables, were masked before. See `Fake.ordered`. */
  isOrdered({ columns }: PlannedTable): boolean {
    const actions = columns.flatMap(({ action }) => (action.kind === "json" ? [...action.rules.values()] : [action]));
    return actions.some((action) => action.kind === "fake" && this.fake(action.fake).ordered);
  }

  /** A batch of the tag's keyed function; each stream has its own. */
  batch(tag: FakeTag): PrfBatch {
    return new PrfBatch(this.keys.derive("value", tag), this.keys.derive("long", tag));
  }

  /** The tag's keyed function of one value; what its batch gives, worked out another way. */
  prf(tag: FakeTag, value: Uint8Array): Buffer {
    return slowPrf(this.keys.derive("value", tag), this.keys.derive("long", tag), value);
  }

  private ssn(): Permutation {
    return (this.#ssn ??= tablePermutation(this.keys.derive("permutation", "gov.ssn"), 1e9));
  }

  private table(tag: FakeTag, size: number): UniqueTable {
    const name = `${tag}:${size}`;
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new UniqueTable(tag, size);
      this.#tables.set(name, table);
    }
    return table;
  }
}
