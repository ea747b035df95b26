import assert from "node:assert/strict";
import { EXIT, type Io } from "../../../cli/command";
import { runProgram } from "../../../cli/program";
import { move } from "../../../runner/commands/move";
import { selftest } from "../../../runner/commands/selftest";
import { watch } from "../../../runner/commands/watch";
import { errorsInto, Log } from "../../../runner/log";
import { RUNNER } from "../../../runner/program";
import { runnerPodSpec } from "../../../provider/runnerPod";

const AT = new Date("2026-01-02T03:04:05.000Z");

/** Runs the runner's command line where nothing may be asked: what it wrote, and how it ended. */
async function run(...words: readonly string[]) {
  const [out, log]: [string[], string[]] = [[], []];
  const io: Io = {
    out: { write: (text: string) => out.push(text) },
    err: errorsInto(new Log({ write: (text: string) => log.push(text) }, {}, () => AT)),
    env: {},
    signal: new AbortController().signal,
  };
  const code = await runProgram(RUNNER, words, io);
  return { code, out: out.join(""), log: log.map((line) => JSON.parse(line) as { level: string; message: string }) };
}

describe("the runner's command line", () => {
  const gate = { name: "errors", query: "1", comparison: "<", limit: 1 };
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["watch", "--namespace", "n"], /^--service is missing/],
    [["watch", "--service", "s"], /^--namespace is missing, and this is not a pod that has one/],
    [
      ["watch", "--service", "Svc", "--namespace", "n"],
      /^--service must be at most 40 lower-case letters, .* got "Svc"/,
    ],
    [["selftest", "--service", "s", "--namespace", "n".repeat(64)], /^--namespace must be at most 63 lower-case/],
    [
      ["watch", "--service", "s", "--namespace", "n", "--gateway", "10.0.0.1:80"],
      /^--gateway must be an http or https address, got "10\.0\.0\.1:80"/,
    ],
    [["selftest", "--service", "s", "--namespace", "n", "--host", "h"], /^--gateway and --host belong together/],
    [["watch", "--service", "s", "--namespace", "n", "--gates", "{"], /^--gates must be a JSON list of gates/],
    [
      ["watch", "--service", "s", "--namespace", "n", "--gates", JSON.stringify([gate])],
      /^--gates: 0\.relativeTo: .*0\.kind: .*0\.everySeconds: /,
    ],
    [["move", "--service", "s", "--namespace", "n"], /^--schedule is missing/],
    [
      ["move", "--service", "s", "--namespace", "n", "--schedule", "x"],
      /^--schedule must be a whole number above zero/,
    ],
    [
      ["move", "--service", "s", "--namespace", "n", "--schedule", "7", "--wish", "{"],
      /^--wish must be a JSON document/,
    ],
    [
      ["move", "--service", "s", "--namespace", "n", "--schedule", "7", "--wish", '{"steps":[],"image":""}'],
      /^--wish: address: .*steps: the last step must have weight 100.*image: /,
    ],
    [["watch", "--service", "s", "--namespace", "n", "--sevice", "x"], /unknown option '--sevice'\n.*--service\?/],
    [["wach"], /unknown command 'wach'\n.*watch\?/],
  ];
  for (const [words, message] of cases) {
    it(`refuses ${words.join(" ").slice(0, 90)}`, async () => {
      const { code, log, out } = await run(...words);
      assert.equal(code, EXIT.misused);
      assert.match(log.map((line) => line.message).join("\n"), message);
      assert.ok(log.every(({ level }) => level === "error"));
      assert.equal(out, "");
    });
  }

  it("refuses gates that nothing is there to look at with", async () => {
    const whole = { relativeTo: "value", kind: "share", everySeconds: 15, withinSeconds: 60, consecutive: 4 };
    const gates = JSON.stringify([{ ...gate, ...whole, minSamples: 300 }]);
    const { code, log } = await run("watch", "--service", "s", "--namespace", "n", "--gates", gates);
    assert.equal(code, EXIT.misused);
    assert.match(log.at(-1)?.message ?? "", /^--gates needs --prometheus/);
  });

  it("shows its help, with an example of each command", async () => {
    for (const command of [watch, move, selftest]) {
      const { code, out } = await run(command.name, "--help");
      assert.equal(code, EXIT.done);
      assert.match(out, new RegExp(`Examples:\\n {2}runner ${command.name} `));
    }
  });
});

describe("the runner's log", () => {
  it("is one JSON document a line, with the fields of its place in each", () => {
    const lines: string[] = [];
    const log = new Log({ write: (text: string) => lines.push(text) }, { service: "s" }, () => AT);
    log.info("two\nlines", { end: "over" });
    log.with({ namespace: "n" }).error("no");
    assert.deepEqual(lines, [
      '{"at":"2026-01-02T03:04:05.000Z","level":"info","message":"two\\nlines","service":"s","end":"over"}\n',
      '{"at":"2026-01-02T03:04:05.000Z","level":"error","message":"no","service":"s","namespace":"n"}\n',
    ]);
  });

  it("takes plain text line by line", () => {
    const lines: string[] = [];
    errorsInto(new Log({ write: (text: string) => lines.push(text) }, {}, () => AT)).write("one\n\ntwo\n");
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { message: string }).message),
      ["one", "two"],
    );
  });
});

describe("a pod of the runner", () => {
  const { containers, ...pod } = runnerPodSpec({ image: "r/x@sha256:1", account: "hms-watcher", args: ["watch"] });

  it("starts anew as another pod, or where that is too slow, as the same one", () => {
    const again = runnerPodSpec({ image: "r/x@sha256:1", account: "hms-switch", args: ["move"], restarts: true });
    assert.deepEqual([pod.restartPolicy, again.restartPolicy], ["Never", "OnFailure"]);
  });

  it("has the token of its account, no root and nothing to write to", () => {
    assert.deepEqual([pod.serviceAccountName, pod.automountServiceAccountToken], ["hms-watcher", true]);
    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.deepEqual(
      containers.map(({ securityContext }) => securityContext),
      [{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } }],
    );
  });
});
