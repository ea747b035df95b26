import assert from "node:assert/strict";
import fc from "fast-check";
import { Canonical, canonicalText, readingOf } from "../../../core/scrub/canonical";
import { FAKE_TAGS, type FakeTag } from "../../../core/scrub/tags";

const SAME: readonly (readonly [tag: FakeTag, canonical: string, spellings: readonly string[]])[] = [
  [
    "person.name",
    "maria lopez",
    ["Maria Lopez", " MARIA   LOPEZ ", "maria\tlopez", "Ｍａｒｉａ Lopez", "Maria\u00a0Lo\u00adpez"],
  ],
  ["person.family", "strasse", ["Straße", "STRASSE", "strasse"]],
  ["person.given", "josé", ["José", "Jose\u0301", "JOSÉ"]],
  ["contact.email", "ada@agency.gov", ["Ada@Agency.GOV", "ada@agency.gov "]],
  [
    "gov.ssn",
    "123456789",
    ["123-45-6789", "123456789", "123 45 6789", "123‐45–6789", "１２３-45-6789", "123\u200b456789"],
  ],
  ["contact.phone", "4155552671", ["(415) 555-2671", "415.555.2671", "+1 415 555 2671", "14155552671"]],
  ["fin.card", "4111111111111111", ["4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111"]],
  ["fin.account", "de89370400440532013000", ["DE89 3704 0044 0532 0130 00", "de89-37040044-0532013000"]],
  [
    "id.uuid",
    "b5a8f0de6d2c4a8a9a510f2d7c1e9b11",
    ["B5A8F0DE-6D2C-4A8A-9A51-0F2D7C1E9B11", "{b5a8f0de6d2c4a8a9a510f2d7c1e9b11}"],
  ],
  ["id.text", "Ab 1", ["Ab 1", "Ab 1   "]],
];

describe("the canonical form", () => {
  for (const [tag, canonical, spellings] of SAME)
    for (const spelling of spellings)
      it(`of ${JSON.stringify(spelling)} as ${tag} is ${canonical}`, () => {
        assert.equal(canonicalText(tag, spelling).text, canonical);
      });

  it("of a number with too few or too many digits is its text", () => {
    assert.equal(canonicalText("gov.ssn", "123-45-678").text, "123-45-678");
    assert.equal(canonicalText("contact.phone", "ext. 12").text, "ext. 12");
    assert.equal(canonicalText("fin.card", "Card 1234").text, "card 1234");
  });

  it("of an identifier that is text keeps its case", () => {
    assert.notEqual(canonicalText("id.text", "Ab").text, canonicalText("id.text", "ab").text);
  });

  it("of any Latin letter or sign is the same within a word as from text", () => {
    const canonical = new Canonical();
    for (let code = 0x80; code < 0x280; code++) {
      const text = ` X${String.fromCharCode(code)}y ${String.fromCharCode(code)} `;
      const bytes = Buffer.from(text);
      canonical.read(readingOf("person.name"), bytes, 0, bytes.length, false);
      assert.equal(
        canonical.bytes.toString("utf8", 0, canonical.length),
        canonicalText("person.name", text).text,
        code.toString(16),
      );
    }
    assert.throws(() => {
      canonical.read(readingOf("person.name"), Buffer.from([0x61, 0xc3]), 0, 2, false);
    });
    assert.throws(() => {
      canonical.read(readingOf("person.name"), Buffer.from([0xc3, 0x61]), 0, 2, false);
    });
  });

  it("is the same from bytes as from text", () => {
    const latin = fc.integer({ min: 0x80, max: 0x24f }).map((code) => String.fromCharCode(code));
    const value = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: fc.oneof(fc.constantFrom("a", "B", "1", " ", "\u0301"), latin) }),
      fc.string({ unit: fc.constantFrom("1", "9", "-", " ", "(", ")", "\t", ".", "A", "{", "/", "é", "–") }),
    );
    const canonical = new Canonical();
    fc.assert(
      fc.property(fc.constantFrom(...FAKE_TAGS), value, (tag, text) => {
        const bytes = Buffer.from(`<${text}>`);
        const isAscii = bytes.every((byte) => byte < 128);
        canonical.read(readingOf(tag), bytes, 1, bytes.length - 1, isAscii);
        const got = { text: canonical.bytes.toString("utf8", 0, canonical.length), shape: canonical.shape };
        assert.deepEqual(got, canonicalText(tag, text));
      }),
      { numRuns: 3000 },
    );
  });
});
