import assert from "node:assert/strict";
import fc from "fast-check";
import type { FakeTag } from "../../../core/scrub/tags";
import { FAKE_TAGS } from "../../../core/scrub/tags";
import { fake, fakesOf, maker, MASTER } from "./support/tables";

/** So many different values that suit a tag. */
const valuesOf = (tag: FakeTag, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => {
    const digits = String(index * 7919 + 13);
    switch (tag) {
      case "gov.ssn":
        return digits.padStart(9, "4").replace(/^(...)(..)/, "$1-$2-");
      case "contact.phone":
        return `(415) ${digits
          .padStart(7, "2")
          .slice(-7)
          .replace(/^(...)/, "$1-")}`;
      case "fin.card":
        return `4111${digits.padStart(12, "0")}`;
      case "id.integer":
        return String(100_000 + index);
      default:
        return `Value ${digits}`;
    }
  });

const LUHN = (digits: string): boolean =>
  Array.from(digits)
    .reverse()
    .map((digit, index) => Number(digit) * (index % 2 === 0 ? 1 : 2))
    .reduce((sum, digit) => sum + (digit > 9 ? digit - 9 : digit), 0) %
    10 ===
  0;

const SHAPES: Readonly<Record<FakeTag, RegExp>> = {
  "person.name": /^[A-Z][a-z]+ [A-Z][a-z]+$/,
  "person.given": /^[A-Z][a-z]+$/,
  "person.family": /^[A-Z][a-z]+$/,
  "person.username": /^[a-z]+$/,
  "gov.ssn": /^[A-Z]{3}-[A-Z]{2}-[A-Z]{4}$/,
  "contact.email": /^[a-z]+\.[a-z]{18}@example\.org$/,
  "contact.phone": /^\(\d{3}\) 555-01\d\d$/,
  "addr.street": /^\d{1,4} [A-Z][a-z]+ (Street|Avenue|Road|Lane|Court|Drive|Way|Place)$/,
  "fin.card": /^0\d{15}$/,
  "fin.account": /^[A-Z]{18}$/,
  "id.integer": /^\d{1,10}$/,
  "id.uuid": /^[0-9a-f]{8}-[a-f][0-9a-f]{3}-8[0-9a-f]{3}-[ab][0-9a-f]{3}-[a-f][0-9a-f]{11}$/,
  "id.text": /^[a-z]{18}$/,
};

describe("fakes", () => {
  for (const tag of FAKE_TAGS) {
    const values = valuesOf(tag, 2000);
    const fakes = fakesOf(fake(tag), values);

    it(`of ${tag} have their shape and none of its values, nor a number like a person's`, () => {
      const known = new Set(values);
      for (const each of fakes) {
        assert.match(each ?? "", SHAPES[tag]);
        assert.ok(tag === "id.integer" || !known.has(each ?? ""));
        assert.doesNotMatch(each ?? "", /\d{3}-\d{2}-\d{4}|\b\d{9}\b/);
      }
    });

    it(`of ${tag} are all others under another epoch, and under another master key`, () => {
      const master = Buffer.from(MASTER);
      master[0] = 255;
      for (const by of [maker("two"), maker("one", master)]) {
        const others = fakesOf(fake(tag), values, by);
        const equal = others.filter((other, index) => other === fakes[index]).length;
        // Telephones have 80,000 fakes: of 2000 some may meet.
        assert.equal(equal > (tag === "contact.phone" ? 3 : 0), false, `${equal} are equal`);
      }
      assert.deepEqual(fakesOf(fake(tag), values), fakes);
    });

    it(`of ${tag} never meet in a unique column`, () => {
      const unique = fakesOf(fake(tag, { unique: true }), valuesOf(tag, 20_000));
      assert.equal(new Set(unique).size, unique.length);
    });

    it(`of ${tag} leave null, empty and blank values alone`, () => {
      assert.deepEqual(fakesOf(fake(tag), [null, ""]), [null, ""]);
      if (tag !== "id.integer") assert.deepEqual(fakesOf(fake(tag), ["  "]), ["  "]);
    });
  }

  it("fit the column, whatever its width, and are unique or refused", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FAKE_TAGS.filter((tag) => tag !== "id.integer")),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        (tag, maxLength, unique) => {
          const values = valuesOf(tag, 6).filter((value) => value.length <= maxLength || tag === "id.uuid");
          try {
            const fakes = fakesOf(fake(tag, { maxLength, unique }), values);
            for (const each of fakes) assert.ok((each ?? "").length <= maxLength, `${String(each)} in ${maxLength}`);
            if (unique) assert.equal(new Set(fakes).size, fakes.length);
          } catch (thrown) {
            assert.match(
              String(thrown),
              /cannot be masked as its tag says: public\.claims\.c0, tag .*no-room, .*least/,
            );
          }
        },
      ),
      { numRuns: 120 },
    );
  });

  it("are refused when six tenths of a small space are used, with counts and the tag", () => {
    const action = fake("person.username", { unique: true, maxLength: 2 });
    assert.equal(new Set(fakesOf(action, valuesOf("id.text", 150))).size, 150);
    assert.throws(
      () => fakesOf(action, valuesOf("id.text", 200)),
      /too few fakes for so many different values: public\.claims, tag person\.username, kind no-room, values 154, room 256/,
    );
  });

  it("of a small unique space are the same in every table", () => {
    const by = maker();
    const action = fake("contact.phone", { unique: true });
    const values = valuesOf("contact.phone", 3000);
    const first = fakesOf(action, values, by);
    assert.deepEqual(fakesOf(action, [...values].reverse(), by).reverse(), first);
  });

  it("of reserved social security numbers are of areas and groups that are never issued, and keep the spelling", () => {
    const action = fake("gov.ssn", { ssn: "reserved" });
    for (const each of fakesOf(action, valuesOf("gov.ssn", 500)))
      assert.match(each ?? "", /^9[0-3]\d-(0[1-9]|[1-4]\d)-(?!0000)\d{4}$/);
    const [dashed = "", plain = "", blank = ""] = fakesOf(action, ["123-45-6789", "123456789", "123 45 6789"]);
    assert.equal(dashed?.replaceAll("-", ""), plain);
    assert.equal(blank?.replaceAll(" ", ""), plain);
  });

  it("of cards fail Luhn's check, keep their count of digits, and come in fours where the card does", () => {
    for (const unique of [false, true]) {
      const cards = [
        "4111111111111111",
        "378282246310005",
        "411111111111",
        "4111 1111 1111 1111 110",
        "6304-0000-0000-0000",
      ];
      const fakes = fakesOf(fake("fin.card", { unique }), cards);
      fakes.forEach((each, index) => {
        const digits = (each ?? "").replace(/\D/g, "");
        assert.equal(digits.length, (cards[index] ?? "").replace(/\D/g, "").length);
        assert.ok(!LUHN(digits));
      });
      assert.match(fakes[3] ?? "", /^\d{4} \d{4} \d{4} \d{4} \d{3}$/);
      assert.match(fakes[4] ?? "", /^\d{4}-\d{4}-\d{4}-\d{4}$/);
    }
  });

  it("of integers stay in their range and in what a smaller type takes, and fit each other across types", () => {
    const values = [
      "0",
      "1",
      "32767",
      "32768",
      "99999999",
      "100000000",
      "2147483647",
      "2147483648",
      "9007199254740991",
      "-1",
      "-32769",
    ];
    const big = fakesOf(fake("id.integer"), values);
    values.forEach((value, index) => {
      const of = BigInt(big[index] ?? "");
      assert.equal(of < 0n, value.startsWith("-"));
      for (const bound of [2n ** 15n, 10n ** 8n, 10n ** 9n, 2n ** 31n, 2n ** 53n])
        assert.equal(of < bound, BigInt(value) < bound);
    });
    const range = [-32_768n, 32_767n] as const;
    assert.deepEqual(fakesOf(fake("id.integer", { range }), ["1", "-1"]), [big[1], big[9]]);
    const few = Array.from({ length: 90 }, (_, index) => String(index + 10));
    const within = fakesOf(fake("id.integer", { range: [10n, 99n] }), few);
    assert.deepEqual([...within].sort(), few);
  });

  it("of an integer are never zero, but zero is: ids begin at 1, and many a check says so", () => {
    const values = Array.from({ length: 32_768 }, (_, index) => String(index));
    const fakes = fakesOf(fake("id.integer"), values);
    assert.equal(fakes[0], "0");
    assert.equal(new Set(fakes).size, values.length);
    assert.ok(fakes.every((text) => Number(text) < 32_768));
    assert.deepEqual(fakesOf(fake("id.integer", { range: [1n, 2n] }), ["1", "2"]).sort(), ["1", "2"]);
    assert.throws(() => fakesOf(fake("id.integer", { range: [1n, 9n] }), ["0"]), /out-of-range/);
  });

  for (const value of ["12a", "1.5", "", " "].slice(0, 2))
    it(`of an integer are refused for ${value}, without repeating it`, () => {
      assert.throws(
        () => fakesOf(fake("id.integer"), [value]),
        (error) => {
          assert.match(String(error), /public\.claims\.c0, tag id\.integer, kind not-an-integer, row 1/);
          return !String(error).includes(value);
        },
      );
    });

  it("of an integer outside the range are refused", () => {
    assert.throws(() => fakesOf(fake("id.integer", { range: [0n, 9n] }), ["4", "10"]), /kind out-of-range, row 2/);
    assert.throws(() => fakesOf(fake("id.integer"), ["99999999999999999999"]), /out-of-range/);
  });
});
