import assert from "node:assert/strict";
import fc from "fast-check";
import { durationText, parseDuration } from "../../core/service/duration";
import { parseService } from "../../core/service/parse";
import { parseCpu, parseMemory } from "../../core/service/quantity";

describe("a service.yaml", () => {
  it("needs only name, port and one smoke test; everything else has a default", () => {
    const parsed = parseService("name: web\nport: 8080\nsmoke: [{ name: up, request: { path: / } }]\n", "service.yaml");
    assert.deepEqual(parsed, {
      ok: true,
      value: {
        name: "web",
        image: { context: ".", dockerfile: "Dockerfile", buildArgs: {} },
        port: 8080,
        health: { path: "/health" },
        longestRequest: 30,
        startup: 60,
        resources: { cpu: "100m", memory: "128Mi" },
        env: {},
        secrets: {},
        smoke: [
          {
            name: "up",
            request: { method: "GET", path: "/", headers: {} },
            expect: { status: 200, json: {}, headers: {} },
          },
        ],
        kpis: [],
        replicas: 2,
      },
    });
  });

  it("reads durations as seconds, numbers and booleans of env as text, and null as required", () => {
    const parsed = parseService(
      [
        "name: web",
        `image: { ref: 127.0.0.1:5000/web@sha256:${"a".repeat(64)} }`,
        "port: 8080",
        "longestRequest: 1m30s",
        "retain: 2h",
        "env: { WORKERS: 4, DEBUG: false, REGION: null }",
        "smoke: [{ name: up, request: { path: / } }]",
      ].join("\n"),
      "service.yaml",
    );
    assert.ok(parsed.ok);
    assert.equal(parsed.value.longestRequest, 90);
    assert.equal(parsed.value.retain, 7200);
    assert.deepEqual(parsed.value.env, { WORKERS: "4", DEBUG: "false", REGION: null });
    assert.deepEqual(parsed.value.image, { ref: `127.0.0.1:5000/web@sha256:${"a".repeat(64)}` });
  });

  it("names all problems at once, by file and line, in the order of the file", () => {
    const parsed = parseService("name: Web\nport: 0\nsmoke: []\nprot: 1\n", "web/service.yaml");
    assert.ok(!parsed.ok);
    assert.deepEqual(
      parsed.problems.map((problem) => problem.split(": ", 2).join(": ")),
      ["web/service.yaml:1: name", "web/service.yaml:2: port", "web/service.yaml:3: smoke", "web/service.yaml:4: prot"],
    );
  });
});

describe("durations and quantities", () => {
  for (const [text, seconds] of [
    ["10s", 10],
    ["1m30s", 90],
    ["2h", 7200],
    ["1d12h", 129_600],
    ["0s", 0],
    ["", undefined],
    ["10", undefined],
    ["1.5h", undefined],
    ["30s1m", undefined],
    ["-5s", undefined],
    [" 5s", undefined],
  ] as const) {
    it(`reads the duration "${text}" as ${String(seconds)}`, () => {
      assert.equal(parseDuration(text), seconds);
    });
  }

  it("writes every duration so that it reads back the same", () => {
    fc.assert(fc.property(fc.nat(999_999 * 86_400), (seconds) => parseDuration(durationText(seconds)) === seconds));
  });

  for (const [text, milli] of [
    ["50m", 50],
    ["0.5", 500],
    ["2", 2000],
    ["1.25", 1250],
    ["0", undefined],
    ["0m", undefined],
    ["50M", undefined],
    [".5", undefined],
  ] as const) {
    it(`reads the CPU quantity "${text}" as ${String(milli)}`, () => {
      assert.equal(parseCpu(text), milli);
    });
  }

  for (const [text, bytes] of [
    ["64Mi", 67_108_864],
    ["1Gi", 1_073_741_824],
    ["128M", 128_000_000],
    ["64m", undefined],
    ["64", undefined],
    ["64MB", undefined],
  ] as const) {
    it(`reads the memory quantity "${text}" as ${String(bytes)}`, () => {
      assert.equal(parseMemory(text), bytes);
    });
  }
});
