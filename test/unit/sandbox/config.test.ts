import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { lastingStacks } from "../../../config/lastingStacks";
import { readSandbox } from "../../../config/sandbox";
import { loadSandboxes, readSandboxes, sandboxesSchema, type SandboxesConfig } from "../../../config/sandboxes";
import { placeProblems } from "../../../core/sandbox/protect";

const ROOT = resolve(__dirname, "../../..");
const FILE = parse(readFileSync(resolve(ROOT, "sandboxes.yaml"), "utf8")) as Record<string, unknown>;

const changed = (change: object) => readSandboxes({ ...FILE, ...change });
const problems = (change: object): string => {
  const read = changed(change);
  return read.ok ? "" : read.problems.join("\n");
};
function common(change: object = {}): SandboxesConfig {
  const read = changed(change);
  assert.ok(read.ok);
  return read.config;
}

const SANDBOX = { owner: "ada", createdAt: "20261122T043000Z", expiresAt: "20261122T123000Z" };
const files = {
  read: (path: string) => (existsSync(resolve(ROOT, path)) ? readFileSync(resolve(ROOT, path), "utf8") : undefined),
  absolute: (path: string) => resolve(ROOT, path),
};
const read = (sandbox: object, options: { stack?: string; encrypted?: string[]; more?: object } = {}) =>
  readSandbox({
    stack: options.stack ?? "sbx-42",
    values: { sandbox, ...options.more },
    encrypted: options.encrypted ?? [],
    common: common(),
    files,
  });
const refused = (...args: Parameters<typeof read>): string => {
  const config = read(...args);
  return config.ok ? "" : config.problems.join("\n");
};

describe("sandboxes.yaml", () => {
  it("has no problem here, and is documented key by key", () => {
    const { services, paths, limits } = loadSandboxes(ROOT);
    assert.deepEqual(Object.keys(services).sort(), ["benefits-api", "drought-benefit"]);
    assert.deepEqual(paths["benefits-api"], ["/"]);
    assert.deepEqual(limits, { maxTtl: 86_400, maxAge: 259_200 });
    const documented = readFileSync(resolve(ROOT, "docs/sandboxes.md"), "utf8");
    for (const key of Object.keys(sandboxesSchema.shape))
      assert.ok(documented.includes(`\`${key}`), `docs lack ${key}`);
  });

  it("says all that is wrong with it at once, and what to write instead", () => {
    const cases: readonly (readonly [change: object, problem: RegExp])[] = [
      [{ domian: "x" }, /sandboxes\.yaml: domian: got an unknown key; .*did you mean domain\?/],
      [{ lease: { longest: "9d" } }, /lease\.longest: got "9d"; allowed is a duration from 1m to 7d/],
      [{ lease: { default: "0s" } }, /lease\.default: got "0s"/],
      [
        { lease: { default: "30h", longest: "24h" } },
        /lease: got 1d6h, 1d, 3d; allowed is default <= longest <= inAll/,
      ],
      [{ caps: { maxInAll: 0 } }, /caps\.maxInAll: got 0; allowed is a whole number from 1/],
      [{ caps: { pricePerHour: -1 } }, /caps\.pricePerHour: got -1; allowed is a number above 0/],
      [{ services: {} }, /services: got an empty map/],
      [{ services: { a: { source: "x" } } }, /services\.a\.paths: got nothing/],
      [{ services: { a: { paths: ["/"] }, b: { paths: ["/"] } } }, /services\.b\.paths\[0\]: got \/, which leads to a/],
      [
        { services: { a: { paths: ["payouts"] } } },
        /services\.a\.paths\[0\]: got "payouts"; allowed is a path that begins/,
      ],
      [
        { database: { ...database(), reach: { port: 5432 } } },
        /database\.reach: .*either namespace \(with pods\) or cidr/,
      ],
      [
        { database: { ...database(), server: "secret" } },
        /database\.server: got "secret"; allowed is <namespace>\/<Secret>/,
      ],
    ];
    for (const [change, problem] of cases) assert.match(problems(change), problem);
    const both = problems({ domain: "UPPER", registry: "http://x" });
    assert.match(both, /domain: got "UPPER"[^]*registry: got "http:\/\/x"/);
  });

  it("may name a server outside of the cluster by its address", () => {
    const reach = { cidr: "10.20.30.40/32", port: 5432 };
    assert.deepEqual(common({ database: { ...database(), reach } }).database.reach, reach);
  });
});

const database = () => FILE.database as object;

describe("the file of a sandbox's stack", () => {
  it("decides what is its own, and gets the rest from sandboxes.yaml", () => {
    const image = `127.0.0.1:5000/drought-benefit@sha256:${"a".repeat(64)}`;
    const config = read({ ...SANDBOX, services: { "drought-benefit": { image, tag: "v4.2" } } });
    assert.ok(config.ok);
    const { identity, services } = config.config;
    assert.deepEqual(identity, {
      name: "sbx-42",
      owner: "ada",
      purpose: "not said",
      createdAt: new Date("2026-11-22T04:30:00Z"),
      expiresAt: new Date("2026-11-22T12:30:00Z"),
      snapshot: "latest",
      changed: "not said",
    });
    const [api, drought] = services;
    assert.deepEqual(
      [drought?.service.image, drought?.service.tag, drought?.service.source],
      [image, "v4.2", undefined],
    );
    assert.deepEqual(drought?.paths, ["/v1/data"]);
    assert.ok(api?.service.source !== undefined && api.service.secrets.PGPASSWORD?.secret === "benefits-db");
  });

  it("is refused with all its problems: names, times, services, other keys, secrets", () => {
    const cases: readonly (readonly [Parameters<typeof read>, RegExp])[] = [
      [[SANDBOX, { stack: "prod" }], /^name: got "prod".*lasting stack/],
      [
        [SANDBOX, { more: { namespace: "hms-prod" } }],
        /hms:namespace: got an unknown key; allowed is sandbox; remove it/,
      ],
      [[{ ...SANDBOX, owner: "" }], /hms:sandbox\.owner: got ""/],
      [
        [{ ...SANDBOX, createdAt: "2026-11-22" }],
        /hms:sandbox\.createdAt: got "2026-11-22"; allowed is a time such as/,
      ],
      [[{ ...SANDBOX, expiresAt: "20261122T043000Z" }], /hms:sandbox\.expiresAt: got a time before it was created/],
      [[{ ...SANDBOX, expiresAt: "20261126T043000Z" }], /hms:sandbox\.expiresAt: got 4d; allowed is at most 3d/],
      [[{ ...SANDBOX, ttl: "8h" }], /hms:sandbox\.ttl: got an unknown key/],
      [[{ ...SANDBOX, services: { tax: {} } }], /hms:sandbox\.services\.tax: .*one of drought-benefit, benefits-api/],
      [[{ ...SANDBOX, services: { "drought-benefit": { image: "x:latest" } } }], /an image with its digest/],
      [[{ ...SANDBOX, snapshot: "../x" }], /hms:sandbox\.snapshot: .*latest, or the id of a snapshot/],
      [[SANDBOX, { encrypted: ["sandbox"] }], /hms:sandbox: got an encrypted value/],
    ];
    for (const [args, problem] of cases) assert.match(refused(...args), problem);
  });

  it("may give one sandbox longer leases, up to the age that none passes", () => {
    const config = read({ ...SANDBOX, maxTtl: "2d" });
    assert.ok(config.ok && config.config.common.limits.maxTtl === 2 * 86_400);
    const more = read({ ...SANDBOX, maxTtl: "7d" });
    assert.ok(more.ok && more.config.common.limits.maxTtl === 3 * 86_400);
  });
});

describe("the lasting stacks of this project", () => {
  it("are known with their places, and their clusters are closed to sandboxes unless it is the local one", () => {
    const stacks = lastingStacks(ROOT);
    assert.deepEqual(
      stacks.map(({ stack, namespace, protect }) => [stack, namespace, protect]),
      [
        ["dev", "hms-dev", false],
        ["emulated", "hms-emulated", false],
        ["preprod", "hms-preprod", false],
        ["prod", "hms-prod", true],
        ["staging", "hms-staging", false],
      ],
    );
    const at = (kubeContext: string, local: string) =>
      placeProblems(
        { name: "sbx-42", kubeContext, namespace: "sbx-42" },
        { stacks, contexts: [], namespaces: [], local },
      );
    assert.deepEqual(at("hms-local", "hms-local"), []);
    assert.match(at("hms-local", "another").join(), /the cluster of preprod and prod and staging/);
  });
});
