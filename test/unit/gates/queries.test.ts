import { strict as assert } from "node:assert";
import { defaultGates } from "../../../core/gates/defaults";
import { gatesOf } from "../../../core/gates/serviceGates";
import { fillQuery, unknownPlaceholders } from "../../../core/gates/gate";
import { loadGrammar, metricsOf, syntaxProblem } from "../../../core/gates/promql";
import {
  AGE_QUERY,
  backendPattern,
  INTERVAL_QUERY,
  probeBackendPattern,
  RATE_QUERY,
  SAMPLES_QUERY,
} from "../../../core/gates/traefik";
import type { Kpi } from "../../../core/service/kpi";
import { parseService } from "../../../core/service/parse";
import { target } from "./support";

describe("fillQuery", () => {
  it("fills in what stands for a color, as often as it is named, with or without blanks", () => {
    assert.equal(
      fillQuery('a{n="{{namespace}}",w="{{ workload }}",b=~"{{backend}}"}[{{window}}] {{window}}', target, 59.2),
      'a{n="hms-dev",w="web-green",b=~"be-.+"}[60s] 60s',
    );
  });
  it("never gives a range of nothing, and leaves what it does not know", () => {
    assert.equal(fillQuery("[{{window}}] {{pod}}", target, 0), "[1s] {{pod}}");
  });
  it("does not fill in what it has filled in", () => {
    assert.equal(fillQuery("{{backend}}", { ...target, backend: "{{window}}$&" }, 5), "{{window}}$&");
  });
});

describe("unknownPlaceholders", () => {
  it("finds whatever stands between double braces and is none", () => {
    assert.deepEqual(unknownPlaceholders('{{window}} {{ pod }} {{work-load}} {{}} a{b="c"}'), ["pod", "work-load", ""]);
  });
});

describe("backendPattern", () => {
  // As Traefik 3.7 names them, on the local platform.
  const seen = (namespace: string, route: string, backend: string, index: number) =>
    `httproute-${namespace}-${route}-gw-gateway-public-ep-web-0-0d1f2a3b4c5d6e7f8091-svc-${namespace}-${backend}-${index}@kubernetesgateway`;
  const pattern = new RegExp(`^(?:${backendPattern("drought-benefit", "blue", "hms-dev")})$`);

  for (const [name, label, matches] of [
    ["the color's backend of the route", seen("hms-dev", "drought-benefit", "drought-benefit-blue", 0), true],
    ["the other color", seen("hms-dev", "drought-benefit", "drought-benefit-green", 1), false],
    ["requests by the probe route", seen("hms-dev", "drought-benefit-probe", "drought-benefit-blue", 0), false],
    ["another namespace", seen("hms-staging", "drought-benefit", "drought-benefit-blue", 0), false],
    ["a namespace that ends alike", seen("x-hms-dev", "drought-benefit", "drought-benefit-blue", 0), false],
    ["a service that begins alike", seen("hms-dev", "drought-benefit-gw", "drought-benefit-gw-blue", 0), false],
    ["a service that ends alike", seen("hms-dev", "big-drought-benefit", "big-drought-benefit-blue", 0), false],
  ] as const) {
    it(`${matches ? "takes" : "leaves"} ${name}`, () => {
      assert.equal(pattern.test(label), matches);
    });
  }

  it("takes no request for both a user's and a synthetic one", () => {
    const synthetic = new RegExp(`^(?:${probeBackendPattern("drought-benefit", "blue", "hms-dev")})$`);
    const byProbe = seen("hms-dev", "drought-benefit-probe", "drought-benefit-blue", 0);
    const byUser = seen("hms-dev", "drought-benefit", "drought-benefit-blue", 0);
    const matches = [byProbe, byUser].map((label) => [pattern.test(label), synthetic.test(label)]);
    assert.deepEqual(matches, [
      [false, true],
      [true, false],
    ]);
    assert.ok(!synthetic.test(seen("hms-dev", "drought-benefit-probe", "drought-benefit-green", 1)));
  });

  it("writes names as Traefik does: hyphens in a row are one in the route's part", () => {
    const odd = new RegExp(`^(?:${backendPattern("a--b", "blue", "n")})$`);
    assert.ok(odd.test(seen("n", "a-b", "a--b-blue", 0)));
  });
});

describe("the gates of a service", () => {
  const kpi: Kpi = {
    name: "paid-share",
    query: "q",
    comparison: ">=",
    limit: 0.5,
    relativeTo: "live",
    kind: "share",
    every: 10,
    within: 100,
    consecutive: 2,
    minSamples: 50,
  };

  it("are the defaults without KPIs: every 15 s, within 300 s, four in a row, 300 requests", () => {
    assert.deepEqual(gatesOf([]), defaultGates());
    assert.deepEqual(
      defaultGates().map((gate) => [gate.name, gate.kind, gate.comparison, gate.limit, gate.relativeTo, gate.floor]),
      [
        ["error-share", "share", "<=", 0.01, "value", undefined],
        ["p95-latency", "measure", "<=", 2, "live", 0.025],
      ],
    );
    for (const gate of defaultGates()) {
      const { everySeconds, withinSeconds, consecutive, minSamples } = gate;
      assert.deepEqual([everySeconds, withinSeconds, consecutive, minSamples], [15, 300, 4, 300]);
    }
  });

  it("are the defaults and the KPIs, each with its own numbers", () => {
    const gates = gatesOf([kpi, { ...kpi, name: "size", floor: 3, unit: "bytes" }]);
    assert.deepEqual(
      gates.map(({ name }) => name),
      ["error-share", "p95-latency", "paid-share", "size"],
    );
    assert.deepEqual(gates[3], {
      name: "size",
      query: "q",
      comparison: ">=",
      limit: 0.5,
      relativeTo: "live",
      kind: "share",
      floor: 3,
      everySeconds: 10,
      withinSeconds: 100,
      consecutive: 2,
      minSamples: 50,
      unit: "bytes",
    });
  });

  it("take a KPI with a default's name in its place", () => {
    const gates = gatesOf([{ ...kpi, name: "error-share", limit: 0.2 }]);
    assert.deepEqual(
      gates.map(({ name, limit }) => [name, limit]),
      [
        ["error-share", 0.2],
        ["p95-latency", 2],
      ],
    );
  });
});

describe("a KPI of a service.yaml", () => {
  const parse = (...kpis: readonly string[]) =>
    parseService(
      `name: web\nport: 80\nsmoke: [{ name: up, request: { path: / } }]\nkpis:\n${kpis.map((kpi) => `  - { ${kpi} }\n`).join("")}`,
      "s",
    );
  const GOOD = 'name: a, query: up, comparison: "<", limit: 1';

  it("needs name, query, comparison and limit; everything else has a default", () => {
    const parsed = parse(GOOD);
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.value.kpis, [
      {
        name: "a",
        query: "up",
        comparison: "<",
        limit: 1,
        relativeTo: "value",
        kind: "measure",
        every: 15,
        within: 300,
        consecutive: 4,
        minSamples: 300,
      },
    ]);
  });

  it("changes a default gate by its name, and keeps what it does not say", () => {
    const parsed = parse("name: p95-latency, every: 2s, minSamples: 50", "name: error-share, limit: 0.05");
    assert.ok(parsed.ok);
    const gates = gatesOf(parsed.value.kpis);
    const [share, p95] = defaultGates();
    assert.deepEqual(gates, [
      { ...share, limit: 0.05 },
      { ...p95, everySeconds: 2, minSamples: 50 },
    ]);
  });
  it("that is compared with its limit alone has no floor, whatever the default's", () => {
    const parsed = parse("name: p95-latency, relativeTo: value, limit: 0.3");
    assert.ok(parsed.ok);
    const [kpi] = parsed.value.kpis;
    assert.deepEqual([kpi?.limit, kpi?.relativeTo, kpi?.floor], [0.3, "value", undefined]);
  });
  it("with a default's name and a query of its own stands in its place, as a whole", () => {
    const parsed = parse('name: p95-latency, query: up, comparison: ">=", limit: 1');
    assert.ok(parsed.ok);
    assert.deepEqual(gatesOf(parsed.value.kpis)[1]?.floor, undefined);
  });
  it("of another name needs a query", () => {
    const parsed = parse("name: p95, every: 2s");
    assert.ok(!parsed.ok);
    assert.match(parsed.problems[0] ?? "", /kpis\[0\]\.query: /);
  });

  for (const [name, kpi, problem] of [
    [
      "a mistyped placeholder",
      'name: a, query: "x{w=\'{{workloads}}\'}", comparison: "<", limit: 1',
      "s:5: kpis[0].query: got the placeholder {{workloads}}; allowed is one of {{workload}}, {{namespace}}, {{backend}}, {{window}}; did you mean {{workload}}?",
    ],
    [
      "too few requests",
      `${GOOD}, minSamples: 0`,
      "s:5: kpis[0].minSamples: got 0; allowed is a whole number from 1 to 1000000; say how many requests a release must have answered",
    ],
    [
      "an unknown kind",
      `${GOOD}, kind: ratio`,
      's:5: kpis[0].kind: got "ratio"; allowed is one of share, measure; write share for a part of the requests from 0 to 1, or leave it out',
    ],
    [
      "a floor that nothing is compared with",
      `${GOOD}, floor: 2`,
      "s:5: kpis[0].floor: got 2; allowed is a floor beside relativeTo: live only; put it into limit, and remove floor",
    ],
    [
      "less time than its looks take",
      `${GOOD}, within: 45s`,
      "s:5: kpis[0].within: got 45s; allowed is at least every x consecutive, 1m; raise within, or look more often",
    ],
  ] as const) {
    it(`is refused with ${name}`, () => {
      const parsed = parse(kpi);
      assert.ok(!parsed.ok);
      assert.deepEqual(parsed.problems, [problem]);
    });
  }

  it("is refused when another has its name: one of the two would not be looked at", () => {
    const parsed = parse(GOOD, GOOD);
    assert.ok(!parsed.ok);
    assert.deepEqual(parsed.problems, ['s:6: kpis[1].name: got "a"; allowed is each name once; choose another name']);
  });
});

describe("PromQL", () => {
  const ours = [...defaultGates().map(({ query }) => query), SAMPLES_QUERY, AGE_QUERY, INTERVAL_QUERY, RATE_QUERY];
  for (const query of [...ours, "1 + time()", 'sum(rate(a:b{c="{{workload}}"}[{{window}}] offset {{ window }}))']) {
    it(`reads ${query}`, async () => {
      assert.equal(syntaxProblem(await loadGrammar(), query), undefined);
    });
  }

  for (const [query, problem] of [
    ["sum(rate(foo[5m])", "error at character 18, where it ends"],
    ["foo bar", 'error at character 5, before "bar"'],
    ["nosuchfunction(foo)", 'error at character 15, before "(foo)"'],
    ['rate(a{b=}[{{window}}]) + c{d="e"}', 'error at character 10, before "}[{{window}}]) + c{d=\\"e\\""'],
    ['rate(a{w="{{workload}}"}[{{window}}]) )', 'error at character 39, before ")"'],
  ] as const) {
    it(`says where ${query} goes wrong`, async () => {
      assert.equal(syntaxProblem(await loadGrammar(), query), `the query is no PromQL: ${problem}`);
    });
  }

  for (const [query, names] of [
    ["sum(rate(a_total[5m])) / on() b:c or a_total", ["a_total", "b:c"]],
    ['{__name__="x",a="b"} + {__name__=~"y.*"} + {__name__!="z"}', ["x"]],
    ['{"quoted.metric",a="b"}', ["quoted.metric"]],
    ['label_replace(up, "a", "$1", "b", "(.*)") * vector(1)', ["up"]],
    ['{{workload}}_total + a{b="{{backend}}"}[{{window}}]', ["a"]],
    ["1 + time()", []],
  ] as const) {
    it(`finds the metrics of ${query}`, async () => {
      assert.deepEqual(metricsOf(await loadGrammar(), query), names);
    });
  }
});
