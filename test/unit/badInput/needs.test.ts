import assert from "node:assert/strict";
import { stringify } from "yaml";
import { readStack, type ReadStack } from "../../../config/readStack";
import { STACK_VALUES } from "../../support/stackValues";

type Keys = Readonly<Record<string, unknown>>;

const EXAMPLES = [{ name: "answers", request: { path: "/" }, expect: { shape: { "result.amount": "number" } } }];

/** A stack of services `rules`, `api` and `web`, each changed as told; every other file is a good list of examples. */
function read(changes: Readonly<Record<string, Keys>>, files: Readonly<Record<string, unknown>> = {}): ReadStack {
  const service = (name: string) => ({
    name,
    port: 8080,
    smoke: [{ name: "answers", request: { path: "/" } }],
    ...changes[name],
  });
  const texts: Record<string, unknown> = {
    "rules/service.yaml": service("rules"),
    "api/service.yaml": service("api"),
    "web/service.yaml": service("web"),
    "api/contracts/rules.yaml": EXAMPLES,
    ...files,
  };
  return readStack({
    stack: "test",
    values: {
      ...STACK_VALUES,
      services: { rules: { source: "rules" }, api: { source: "api" }, web: { source: "web" } },
    },
    encrypted: [],
    files: {
      read: (path) => (path in texts ? stringify(texts[path]) : undefined),
      absolute: (path) => `/project/${path}`,
    },
  });
}

const VERSION =
  'allowed is a contract version of two numbers such as "2.1"; raise the second number when answers gain something, the first when they lose or change something';
const QUOTED =
  'allowed is a contract version of two numbers such as "2.1"; put it in quotes, or it is read as a number';
const NAME =
  "allowed is at most 40 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen";
const SHAPES = "allowed is one of text, number, boolean, list, map; write which kind of value must stand there";
const FILE =
  "allowed is a path from service.yaml to a YAML file with requests and answers; write for example contracts/drought-benefit.yaml, inside the folder of service.yaml";

/** What services say, what files hold, and every message. */
const CASES: readonly (readonly [string, Readonly<Record<string, Keys>>, readonly string[], Keys?])[] = [
  [
    "a service that nobody knows, with what was probably meant",
    { api: { needs: "rulez" } },
    [
      'hms:services.api.needs.rulez: got the service "rulez", which this stack does not have; allowed is one of rules, web; did you mean rules?',
    ],
  ],
  [
    "a service of another stack",
    { api: { needs: ["ledger", "rules"] } },
    [
      'hms:services.api.needs.ledger: got the service "ledger", which this stack does not have; allowed is one of rules, web; add it to hms:services, or leave the need out',
    ],
  ],
  [
    "itself",
    { api: { needs: { api: {} } } },
    [
      "hms:services.api.needs.api: got the service itself; allowed is other services of the stack; remove it; a service has itself",
    ],
  ],
  [
    "a circle of two",
    { api: { needs: "rules" }, rules: { needs: "api" } },
    [
      "hms:services.api.needs: got a circle: api needs rules, rules needs api; allowed is needs without a circle, for each service waits until what it needs is live; remove one of these needs",
    ],
  ],
  [
    "a circle of three",
    { web: { needs: "api" }, api: { needs: "rules" }, rules: { needs: ["web"] } },
    [
      "hms:services.api.needs: got a circle: api needs rules, rules needs web, web needs api; allowed is needs without a circle, for each service waits until what it needs is live; remove one of these needs",
    ],
  ],
  [
    "something that is no name",
    { api: { needs: "Rules!" } },
    [
      `api/service.yaml:7: needs: got "Rules!"; ${NAME}; write needs: drought-benefit, or needs: { drought-benefit: { contract: "1.0" } }`,
    ],
  ],
  [
    "no name at all",
    { api: { needs: [] } },
    [
      "api/service.yaml:7: needs: got an empty list; allowed is at least one name; leave needs out when no other service is needed",
    ],
  ],
  [
    "a number",
    { api: { needs: 2 } },
    [
      'api/service.yaml:7: needs: got 2; allowed is the name of a service, a list of names, or a map from names to contract and examples; write needs: drought-benefit, or needs: { drought-benefit: { contract: "1.0" } }',
    ],
  ],
  [
    "a contract that YAML reads as a number",
    { api: { needs: { rules: { contract: 1.1 } } } },
    [`api/service.yaml:9: needs.rules.contract: got 1.1; ${QUOTED}`],
  ],
  [
    "a range of versions",
    { api: { needs: { rules: { contract: ">=2" } } } },
    [`api/service.yaml:9: needs.rules.contract: got ">=2"; ${VERSION}`],
  ],
  [
    "a version of three numbers",
    { rules: { contract: "1.2.3" } },
    [`rules/service.yaml:7: contract: got "1.2.3"; ${VERSION}`],
  ],
  [
    "one bad version of several",
    { rules: { contract: ["1.0", "two"] } },
    [`rules/service.yaml:9: contract[1]: got "two"; ${VERSION}`],
  ],
  [
    "one contract twice",
    { rules: { contract: ["1.0", "1.4"] } },
    [
      "rules/service.yaml:7: contract: got a list; allowed is one version of contract 1; name the newest alone; it keeps what those before it promised",
    ],
  ],
  [
    "no version",
    { rules: { contract: [] } },
    [
      "rules/service.yaml:7: contract: got an empty list; allowed is at least one version; leave contract out when nothing is promised",
    ],
  ],
  [
    "an unknown key of a need",
    { api: { needs: { rules: { version: "1.0" } } } },
    ["api/service.yaml:9: needs.rules.version: got an unknown key; allowed is one of contract, examples; remove it"],
  ],
  [
    "examples outside of the folder",
    { api: { needs: { rules: { examples: "../rules.yaml" } } } },
    [`api/service.yaml:9: needs.rules.examples: got "../rules.yaml"; ${FILE}`],
  ],
  [
    "examples that are not there",
    { api: { needs: { rules: { examples: "contracts/none.yaml" } } } },
    [
      'hms:services.api.needs.rules.examples: got "contracts/none.yaml", which is not there; allowed is a file in the folder of service.yaml; correct the path, or write api/contracts/none.yaml',
    ],
  ],
  [
    "examples that are none",
    { api: { needs: { rules: { examples: "contracts/rules.yaml" } } } },
    [
      "api/contracts/rules.yaml:1: got an empty list; allowed is a list of at least one request with its answer; begin each with `- name: <what is relied on>`",
    ],
    { "api/contracts/rules.yaml": [] },
  ],
  [
    "an example of a shape that JSON does not have",
    { api: { needs: { rules: { examples: "contracts/rules.yaml" } } } },
    [`api/contracts/rules.yaml:6: [0].expect.shape["result.amount"]: got "money"; ${SHAPES}`],
    {
      "api/contracts/rules.yaml": [
        { name: "x", request: { path: "/" }, expect: { shape: { "result.amount": "money" } } },
      ],
    },
  ],
];

describe("bad needs", () => {
  for (const [what, changes, messages, files] of CASES) {
    it(`are refused: ${what}`, () => {
      assert.deepEqual(read(changes, files), { ok: false, problems: messages });
    });
  }

  it("are told apart from good ones in all three forms", () => {
    for (const needs of ["rules", ["rules", "web"], { rules: null }, { rules: { contract: "1.10" } }]) {
      const good = read({ api: { needs } });
      assert.ok(good.ok, good.ok ? "" : good.problems.join("\n"));
    }
  });

  it("are no longer there when the examples are read", () => {
    const good = read({ api: { needs: { rules: { contract: "1.0", examples: "contracts/rules.yaml" } } } });
    assert.ok(good.ok, good.ok ? "" : good.problems.join("\n"));
    const [api] = good.config.services;
    assert.deepEqual(
      api?.needs?.rules?.examples.map(({ name, expect }) => [name, expect.shape]),
      [["answers", { "result.amount": "number" }]],
    );
  });
});
