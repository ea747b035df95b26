import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { loadStackFile } from "../../config/stackFile";
import type { StackConfig } from "../../config/readStack";
import { STACK_KEYS } from "../../config/schema";

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
  for (const stack of STACKS) {
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
    const configs = STACKS.map(load);
    assert.equal(new Set(configs.map(({ namespace }) => namespace)).size, STACKS.length);
    assert.equal(new Set(configs.map(({ domain }) => domain)).size, STACKS.length);
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

  it("are documented key by key", () => {
    const documented = readFileSync(resolve(ROOT, "docs/configuration.md"), "utf8");
    for (const key of STACK_KEYS)
      assert.ok(documented.includes(`\`hms:${key}\``), `docs/configuration.md lacks hms:${key}`);
  });
});
