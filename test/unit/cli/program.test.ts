import assert from "node:assert/strict";
import { answer, JSON_OPTION, UsageError, type Command, type Io, type ProgramSpec } from "../../../cli/command";
import { runProgram } from "../../../cli/program";
import { PROGRAMS } from "../../../cli/registry";
import { CancelledError, RefusedError } from "../../../platform/errors";
import { elapsed, Progress } from "../../../platform/progress";
import { closingLine, failureList } from "../../run";

function memory(signal = new AbortController().signal) {
  const written = { out: "", err: "" };
  const io: Io = {
    out: { write: (text) => (written.out += text) },
    err: { write: (text) => (written.err += text) },
    env: {},
    signal,
  };
  return { io, written };
}

const greet: Command = {
  name: "say hello",
  summary: "Greets.",
  arguments: [{ syntax: "[who]", description: "whom" }],
  options: [
    { flags: "--loud", description: "in capitals" },
    { flags: "--to-all <n>", description: "how many" },
    JSON_OPTION,
  ],
  examples: ["x say hello you    # greets you"],
  run(invocation, io) {
    const text = `hello ${invocation.argument(0) ?? "world"} ${invocation.text("toAll") ?? ""}`.trim();
    answer(io, invocation.flag("json"), { text }, () => (invocation.flag("loud") ? text.toUpperCase() : text));
    return Promise.resolve();
  },
};

const throwing = (name: string, error: Error): Command => ({
  name,
  summary: "Fails.",
  examples: [],
  run: () => Promise.reject<undefined>(error),
});

const program: ProgramSpec = {
  name: "x",
  summary: "A program.",
  commands: [
    greet,
    throwing("refuse", new RefusedError("the gate is shut")),
    throwing("misuse", new UsageError("--to-all must be a number")),
    throwing("stop", new CancelledError()),
    throwing("bug", new TypeError("x of undefined")),
    { name: "seven", summary: "Answers 7.", examples: [], run: () => Promise.resolve(7) },
  ],
};

const lastLine = (text: string) => text.trimEnd().split("\n").pop();

describe("the command line", () => {
  it("runs a command of two words with its arguments and options", async () => {
    const { io, written } = memory();
    assert.equal(await runProgram(program, ["say", "hello", "you", "--loud", "--to-all", "3"], io), 0);
    assert.deepEqual(written, { out: "HELLO YOU 3\n", err: "" });
  });

  it("answers --json with one document and nothing else on stdout", async () => {
    const { io, written } = memory();
    assert.equal(await runProgram(program, ["say", "hello", "--json"], io), 0);
    assert.deepEqual(JSON.parse(written.out), { text: "hello world" });
  });

  it("says its version, and that of what runs it", async () => {
    const { io, written } = memory();
    assert.equal(await runProgram(program, ["--version"], io), 0);
    assert.match(written.out, /^x \d+\.\d+\.\d+ \(Node\.js v\d+\.\d+\.\d+\)\n$/);
  });

  it("has a line for each word under which commands are gathered", () => {
    const silent = PROGRAMS.flatMap(({ name, commands, groups = {} }) =>
      commands.flatMap((command) => {
        const words = command.name.split(" ").slice(0, -1);
        return words.filter((word) => groups[word] === undefined).map((word) => `${name} ${word}`);
      }),
    );
    assert.deepEqual(silent, []);
  });

  it("shows its examples in the help, and ends with 0", async () => {
    const { io, written } = memory();
    assert.equal(await runProgram(program, ["say", "hello", "--help"], io), 0);
    assert.match(written.out, /Examples:\n {2}x say hello you/);
  });

  for (const { words, code, last } of [
    { words: ["refuse"], code: 1, last: "the gate is shut" },
    { words: ["misuse"], code: 2, last: "--to-all must be a number (see: x --help)" },
    { words: ["stop"], code: 130, last: "cancelled" },
    { words: ["bug"], code: 1, last: "x: this is a bug: x of undefined" },
    { words: ["seven"], code: 7, last: "" },
    { words: [], code: 2, last: "x: a command is missing (see: x --help)" },
    { words: ["say"], code: 2, last: "x: a command is missing (see: x --help)" },
    { words: ["sing"], code: 2, last: "unknown command 'sing' (see: x --help)" },
    { words: ["say", "hello", "--quiet"], code: 2, last: "unknown option '--quiet' (see: x --help)" },
    { words: ["say", "hello", "--to-all"], code: 2, last: "option '--to-all <n>' argument missing (see: x --help)" },
    {
      words: ["say", "hello", "a", "b"],
      code: 2,
      last: "too many arguments for 'hello'. Expected 1 argument but got 2. (see: x --help)",
    },
  ])
    it(`ends ${JSON.stringify(words.join(" "))} with ${code} and says why at last`, async () => {
      const { io, written } = memory();
      assert.equal(await runProgram(program, words, io), code);
      assert.equal(lastLine(written.err), last);
      assert.equal(written.out, "");
    });

  it("keeps the stack of an error that nobody foresaw, and shows none of one that somebody did", async () => {
    const bug = memory();
    await runProgram(program, ["bug"], bug.io);
    assert.match(bug.written.err, /TypeError: x of undefined\n\s+at /);
    const refused = memory();
    await runProgram(program, ["refuse"], refused.io);
    assert.equal(refused.written.err, "the gate is shut\n");
  });

  it("ends with 130 when a failure comes of a cancel", async () => {
    const controller = new AbortController();
    controller.abort();
    const { io } = memory(controller.signal);
    assert.equal(await runProgram(program, ["refuse"], io), 130);
  });
});

describe("progress", () => {
  it("says nothing of a quick step, and how long a slow one took", () => {
    let now = 0;
    let text = "";
    const progress = new Progress({ write: (line) => (text += line) }, () => now);
    progress.step("quick").done();
    const slow = progress.step("slow");
    now = 61_000;
    slow.done("built");
    assert.equal(text, "✓ slow: built (61 s)\n");
  });

  it("shows what runs, for how long and what is next, within the terminal's width", () => {
    let now = 0;
    const progress = new Progress({ write: () => true }, () => now);
    const step = progress.step("build kubernetes");
    progress.next(["coredns", "opa"]);
    step.note("12 modules fetched");
    now = 3_000;
    assert.equal(progress.status(200), "… build kubernetes 3.0 s (12 modules fetched) · next: coredns, opa");
    assert.equal(progress.status(30).length, 29);
    step.done();
  });

  it("words durations", () => {
    assert.deepEqual([elapsed(400), elapsed(42_000), elapsed(125_000)], ["0.4 s", "42 s", "2 min 5 s"]);
  });
});

describe("a test run", () => {
  it("closes with its totals", () => {
    assert.equal(closingLine({ passed: 3, failed: 0, skipped: 0 }), "3 passed, 0 failed");
    assert.equal(closingLine({ passed: 3, failed: 1, skipped: 2 }), "3 passed, 1 failed, 2 skipped");
  });

  it("tells again what failed, and where", () => {
    const failures = [
      { title: "a thing does", file: "/project/test/unit/thing.test.ts", message: "1 !== 2\n\n+ 1\n- 2" },
      { title: "a hook", message: `long ${"x".repeat(1000)}` },
    ];
    const text = failureList(failures, "/project");
    assert.match(text, /^✗ a thing does \(test\/unit\/thing\.test\.ts\)\n {4}1 !== 2\n/);
    assert.match(text, /\n✗ a hook\n {4}long x{395}\n$/);
  });
});
