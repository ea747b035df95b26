import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { sha256 } from "../../../core/sha256";
import { BadFiles, MOST_BYTES, MOST_FILES, readFiles } from "../../../core/configMap/readFiles";
import type { FileSource } from "../../../core/service/config";

describe("the files of a service", () => {
  const root = mkdtempSync(path.join(os.tmpdir(), "hms-files-"));
  const at = (name: string): string => path.join(root, name);
  const write = (name: string, content: string | Uint8Array): void => {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    writeFileSync(at(name), content);
  };
  const read = (files: Readonly<Record<string, FileSource>>, env = {}) =>
    readFiles({ mount: "/config", files }, env, root);

  before(() => {
    write("data.json", '{"a":1}');
    write("rates/2026.json", "{}");
    write("rates/deep/more.json", "[]");
    write("rates/.hidden", "editor's");
    write("rates/.git/config", "not ours");
    mkdirSync(at("empty"));
    write("odd/a b.json", "");
    write("odd/a..b.json", "");
    write("large.bin", new Uint8Array(MOST_BYTES + 1));
    write("full.bin", new Uint8Array(MOST_BYTES).fill(0xff));
    for (let i = 0; i <= MOST_FILES; i++) write(`many/${i}.txt`, "");
    symlinkSync(at("nowhere"), at("broken"));
    mkdirSync(at("loop"));
    symlinkSync(at("loop"), at("loop/again"));
  });
  after(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it("are texts, files, and folders with all that is in them, but for what begins with a dot", async () => {
    const { config, files } = await read({
      rates: { folder: at("rates") },
      "policy/data.json": { file: at("data.json") },
      "note.txt": { text: "" },
    });
    const expected = {
      "note.txt": "",
      "policy/data.json": '{"a":1}',
      "rates/2026.json": "{}",
      "rates/deep/more.json": "[]",
    };
    assert.deepEqual(
      Object.fromEntries([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString()])),
      expected,
    );
    assert.deepEqual(config, {
      mount: "/config",
      files: Object.fromEntries(Object.entries(expected).map(([name, text]) => [name, sha256(text)])),
    });
  });

  it("may lie right in the mount", async () => {
    const { config } = await read({ ".": { folder: at("rates") } });
    assert.deepEqual(Object.keys(config.files), ["2026.json", "deep/more.json"]);
  });

  it("may be 900 KiB together, not one byte more", async () => {
    assert.equal((await read({ "full.bin": { file: at("full.bin") } })).files.get("full.bin")?.length, MOST_BYTES);
    await assert.rejects(
      read({ "full.bin": { file: at("full.bin") }, "one.txt": { text: "1" } }),
      /config\.files: got 921601 bytes together; allowed is at most 921600 bytes \(900 KiB\) in all files together/,
    );
  });

  const FILE = "allowed is a file that can be read";
  const FOLDER = "allowed is a folder with at least one file";
  const START = "correct the path; it starts at the folder of service.yaml";
  const SIZE =
    "allowed is at most 921600 bytes (900 KiB) in all files together, as a ConfigMap holds no more; put what is larger into the image, or where the service can fetch it";
  const NAME =
    "allowed is letters, digits, hyphens, dots and underscores, at most 100, no two dots in a row; rename it, or name files one by one";
  const ONCE = "allowed is each path once, and no file where a folder is; remove one of the two";
  const refused: readonly (readonly [string, Readonly<Record<string, FileSource>>, readonly string[]])[] = [
    [
      "a file that is not there",
      { "a.json": { file: at("nope.json") } },
      [`config.files["a.json"].file: got nope.json, which is not there; ${FILE}; ${START}`],
    ],
    [
      "a link to nothing",
      { "a.json": { file: at("broken") } },
      [`config.files["a.json"].file: got broken, which is not there; ${FILE}; ${START}`],
    ],
    [
      "a folder as a file",
      { "a.json": { file: at("rates") } },
      [`config.files["a.json"].file: got the folder rates; ${FILE}; write folder: to take each of its files`],
    ],
    [
      "a file as a folder",
      { a: { folder: at("data.json") } },
      [`config.files.a.folder: got the file data.json; ${FOLDER}; write file: to take this one`],
    ],
    [
      "a folder that is not there",
      { a: { folder: at("gone") } },
      [`config.files.a.folder: got gone, which is not there; ${FOLDER}; ${START}`],
    ],
    [
      "a folder without a file",
      { a: { folder: at("empty") } },
      [`config.files.a.folder: got empty, which has no file; ${FOLDER}; ${START}`],
    ],
    [
      "a folder that leads to itself alone",
      { a: { folder: at("loop") } },
      [`config.files.a.folder: got loop, which has no file; ${FOLDER}; ${START}`],
    ],
    [
      "a file that is too large",
      { a: { file: at("large.bin") } },
      [`config.files.a.file: got large.bin with 921601 bytes; ${SIZE}`],
    ],
    [
      "a folder with too many files",
      { a: { folder: at("many") } },
      [
        "config.files.a.folder: got many with 51 files; allowed is at most 50 files; put them into the image, or join them",
      ],
    ],
    [
      "names in a folder that a ConfigMap cannot have",
      { odd: { folder: at("odd") } },
      [`config.files.odd: got a file "odd/a b.json"; ${NAME}`, `config.files.odd: got a file "odd/a..b.json"; ${NAME}`],
    ],
    [
      "two contents for one path",
      { "rates/2026.json": { text: "x" }, rates: { folder: at("rates") } },
      [
        `config.files["rates/2026.json"]: got "rates/2026.json" beside "rates/2026.json" of config.files.rates; ${ONCE}`,
      ],
    ],
    [
      "a file where a folder is",
      { "a/b": { text: "" }, a: { text: "" } },
      [`config.files["a/b"]: got "a/b" beside "a" of config.files.a; ${ONCE}`],
    ],
    [
      "a file that is called like a variable",
      { REGION: { text: "" } },
      [
        'config.files.REGION: got "REGION"; allowed is a file that is not called like a variable under env; rename one of the two',
      ],
    ],
  ];
  for (const [what, files, messages] of refused)
    it(`are not ${what}`, async () => {
      await assert.rejects(read(files, { REGION: "north" }), (error) => {
        assert.ok(error instanceof BadFiles);
        assert.deepEqual([...error.problems].sort(), [...messages].sort());
        return true;
      });
    });

  it("are refused with everything that is wrong, at once", async () => {
    const files = { "a.json": { file: at("nope") }, "b.json": { folder: at("gone") }, REGION: { text: "" } };
    await assert.rejects(
      read(files, { REGION: "" }),
      (error) => error instanceof BadFiles && error.problems.length === 3,
    );
  });
});
