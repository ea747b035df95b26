import assert from "node:assert/strict";
import { scramVerifier } from "../../../core/postgres/scram";

describe("what a database server is told of a password", () => {
  it("is the verifier of RFC 5803, as PostgreSQL computes it", () => {
    // RFC 7677, section 3: user, pencil.
    const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
    assert.equal(
      scramVerifier("pencil", salt),
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
    );
  });

  it("has another salt each time, and is none for letters of several spellings", () => {
    assert.notEqual(scramVerifier("pencil"), scramVerifier("pencil"));
    for (const password of ["", "pässword", "a\nb"])
      assert.throws(
        () => scramVerifier(password),
        (error: Error) =>
          /printable ASCII/.test(error.message) && !(password !== "" && error.message.includes(password)),
      );
  });
});
