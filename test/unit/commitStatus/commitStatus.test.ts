import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Invocation, UsageError, type Command, type Io } from "../../../cli/command";
import { withCommitStatus } from "../../../cli/commitStatus";
import { forgeOf } from "../../../core/commitStatus/forge";
import { RefusedError } from "../../../platform/errors";
import { postStatus } from "../../../provider/commitStatus/post";

const COMMIT = "a".repeat(40);
const TOKEN = "the-token-of-the-job";
interface Got {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

describe("the status of a commit", () => {
  const got: Got[] = [];
  let answers: number[] = [];
  let server: Server;
  let api = "";

  before(async () => {
    server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        got.push({ path: request.url ?? "", headers: request.headers, body: JSON.parse(text) as Got["body"] });
        const status = answers.shift() ?? 201;
        response.writeHead(status, status === 302 ? { location: "http://127.0.0.1:1/" } : {}).end("{}");
      });
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    got.length = 0;
    answers = [];
  });

  const githubEnv = () => ({
    GITHUB_REPOSITORY: "agency/policies",
    GITHUB_SHA: COMMIT,
    GITHUB_TOKEN: TOKEN,
    GITHUB_API_URL: api,
    GITHUB_SERVER_URL: "https://git.test",
    GITHUB_RUN_ID: "7",
  });
  const gitlabEnv = () => ({
    CI_PROJECT_ID: "42",
    CI_COMMIT_SHA: COMMIT,
    GITLAB_TOKEN: TOKEN,
    CI_API_V4_URL: `${api}/api/v4/`,
    CI_JOB_URL: "https://lab.test/-/jobs/1",
  });
  const forge = (env: Record<string, string>) => {
    const found = forgeOf(env);
    assert.ok(found.ok, found.ok ? "" : found.problem);
    return found.forge;
  };
  const failure = { state: "failure", context: "hms/deploy", description: "web: the gate errors fails\nmore" } as const;

  it("is told to GitHub as its API takes it", async () => {
    await postStatus(forge(githubEnv()), failure);
    assert.deepEqual(
      got.map(({ path, body, headers }) => [path, body, headers.authorization]),
      [
        [
          `/repos/agency/policies/statuses/${COMMIT}`,
          {
            state: "failure",
            context: "hms/deploy",
            description: "web: the gate errors fails",
            target_url: "https://git.test/agency/policies/actions/runs/7",
          },
          `Bearer ${TOKEN}`,
        ],
      ],
    );
  });

  it("is told to GitLab as its API takes it", async () => {
    await postStatus(forge(gitlabEnv()), failure);
    assert.deepEqual(
      got.map(({ path, body, headers }) => [path, body, headers["private-token"]]),
      [
        [
          `/api/v4/projects/42/statuses/${COMMIT}`,
          {
            state: "failed",
            name: "hms/deploy",
            description: "web: the gate errors fails",
            target_url: "https://lab.test/-/jobs/1",
          },
          TOKEN,
        ],
      ],
    );
  });

  it("is tried again while the forge is busy, and given up with its answer and without the token", async () => {
    answers = [502, 429];
    await postStatus(forge(githubEnv()), failure, undefined, [1, 1]);
    assert.equal(got.length, 3);
    answers = [500, 500, 500];
    await assert.rejects(postStatus(forge(githubEnv()), failure, undefined, [1, 1]), /was not taken by github: 500/);
    answers = [403];
    await assert.rejects(postStatus(forge(gitlabEnv()), failure), (error: Error) => {
      assert.ok(error instanceof RefusedError);
      assert.match(error.message, /403 .*the token may not write commit statuses/);
      assert.doesNotMatch(error.message, new RegExp(TOKEN));
      return true;
    });
    answers = [302];
    await assert.rejects(postStatus(forge(githubEnv()), failure, undefined, []), RefusedError);
  });

  const bad: readonly [string, Record<string, string | undefined>, RegExp][] = [
    ["no forge", {}, /neither GITHUB_REPOSITORY nor CI_PROJECT_ID/],
    ["no token", { GITHUB_REPOSITORY: "a/b", GITHUB_SHA: COMMIT }, /GITHUB_TOKEN is not set/],
    ["a branch for a commit", { CI_PROJECT_ID: "1", CI_COMMIT_SHA: "main", GITLAB_TOKEN: TOKEN }, /a full SHA in hex/],
    [
      "a token in the clear",
      { GITHUB_REPOSITORY: "a/b", GITHUB_SHA: COMMIT, GITHUB_TOKEN: TOKEN, GITHUB_API_URL: "http://git.test" },
      /must be https/,
    ],
  ];
  for (const [name, env, message] of bad)
    it(`is not told with ${name}`, () => {
      const found = forgeOf(env);
      assert.match(found.ok ? "" : found.problem, message);
    });

  it("is of HMS_COMMIT where that is set: a pull request's job checks out another one", () => {
    assert.equal(forge({ ...githubEnv(), HMS_COMMIT: "b".repeat(40) }).commit, "b".repeat(40));
  });

  describe("of a command", () => {
    const command = (run: () => Promise<number | undefined>): Command =>
      withCommitStatus({ name: "x", summary: "", examples: [], run }, "hms/x");
    const io = (env: NodeJS.ProcessEnv, said: string[] = []): Io => ({
      out: { write: () => true },
      err: { write: (text: string) => said.push(text) },
      env,
      signal: new AbortController().signal,
    });
    const told = new Invocation({ commitStatus: true }, []);
    const states = () => got.map(({ body }) => [body.state, body.description]);

    it("is pending, then a success", async () => {
      assert.equal(await command(() => Promise.resolve(undefined)).run(told, io(githubEnv())), 0);
      assert.deepEqual(states(), [
        ["pending", "running"],
        ["success", "done"],
      ]);
    });

    it("is a failure when it refuses or throws, which it still does", async () => {
      assert.equal(await command(() => Promise.resolve(1)).run(told, io(githubEnv())), 1);
      const thrown = command(() =>
        Promise.reject<undefined>(new RefusedError("web: the scan fails: CVE-2026-1\nmore")),
      );
      await assert.rejects(Promise.resolve(thrown.run(told, io(githubEnv()))), /the scan fails/);
      assert.deepEqual(
        states().filter(([state]) => state === "failure"),
        [
          ["failure", "refused (exit 1)"],
          ["failure", "web: the scan fails: CVE-2026-1"],
        ],
      );
    });

    it("stops it before it begins where the forge cannot be told, and is only warned of afterwards", async () => {
      let ran = 0;
      const counted = command(() => Promise.resolve(ran++ < 0 ? 1 : 0));
      await assert.rejects(Promise.resolve(counted.run(told, io({}))), UsageError);
      answers = [401];
      await assert.rejects(Promise.resolve(counted.run(told, io(githubEnv()))), /the token may not write/);
      assert.equal(ran, 0);
      answers = [201, 404];
      const said: string[] = [];
      assert.equal(await counted.run(told, io(githubEnv(), said)), 0);
      assert.match(said.join(""), /hms\/x of commit aaaaaaaaaaaa was not taken by github: 404/);
    });

    it("is nobody's business without the option", async () => {
      assert.equal(await command(() => Promise.resolve(0)).run(new Invocation({}, []), io({})), 0);
      assert.deepEqual(got, []);
    });
  });
});
