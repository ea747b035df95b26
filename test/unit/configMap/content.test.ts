import { strict as assert } from "node:assert";
import fc from "fast-check";
import {
  configMapName,
  contentOf,
  contentProblem,
  fileKey,
  isConfigMapOf,
  type Configured,
} from "../../../core/configMap/content";
import { isFilePath } from "../../../core/service/config";
import { sha256 } from "../../../core/sha256";

const step = fc.stringMatching(/^[-_A-Za-z0-9]+(\.[-_A-Za-z0-9]+)*$/).filter((text) => text.length <= 20);
const filePath = fc
  .array(step, { minLength: 1, maxLength: 3 })
  .map((steps) => steps.join("/"))
  .filter(isFilePath);
const variable = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,10}$/);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: "binary" }).map((text) => new Uint8Array(Buffer.from(text, "utf8"))),
);
const files = fc.dictionary(filePath, bytes, { maxKeys: 4 });
const configured = fc
  .record({ env: fc.dictionary(variable, fc.string(), { maxKeys: 4 }), files })
  .filter(({ env, files }) => Object.keys(files).every((path) => !(fileKey(path) in env)));

const specOf = (env: Readonly<Record<string, string>>, files: Readonly<Record<string, Uint8Array>>): Configured => ({
  env,
  config: {
    mount: "/config",
    files: Object.fromEntries(Object.entries(files).map(([path, content]) => [path, sha256(content)])),
  },
});

describe("the ConfigMap of a release", () => {
  it("holds exactly what the release names, byte by byte, text or not", () => {
    fc.assert(
      fc.property(configured, ({ env, files }) => {
        const spec = specOf(env, files);
        assert.equal(contentProblem(spec, contentOf(spec, new Map(Object.entries(files)))), undefined);
      }),
    );
  });

  it("takes files with names that objects have of themselves", () => {
    for (const bytes of [Buffer.from("text"), Buffer.of(0xff)])
      for (const path of ["toString", "constructor", "__proto__"]) {
        const files = { [path]: bytes };
        const spec = specOf({}, files);
        const content = contentOf(spec, new Map(Object.entries(files)));
        assert.equal(contentProblem(spec, content), undefined, path);
        assert.equal(contentProblem(spec, { data: {}, binaryData: {} }), `${path} is missing`);
      }
  });

  it("is text where it is UTF-8, a byte order mark included, and base64 otherwise", () => {
    const content = contentOf(
      { env: { A: "1" } },
      new Map([
        ["data.json", Buffer.from("\uFEFF{}\r\n", "utf8")],
        ["rates/logo.bin", Uint8Array.of(0xff, 0xfe)],
      ]),
    );
    assert.deepEqual(content, {
      data: { A: "1", "data.json": "\uFEFF{}\r\n" },
      binaryData: { "rates..logo.bin": "//4=" },
    });
  });

  it("has keys that Kubernetes takes, one a path", () => {
    fc.assert(
      fc.property(fc.uniqueArray(filePath), (paths) => {
        const keys = paths.map(fileKey);
        assert.equal(new Set(keys).size, paths.length);
        for (const key of keys) assert.match(key, /^(?!\.\.)[-._a-zA-Z0-9]{1,253}$/);
      }),
    );
  });

  it("has another name for any other variable or file, and the same for the same in another order", () => {
    fc.assert(
      fc.property(configured, configured, (one, other) => {
        const [a, b] = [specOf(one.env, one.files), specOf(other.env, other.files)];
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        assert.equal(configMapName("svc", a) === configMapName("svc", b), same);
        const turned = { env: reversed(a.env), config: { mount: "/config", files: reversed(a.config?.files ?? {}) } };
        assert.equal(configMapName("svc", turned), configMapName("svc", a));
      }),
    );
  });

  it("is told from every other name, and fits into a label and a name", () => {
    fc.assert(
      fc.property(configured, ({ env, files }) => {
        const name = configMapName("a".repeat(40), specOf(env, files));
        assert.ok(isConfigMapOf("a".repeat(40), name));
        assert.ok(name.length <= 63);
      }),
    );
    for (const name of [
      "svc-config",
      "svc-blue",
      "svc-config-blue",
      "svc-config-0123456789AB",
      "x-config-0123456789ab",
    ])
      assert.equal(isConfigMapOf("svc", name), false, name);
  });

  const spec = specOf({ A: "1" }, { "data.json": Buffer.from("{}") });
  const good = contentOf(spec, new Map([["data.json", Buffer.from("{}")]]));
  const altered = [
    ["a variable was changed", { ...good, data: { ...good.data, A: "2" } }, "A has another value"],
    ["a variable was taken away", { ...good, data: { "data.json": "{}" } }, "A has another value"],
    ["a file was changed", { ...good, data: { ...good.data, "data.json": "{ }" } }, "data.json has another content"],
    ["a file was taken away", { ...good, data: { A: "1" } }, "data.json is missing"],
    ["something was added", { ...good, data: { ...good.data, "more.json": "" } }, "more.json was added"],
  ] as const;
  for (const [what, content, problem] of altered)
    it(`is known for what it is when ${what}`, () => {
      assert.equal(contentProblem(spec, content), problem);
    });
});

const reversed = <T>(map: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(map).reverse());
const sorted = ({ env, config }: Configured) =>
  [env, config?.files ?? {}].map((map) => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
