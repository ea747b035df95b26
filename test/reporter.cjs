// Mocha's own "spec" report, and in a file for test/run.ts: the counts, each test's outcome, what failed, and how long each
// file took.
"use strict";

const fs = require("node:fs");
const { reporters, Runner } = require("mocha");

class Counting extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const failures = [];
    const tests = [];
    const times = {};
    const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING, EVENT_TEST_END, EVENT_HOOK_END } = Runner.constants;
    const took = ({ file, duration }) => {
      if (file) times[file] = (times[file] ?? 0) + (duration ?? 0);
    };
    runner.on(EVENT_TEST_END, took);
    runner.on(EVENT_HOOK_END, took);
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
      if (file) fs.writeFileSync(file, JSON.stringify({ passed, failed, skipped, failures, tests, times }));
    });
  }
}

module.exports = Counting;
