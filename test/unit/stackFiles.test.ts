import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { loadStackFile } from "../../config/stackFile";
import type { StackConfig } from "../../config/stack";
import { targetsOf } from "../../config/targets";
import { STACK_KEYS } from "../../config/schema";
import { EMULATED_ACCOUNTS } from "../../platform/aws/emulator";
import { DEFAULT_PORTS } from "../../platform/local/ports";

const ROOT = resolve(__dirname, "../..");
const STACKS = ["dev", "staging", "preprod", "prod"] as const;

interface StackFile {
  readonly config: Readonly<Record<string, unknown>>;
}

function stackFile(stack: string): StackFile["config"] {
  return (parse(readFileSync(resolve(ROOT, `Pulumi.${stack}.yaml`), "utf8")) as StackFile).config;
}

const load = (stack: string): StackConfig => loadStackFile(ROOT, stack);

describe("the stack files", () => {
  for (const stack of [...STACKS, "emulated"]) {
    it(`${stack} has no problem, and every service has its source on disk`, () => {
      for (const service of load(stack).services) {
        assert.ok(
          service.source !== undefined && existsSync(resolve(service.source.context, service.source.dockerfile)),
        );
      }
    });

    it(`${stack} disables default providers`, () => {
      assert.deepEqual(stackFile(stack)["pulumi:disable-default-providers"], ["*"]);
    });
  }

  it("differ in namespace and domain, so that none touches another", () => {
    const configs = [...STACKS, "emulated"].map(load);
    assert.equal(new Set(configs.map(({ namespace }) => namespace)).size, configs.length);
    assert.equal(new Set(configs.map(({ domain }) => domain)).size, configs.length);
  });

  it("have the same keys", () => {
    const keys = STACKS.map((stack) => Object.keys(stackFile(stack)));
    for (const other of keys) assert.deepEqual(other, keys[0]);
  });

  it("protect prod alone", () => {
    assert.deepEqual(
      STACKS.filter((stack) => load(stack).protect),
      ["prod"],
    );
  });

  it("emulated is prod, but for its accounts, what they keep, the order in which they get releases, where it is, and that it may be destroyed", () => {
    const [prod, emulated] = [stackFile("prod"), stackFile("emulated")];
    const keys = [...new Set([...Object.keys(prod), ...Object.keys(emulated)])];
    const differing = keys.filter((key) => !isDeepStrictEqual(prod[key], emulated[key]));
    assert.deepEqual(differing.sort(), [
      ...["hms:accounts", "hms:aws", "hms:domain", "hms:freeze", "hms:ledger", "hms:namespace", "hms:protect"],
      ...["hms:targets", "hms:waves"],
    ]);
  });

  it("emulated has the accounts that the platform emulates, each with its own registry and namespace", () => {
    const { accounts, aws, ledgerLock } = load("emulated");
    assert.deepEqual(
      accounts.map(({ name, id, partition }) => [name, id, partition]),
      EMULATED_ACCOUNTS.map(({ name, id }) => [name, id, "aws-us-gov"]).sort(),
    );
    assert.deepEqual(aws, { endpoint: `http://127.0.0.1:${DEFAULT_PORTS.aws}`, fips: false });
    assert.equal(ledgerLock.mode, "governance", "a machine must not keep what nobody can delete");
    for (const key of ["registry", "id", "externalId"] as const)
      assert.equal(new Set(accounts.map((account) => account[key])).size, accounts.length);
    const places = accounts.map(({ clusters: { main } }) => main && "namespace" in main && main.namespace);
    assert.equal(new Set(places).size, accounts.length);
    assert.deepEqual(
      targetsOf(load("emulated")).map(({ account }) => account),
      accounts.map(({ name }) => name),
    );
  });

  it("are documented key by key", () => {
    const documented = readFileSync(resolve(ROOT, "docs/configuration.md"), "utf8");
    for (const key of STACK_KEYS)
      assert.ok(documented.includes(`\`hms:${key}\``), `docs/configuration.md lacks hms:${key}`);
  });
});
