import assert from "node:assert/strict";
import {
  ACCOUNT_STATES,
  isBaselined,
  isDeployable,
  isReachable,
  mayBecome,
  nextState,
  TO_DO,
} from "../../../core/account/state";

describe("an account's state", () => {
  it("goes on one step at a time, and back at once", () => {
    for (const [index, from] of ACCOUNT_STATES.entries())
      for (const [other, to] of ACCOUNT_STATES.entries())
        assert.equal(mayBecome(from, to), other <= index + 1, `${from} -> ${to}`);
  });

  it("has a next one, but for the last", () => {
    assert.deepEqual(ACCOUNT_STATES.map(nextState), ["paired", "invited", "baselined", "deployable", undefined]);
  });

  it("lets releases in at the last alone, the program at the last two, somebody at the last three", () => {
    assert.deepEqual(ACCOUNT_STATES.filter(isDeployable), ["deployable"]);
    assert.deepEqual(ACCOUNT_STATES.filter(isBaselined), ["baselined", "deployable"]);
    assert.deepEqual(ACCOUNT_STATES.filter(isReachable), ["invited", "baselined", "deployable"]);
  });

  it("says what to do for the next", () => {
    for (const state of ACCOUNT_STATES) assert.ok(TO_DO[state].length > 0);
  });
});
