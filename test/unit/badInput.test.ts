import assert from "node:assert/strict";
import { stringify } from "yaml";
import { endOf } from "../../cli/freeze";
import { readStack, type ReadStack } from "../../config/readStack";
import { MIGRATION_CASES, MIGRATION_DECISION_CASES } from "./badInput/migrationCases";
import { readFlags } from "../../core/freeze/flag";
import { readGlass } from "../../core/freeze/glass";
import { readCalendar } from "../../core/freeze/window";
import { END_CASES, FLAG_CASES, GLASS_CASES, WINDOW_CASES } from "./badInput/freezeCases";
import { NOT_BEFORE_CASES, POLICY_CASES } from "./badInput/scheduleCases";
import { SERVICE_CASES } from "./badInput/serviceCases";
import { OVERRIDE_CASES, STACK_CASES } from "./badInput/stackCases";
import { STACK_VALUES } from "../support/stackValues";

type Keys = Readonly<Record<string, unknown>>;

const SERVICE: Keys = {
  name: "web",
  port: 8080,
  env: { LOG_LEVEL: "info", REGION: null },
  secrets: { API_TOKEN: { secret: "web", key: "token" } },
  smoke: [{ name: "answers", request: { path: "/" } }],
};

const STACK: Keys = {
  ...STACK_VALUES,
  services: { web: { source: "web", env: { REGION: "north" } } },
};

const given = (keys: Keys): Keys => Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));

interface World {
  readonly service?: Keys;
  readonly stack?: Keys;
  readonly overrides?: string;
  readonly encrypted?: readonly string[];
}

function read({ service = {}, stack = {}, overrides, encrypted = [] }: World): ReadStack {
  const text = stringify(given({ ...SERVICE, ...service }));
  return readStack({
    stack: "test",
    values: given({ ...STACK, ...stack }),
    encrypted,
    ...(overrides === undefined ? {} : { overrides }),
    files: {
      read: (path) => (path === "web/service.yaml" ? text : undefined),
      absolute: (path) => `/project/${path}`,
    },
  });
}

function assertRefused(world: World, messages: readonly string[]): void {
  assert.deepEqual(read(world), { ok: false, problems: messages });
}

const shown = (change: Keys): string =>
  JSON.stringify(change, (_, value: unknown) => (value === undefined ? "(missing)" : value)).replace(
    /(.)\1{20,}/g,
    "$1…",
  );

describe("bad input", () => {
  it("is refused, while the input it is a change of is not", () => {
    assert.ok(read({}).ok);
  });

  describe("in a service.yaml", () => {
    for (const [change, messages] of SERVICE_CASES) {
      it(shown(change), () => {
        assertRefused(
          { service: change },
          messages.map((message) => `web/service.yaml:${message}`),
        );
      });
    }
  });

  describe("in the migrations of a service.yaml", () => {
    for (const [migrations, messages] of MIGRATION_CASES) {
      it(shown({ migrations }), () => {
        const refused = read({ service: { migrations } });
        assert.ok(!refused.ok);
        assert.deepEqual(
          refused.problems.map((problem) => problem.replace(/^web\/service\.yaml:\d+: /, "")),
          messages,
        );
      });
    }
  });

  describe("in what a stack decides about migrations", () => {
    for (const [migrations, decided, messages] of MIGRATION_DECISION_CASES) {
      it(shown({ decided }), () => {
        const services = { web: { source: "web", env: { REGION: "north" }, migrations: decided } };
        assert.deepEqual(read({ service: { migrations }, stack: { services } }), {
          ok: false,
          problems: messages.map((message) => `hms:services.web.migrations${message}`),
        });
      });
    }
  });

  describe("in what is said of an instant", () => {
    for (const [key, cases] of [
      ["notBefore", NOT_BEFORE_CASES],
      ["schedule", POLICY_CASES],
    ] as const) {
      for (const [value, messages] of cases) {
        it(shown({ [key]: value }), () => {
          assertRefused(
            { stack: { [key]: value } },
            messages.map((message) => `hms:${key}${message}`),
          );
        });
      }
    }

    it("is named by where it stands", () => {
      const message = 'notBefore: got the zone "EST"; allowed is an IANA time zone such as America/New_York, or UTC; ';
      const overrides = '{"notBefore":"00:00 EST"}';
      assertRefused({ overrides }, [`HMS_OVERRIDES: ${message}write Area/City, never an abbreviation`]);
    });
  });

  describe("in a stack file", () => {
    for (const [change, messages] of STACK_CASES) {
      it(shown(change), () => {
        assertRefused(
          { stack: change },
          messages.map((message) => `hms:${message}`),
        );
      });
    }

    it("an encrypted value, without a word of it", () => {
      assertRefused(
        { stack: { services: "planted", namespace: 5 }, encrypted: ["services", "namespace"] },
        [
          "hms:namespace: got an encrypted value; allowed is plain values only; put the secret into a Kubernetes Secret and refer to it under secrets, as { secret: <name>, key: <key> }",
          "hms:services: got an encrypted value; allowed is plain values only; put the secret into a Kubernetes Secret and refer to it under secrets, as { secret: <name>, key: <key> }",
        ].reverse(),
      );
    });
  });

  describe("in HMS_OVERRIDES", () => {
    for (const [text, messages] of OVERRIDE_CASES) {
      it(text, () => {
        assertRefused(
          { overrides: text },
          messages.map((message) => `HMS_OVERRIDES: ${message}`),
        );
      });
    }
  });

  describe("in a freeze", () => {
    const window = {
      ...{ name: "w", reason: "because", who: "ops", dtstart: "2026-12-20T09:00", tzid: "UTC", duration: "P1D" },
    };
    const flag = { reason: "because", who: "ops", since: null };
    const glass = { ...flag, by: "ann", since: "2026-12-20T09:00:00Z", until: "2026-12-20T10:00:00Z", recordedBy: "x" };
    const { who: _none, ...named } = glass;
    const problems = (key: string, good: Keys, change: Keys) => {
      const text = stringify({ [key]: [given({ ...good, ...change })] });
      const part = { windows: readCalendar, flags: readFlags, breakGlass: readGlass }[key];
      return part?.(text).problems;
    };
    for (const [key, good, cases] of [
      ["windows", window, WINDOW_CASES],
      ["flags", flag, FLAG_CASES],
      ["breakGlass", named, GLASS_CASES],
    ] as const) {
      it(`${key} without a mistake are none`, () => {
        assert.deepEqual(problems(key, good, {}), []);
      });
      for (const [change, message] of cases) {
        it(`${key}: ${shown(change)}`, () => {
          assert.deepEqual(problems(key, good, change), [`${key}[0].${message}`]);
        });
      }
    }
    for (const [text, message] of END_CASES) {
      it(`--until ${text}`, () => assert.rejects(endOf(text, "until"), message));
    }
  });

  it("comes in one answer, whichever file it stands in", () => {
    const all = read({
      service: { port: 0 },
      stack: { namespace: "Hms", nmaespace: "x" },
      overrides: '{"retry":["wbe"]}',
    });
    assert.ok(!all.ok);
    assert.deepEqual(
      all.problems.map((problem) => problem.split(": got")[0]),
      ["hms:nmaespace", "hms:namespace", "web/service.yaml:2: port", "HMS_OVERRIDES: retry[0]"],
    );
  });

  it("that may be a secret is never repeated", () => {
    const texts = [...SERVICE_CASES, ...STACK_CASES, ...MIGRATION_CASES].flatMap(([, messages]) => messages);
    assert.ok(texts.every((text) => !/planted/i.test(text)));
  });

  it("that is no YAML is named by line and column", () => {
    const files = { read: () => "name: web\nport: [80\n", absolute: (path: string) => path };
    const broken = readStack({ stack: "test", values: STACK, encrypted: [], files });
    assert.ok(!broken.ok);
    assert.deepEqual(broken.problems, [
      "web/service.yaml:3:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ]);
  });
});

describe("one-shot wishes", () => {
  it("are added to what the stack file says, and win over its tag", () => {
    const wished = read({
      stack: { services: { web: { source: "web", env: { REGION: "north" }, tag: "v1" } }, takeOver: true },
      overrides: '{"retry":["web"],"tags":{"web":"v2"},"pin":{"web":"0123456789ab"}}',
    });
    assert.ok(wished.ok);
    const { retry, takeOver, pins, services } = wished.config;
    assert.deepEqual([retry, takeOver, pins, services[0]?.tag], [["web"], ["web"], { web: "0123456789ab" }, "v2"]);
  });
});

describe("a service of a stack", () => {
  it("is its service.yaml with the stack's decisions merged in", () => {
    const merged = read({
      stack: {
        services: {
          north: { source: "web", env: { REGION: "north" }, replicas: 3, labels: { team: "a" }, retain: "2h" },
          pinned: { source: "web", env: { REGION: "x" }, image: `r.example/web@sha256:${"b".repeat(64)}` },
        },
      },
    });
    assert.ok(merged.ok, merged.ok ? "" : merged.problems.join("\n"));
    const [north, pinned] = merged.config.services;
    assert.deepEqual(north, {
      name: "north",
      source: { context: "/project/web/.", dockerfile: "Dockerfile", buildArgs: {} },
      port: 8080,
      healthPath: "/health",
      env: { LOG_LEVEL: "info", REGION: "north" },
      secrets: { API_TOKEN: { secret: "web", key: "token" } },
      resources: { cpu: "100m", memory: "128Mi" },
      longestRequestSeconds: 30,
      startupSeconds: 60,
      smoke: [
        {
          name: "answers",
          request: { method: "GET", path: "/", headers: {} },
          expect: { status: 200, json: {}, headers: {} },
        },
      ],
      replicas: 3,
      labels: { team: "a" },
      retainSeconds: 7200,
      kpis: [],
    });
    assert.equal(pinned?.image, `r.example/web@sha256:${"b".repeat(64)}`);
    assert.ok(pinned !== undefined && !("source" in pinned));
  });

  it("has the files of its service.yaml, and where a stack gives another one, that", () => {
    const config = { mount: "/data", files: { "a.json": null, "b.json": { text: "b" }, c: { folder: "../shared" } } };
    const entry = { source: "web", env: { REGION: "north" }, config: { files: { "a.json": { file: "prod/a.json" } } } };
    const merged = read({ service: { config }, stack: { services: { web: entry } } });
    assert.ok(merged.ok, merged.ok ? "" : merged.problems.join("\n"));
    assert.deepEqual(merged.config.services[0]?.config, {
      mount: "/data",
      files: {
        "a.json": { file: "/project/web/prod/a.json" },
        "b.json": { text: "b" },
        c: { folder: "/project/web/../shared" },
      },
    });
    assert.deepEqual(read({ service: { config }, stack: { services: { web: { ...entry, config: { files: {} } } } } }), {
      ok: false,
      problems: [
        'hms:services.web.config.files["a.json"]: got nothing; allowed is exactly one of text, file and folder; give the file this stack runs with; the service requires it',
      ],
    });
  });

  it("may stand in the stack file as a whole", () => {
    const inline = read({
      stack: {
        services: {
          db: {
            image: `r.example/db@sha256:${"c".repeat(64)}`,
            port: 5432,
            env: { MODE: "fast" },
            longestRequest: "5s",
            smoke: [{ name: "up", request: { path: "/up" } }],
          },
        },
      },
    });
    assert.ok(inline.ok, inline.ok ? "" : inline.problems.join("\n"));
    const [db] = inline.config.services;
    assert.deepEqual(
      [db?.name, db?.image, db?.port, db?.env, db?.longestRequestSeconds, db?.smoke[0]?.name],
      ["db", `r.example/db@sha256:${"c".repeat(64)}`, 5432, { MODE: "fast" }, 5, "up"],
    );
  });
});
