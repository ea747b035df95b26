import assert from "node:assert/strict";
import { ScrubError } from "../../../core/scrub/errors";
import { parseMasterKey, ScrubKeys } from "../../../core/scrub/key";
import { MASTER } from "./support/tables";

const HEX = MASTER.toString("hex");

describe("the keys of a scrub", () => {
  it("are other ones for each use, tag, epoch and master key, and the same for the same", () => {
    const other = Buffer.from(MASTER);
    other[31] = 0;
    const keys = [
      new ScrubKeys(MASTER, "a").derive("value", "gov.ssn"),
      new ScrubKeys(MASTER, "a").derive("long", "gov.ssn"),
      new ScrubKeys(MASTER, "a").derive("value", "id.text"),
      new ScrubKeys(MASTER, "b").derive("value", "gov.ssn"),
      new ScrubKeys(other, "a").derive("value", "gov.ssn"),
    ];
    assert.equal(new Set(keys.map((key) => key.toString("hex"))).size, keys.length);
    assert.deepEqual(new ScrubKeys(Buffer.from(MASTER), "a").derive("value", "gov.ssn"), keys[0]);
    assert.ok(keys.every((key) => key.length === 32));
  });

  it("have an id that tells epochs and master keys apart", () => {
    const ids = [
      new ScrubKeys(MASTER, "a"),
      new ScrubKeys(MASTER, "b"),
      new ScrubKeys(Buffer.from(HEX).subarray(0, 32), "a").epochId,
    ];
    assert.equal(new Set(ids.map((of) => (typeof of === "string" ? of : of.epochId))).size, 3);
    assert.match(new ScrubKeys(MASTER, "a").epochId, /^[0-9a-f]{32}$/);
  });

  for (const [name, content] of [
    ["32 bytes", MASTER],
    ["hex", Buffer.from(`${HEX}\n`)],
    ["hex in capitals", Buffer.from(HEX.toUpperCase())],
    ["base64", Buffer.from(`${MASTER.toString("base64")}\n`)],
  ] as const)
    it(`come from a file with ${name}`, () => {
      assert.deepEqual(parseMasterKey(content), MASTER);
    });

  for (const content of ["", "secret", HEX.slice(2), `${HEX}00`, "x".repeat(64)])
    it(`do not come from ${content.length} characters that are no key, and the refusal does not repeat them`, () => {
      assert.throws(
        () => parseMasterKey(Buffer.from(content)),
        (error) =>
          error instanceof ScrubError &&
          error.code === "key-unusable" &&
          (content === "" || !error.message.includes(content)),
      );
    });

  it("do not come from a key of one byte, repeated", () => {
    assert.throws(() => new ScrubKeys(Buffer.alloc(32), "a"), /the scrub key cannot be used/);
    assert.throws(() => new ScrubKeys(Buffer.alloc(16, "ab"), "a"), /expected 32, got 16/);
    assert.throws(() => new ScrubKeys(MASTER, "a\0b"), /kind epoch/);
  });
});
