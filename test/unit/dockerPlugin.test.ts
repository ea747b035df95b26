import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { buildSpecOf, packContext } from "../../platform/plugins/docker/buildSpec";
import { CredentialStore, hostOf } from "../../platform/plugins/docker/credentials";
import { follow } from "../../platform/plugins/docker/progress";
import { parseReference } from "../../platform/plugins/docker/reference";

const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "docker-"));
  folders.push(made);
  return made;
};

after(() => {
  for (const made of folders) rmSync(made, { recursive: true });
});

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("an image reference", () => {
  for (const [text, expected] of [
    ["app", { registry: "docker.io", repository: "library/app", name: "app" }],
    ["team/app:v1", { registry: "docker.io", repository: "team/app", name: "team/app", tag: "v1" }],
    ["127.0.0.1:5000/a/b:v1", { registry: "127.0.0.1:5000", repository: "a/b", name: "127.0.0.1:5000/a/b", tag: "v1" }],
    ["localhost/app", { registry: "localhost", repository: "app", name: "localhost/app" }],
    [`r.example/app@${DIGEST}`, { registry: "r.example", repository: "app", name: "r.example/app", digest: DIGEST }],
    ["index.docker.io/team/app", { registry: "docker.io", repository: "team/app", name: "index.docker.io/team/app" }],
    ["App", undefined],
    ["app:", undefined],
    ["app@sha256:00", undefined],
    ["a//b", undefined],
    ["", undefined],
  ] as const) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseReference(text), expected);
    });
  }
});

describe("the archive of a build context", () => {
  it("unpacks to the same files, modes and links, long and foreign names included", async () => {
    const context = folder();
    const long = `${"deep/".repeat(30)}${"n".repeat(120)}`;
    const files: Readonly<Record<string, string>> = {
      Dockerfile: "FROM scratch",
      "run.sh": "#!/bin/sh",
      "größe/ü": "é",
      [long]: "x".repeat(1537),
      empty: "",
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(context, path)), { recursive: true });
      writeFileSync(join(context, path), text, { mode: path === "run.sh" ? 0o700 : 0o600 });
    }
    symlinkSync("t".repeat(150), join(context, "link"));
    const packed = await packContext(buildSpecOf({ context }));
    const out = folder();
    const chunks: Buffer[] = [];
    for await (const chunk of packed.archive()) chunks.push(chunk);
    execFileSync("tar", ["-x", "-C", out], { input: Buffer.concat(chunks) });
    for (const [path, text] of Object.entries(files)) assert.equal(readFileSync(join(out, path), "utf8"), text);
    assert.equal(statSync(join(out, "run.sh")).mode & 0o111, 0o111);
    assert.equal(statSync(join(out, "empty")).mode & 0o111, 0);
    assert.equal(readlinkSync(join(out, "link")), "t".repeat(150));
  });

  it("has the same digest wherever the folder lies", async () => {
    const [one, two] = [folder(), folder()];
    for (const context of [one, two]) writeFileSync(join(context, "Dockerfile"), "FROM scratch");
    const digest = async (context: string) => (await packContext(buildSpecOf({ context }))).digest;
    assert.equal(await digest(one), await digest(two));
  });

  it("takes along a Dockerfile from outside, and one that .dockerignore leaves out", async () => {
    const [context, outside] = [folder(), folder()];
    writeFileSync(join(context, ".dockerignore"), "*\n");
    writeFileSync(join(context, "Dockerfile"), "FROM scratch");
    writeFileSync(join(outside, "Other"), "FROM scratch");
    const names = async (dockerfile?: string) => {
      const packed = await packContext(buildSpecOf({ context, ...(dockerfile === undefined ? {} : { dockerfile }) }));
      const chunks: Buffer[] = [];
      for await (const chunk of packed.archive()) chunks.push(chunk);
      const listed = execFileSync("tar", ["-t"], { input: Buffer.concat(chunks), encoding: "utf8" });
      assert.ok(listed.includes(packed.dockerfile));
      return listed.trim().split("\n");
    };
    assert.deepEqual(await names(), [".dockerignore", "Dockerfile"]);
    assert.deepEqual(await names(join(outside, "Other")), [".dockerignore", ".dockerfile-from-outside-the-context"]);
  });
});

describe("the messages of a build", () => {
  const signal = new AbortController().signal;
  const stream = (...messages: object[]) => Readable.from(messages.map((message) => `${JSON.stringify(message)}\n`));

  it("are shown line by line, without progress bars and secrets, and give what is meant for programs", async () => {
    const lines: string[] = [];
    const extras = await follow(
      stream(
        { stream: "Step 1/2 : RUN echo\n" },
        { stream: "token is planted-4711\n\n" },
        { status: "Pushing", progress: "[=> ]", id: "a" },
        { status: "Pushed", id: "a" },
        { aux: { Digest: DIGEST } },
      ),
      { failure: "x", signal, show: (line) => lines.push(line), hidden: ["planted-4711"] },
    );
    assert.deepEqual(lines, ["Step 1/2 : RUN echo", "token is [secret]", "a: Pushed"]);
    assert.deepEqual(extras, [{ Digest: DIGEST }]);
  });

  it("end in an error with the last twenty lines, also free of secrets", async () => {
    const many = Array.from({ length: 30 }, (_, n) => ({ stream: `line ${n}\n` }));
    const failing = stream(...many, { errorDetail: { message: "exit 1: planted-4711" }, error: "exit 1" });
    await assert.rejects(
      follow(failing, { failure: "build of web failed", signal, show: () => undefined, hidden: ["planted-4711"] }),
      {
        message: `build of web failed: exit 1: [secret]\nits last lines:\n${Array.from({ length: 20 }, (_, n) => `  line ${n + 10}`).join("\n")}`,
      },
    );
  });
});

describe("credentials", () => {
  it("come from the provider's configuration before what docker login left", () => {
    const config = folder();
    const auth = (text: string) => Buffer.from(text).toString("base64");
    writeFileSync(
      join(config, "config.json"),
      JSON.stringify({
        auths: { "https://index.docker.io/v1/": { auth: auth("hub:a:b") }, "r.example": { auth: auth("old:x") } },
      }),
    );
    const store = CredentialStore.load([{ address: "https://r.example/v2/", username: "new", password: "y" }], {
      DOCKER_CONFIG: config,
    });
    assert.deepEqual(store.forRegistry("docker.io"), { username: "hub", password: "a:b" });
    assert.deepEqual(store.forRegistry("r.example"), { username: "new", password: "y" });
    assert.equal(store.forRegistry("other.example"), undefined);
    assert.equal(hostOf("http://127.0.0.1:5000/v2/"), "127.0.0.1:5000");
  });
});
