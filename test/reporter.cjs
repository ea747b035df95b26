// Mocha's own "spec" report, and in a file for test/run.ts: the counts, each test's outcome, and what failed.
"use strict";

const fs = require("node:fs");
const { reporters, Runner } = require("mocha");

class Counting extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const failures = [];
    const tests = [];
    const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING } = Runner.constants;
    const ended = (outcome) => (test) => tests.push({ title: test.fullTitle(), file: test.file, outcome });
    runner.on(EVENT_TEST_PASS, ended("passed"));
    runner.on(EVENT_TEST_FAIL, ended("failed"));
    runner.on(EVENT_TEST_PENDING, ended("skipped"));
    runner.on(EVENT_TEST_FAIL, (test, error) => {
      failures.push({ title: test.fullTitle(), file: test.file, message: String(error?.message ?? error) });
    });
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes: passed, failures: failed, pending: skipped } = runner.stats;
      const file = process.env.HMS_TEST_COUNTS;
      if (file) fs.writeFileSync(file, JSON.stringify({ passed, failed, skipped, failures, tests }));
    });
  }
}

module.exports = Counting;
