import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { parse, stringify } from "yaml";
import type { CreatedSandbox } from "../../cli/sandbox/create";
import type { DestroyedSandbox } from "../../cli/sandbox/destroy";
import type { ListedSandbox } from "../../cli/sandbox/list";
import { writeStackFile } from "../../cli/sandbox/stackFile";
import { loadSandboxes } from "../../config/sandboxes";
import { asString, path as at } from "../../core/json";
import { RESTRICTED, RESTRICTED_POD } from "../../core/restrictedPod";
import { SANDBOXES_NAMESPACE } from "../../core/sandbox/identity";
import { newLease } from "../../core/sandbox/lease";
import { databaseOf } from "../../core/sandbox/name";
import { REAPER } from "../../core/sandbox/reaperObjects";
import { ensureDatabaseServers } from "../../platform/local/databaseServers";
import { CLUSTER, loadLayout } from "../../platform/local/layout";
import { commandLine, descendantsOf } from "../../platform/local/procfs";
import { Progress } from "../../platform/progress";
import { sandboxServer } from "../../provider/sandbox/server";
import { templatesOf } from "../../provider/snapshot/templates";
import { Asker, NOBODY, OPEN, REFUSED } from "../support/asker";
import { GATEWAY, TestNamespace } from "../support/cluster";
import { finished, printed, TestProject, type Ran } from "../support/project";

const layout = loadLayout();
const { ports } = layout;
const SERVICE = "drought-benefit";

interface Review {
  readonly policyVersion: string;
  readonly claims: readonly { readonly awardedCents: number }[];
}

describe("sandboxes", function () {
  this.timeout(600_000);

  const project = new TestProject("boxes");
  const tail = randomBytes(3).toString("hex");
  const [one, other] = [`sbx-t1-${tail}`, `sbx-t2-${tail}`] as const;
  // Its name is the sandbox's: what is asked for below is asked by a pod of it.
  const space = new TestNamespace("sbx", one);
  const { kube } = space;

  const namespaceOf = (name: string) => kube.get({ apiVersion: "v1", kind: "Namespace", name });
  /** The one document that a command answered with, among what it said besides. */
  const documentOf = ({ code, output }: Ran): unknown => {
    assert.equal(code, 0, output);
    return JSON.parse(output.slice(output.search(/^\{$/m)).replace(/^\}[^]*/m, "}"));
  };
  const madeBy = (ran: Ran) => documentOf(ran) as CreatedSandbox;
  const create = (name: string, ...more: readonly string[]) =>
    project.sbx("create", "--name", name, "--owner", "ada", "--ttl", "30m", "--json", ...more);
  const list = async () =>
    (documentOf(await project.sbx("list", "--json")) as { sandboxes: ListedSandbox[] }).sandboxes;

  async function asAdmin<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const { host, port, user, password } = await sandboxServer(kube);
    const client = new Client({ host, port, user, password, database: "postgres" });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** Everything by which a sandbox could be there still. */
  async function leftOf(name: string): Promise<readonly string[]> {
    const database = databaseOf(name);
    const [row] = await asAdmin(
      async (client) =>
        (
          await client.query<{ database: boolean; role: boolean }>(
            `select exists (select from pg_database where datname = $1) as database,
               exists (select from pg_roles where rolname = $1) as role`,
            [database],
          )
        ).rows,
    );
    const routes = await kube.list({ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" });
    const state = path.join(project.folder, ".state", ".pulumi");
    const files = readdirSync(state, { recursive: true, encoding: "utf8" }).filter((file) => file.includes(name));
    return [
      ...((await namespaceOf(name)) ? ["namespace"] : []),
      ...(row?.database === true ? ["database"] : []),
      ...(row?.role === true ? ["role"] : []),
      ...(routes.some(({ metadata }) => metadata.namespace === name) ? ["route"] : []),
      ...files,
      ...(existsSync(path.join(project.folder, `Pulumi.${name}.yaml`)) ? ["stack file"] : []),
    ];
  }

  /** What stands under HMS_HOME is shared; a snapshot that is young enough is used as it is. */
  async function ensureSnapshot(): Promise<void> {
    const newest = (await templatesOf(await sandboxServer(kube), SERVICE)).at(-1);
    if (newest && Date.now() - newest.takenAt.getTime() < 30 * 3_600_000) return;
    const fill = (rows: string) => project.hms("local", "fill", "--service", SERVICE, "--rows", rows, "--json");
    const filled = await fill("5000");
    // Somebody may have filled it with more, or fewer.
    const [, standing] = /has (\d+) people already/.exec(filled.output) ?? [];
    const how = documentOf(standing === undefined ? filled : await fill(standing)) as {
      environment: NodeJS.ProcessEnv;
    };
    Object.assign(project.env, how.environment);
    const taken = await project.hms("snapshot", "take", "--service", SERVICE, "--stack", project.stack);
    assert.equal(taken.code, 0, taken.output);
    for (const key of Object.keys(how.environment)) Reflect.deleteProperty(project.env, key);
    const loaded = await project.hms("snapshot", "load", "--service", SERVICE, "--stack", project.stack);
    assert.equal(loaded.code, 0, loaded.output);
  }

  /** One run of the CronJob as it is installed, to its end. */
  async function sweepNow(): Promise<void> {
    const namespace = SANDBOXES_NAMESPACE;
    const cron = await kube.get({ apiVersion: "batch/v1", kind: "CronJob", namespace, name: REAPER });
    const job = { apiVersion: "batch/v1", kind: "Job", metadata: { name: `sweep-${tail}`, namespace } };
    await kube.create({ ...job, spec: at(cron, "spec", "jobTemplate", "spec") });
    const ref = { apiVersion: "batch/v1", kind: "Job", namespace, name: `sweep-${tail}` };
    for (const giveUp = Date.now() + 240_000; Date.now() < giveUp;) {
      if (at((await kube.get(ref))?.status, "completionTime") !== undefined) break;
      await sleep(250);
    }
    await kube.delete(ref, { propagation: "Background" });
  }

  /** Changes what the project's sandboxes have in common. */
  function inCommon(change: Readonly<Record<string, unknown>>): void {
    const file = path.join(project.folder, "sandboxes.yaml");
    const common = parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeFileSync(file, stringify({ ...common, ...change }));
  }

  before(async () => {
    await ensureDatabaseServers(layout, { progress: new Progress({ write: () => undefined }) });
    // Its one stack is no sandbox, and is not looked at here.
    inCommon({ review: false, caps: {} });
    await ensureSnapshot();
  });
  after(async () => {
    await project.sbx("destroy", one, other);
    project.discard();
  });

  it("are made at the same time, and answer with payouts computed from the clone", async () => {
    const [made, second] = (await Promise.all([create(one), create(other)])).map(madeBy);
    assert.deepEqual([made?.name, made?.owner, second?.name], [one, "ada", other]);
    const lease = Date.parse(made?.expiresAt ?? "") - Date.parse(made?.createdAt ?? "");
    assert.equal(lease, 1_800_000);
    const { status, text, headers } = await ask(one, "/payouts?limit=5");
    const review = JSON.parse(text) as Review;
    assert.deepEqual([status, review.claims.length], [200, 5], text);
    assert.ok(review.claims.some(({ awardedCents }) => awardedCents > 0));
    assert.match(JSON.stringify(headers), /noindex.*/);
    const decided = await ask(one, "/v1/data/benefit/decision");
    assert.match(decided.text, /input-incomplete/);
  });

  it("are listed, are not changed by a second creation, and stand longer only by an extension", async () => {
    const before = (await list()).find(({ name }) => name === one);
    assert.deepEqual([before?.state, before?.found], ["running", ["cluster", "database", "state", "file"]]);
    const extended = await project.sbx("extend", one, "--ttl", "2h", "--json");
    const { expiresAt } = madeBy(extended);
    assert.ok(Date.parse(expiresAt) > Date.parse(before?.expiresAt ?? ""));
    const again = await create(one);
    assert.equal(madeBy(again).expiresAt, expiresAt);
    assert.match(again.output, /\d+ unchanged/);
    assert.doesNotMatch(again.output, /\d+ (created|updated|deleted|replaced)/);
    const [foreign, long] = [await create(one, "--owner", "ben"), await project.sbx("extend", one, "--ttl", "25h")];
    assert.match(foreign.lastLine, /belongs to ada, not to ben/);
    assert.deepEqual([long.code, foreign.code], [2, 1]);
  });

  it("are refused above a cap by a plain preview too, with the arithmetic", async () => {
    const file = path.join(project.folder, "sandboxes.yaml");
    const before = readFileSync(file, "utf8");
    const caps = { pricePerHour: 1, budget: 2 };
    writeFileSync(file, stringify({ ...(parse(before) as object), caps }));
    try {
      const { code, output } = await project.pulumiOn(one, "preview");
      assert.notEqual(code, 0);
      assert.match(output, /budget: 1 per hour x \([\d.]+ h of \d+ that stand \+ 2[\d.]* h of sbx-t1-/);
    } finally {
      writeFileSync(file, before);
    }
  });

  it("reach their own database and names, and nothing else", async () => {
    const asker = new Asker(space, "asker");
    await asker.start({
      pod: { securityContext: { ...RESTRICTED_POD, runAsUser: 65_532 } },
      container: { securityContext: RESTRICTED },
    });
    await asker.isReady();
    const service = (name: string, namespace: string) => `http://${name}.${namespace}.svc.${CLUSTER.domain}`;
    const isOpen = async (ask: () => Promise<string>, what: string) => {
      for (const end = Date.now() + 30_000; (await ask()) !== OPEN;) assert.ok(Date.now() < end, what);
    };
    const server = `${service("sandbox-postgres", "hms-sandboxes")}:5432/`;
    await isOpen(() => asker.ask(server), "its database's server");
    await isOpen(() => asker.ask(`${service(SERVICE, one)}/health`), "its own service");
    await isOpen(() => asker.lookUp(`kubernetes.default.svc.${CLUSTER.domain}`), "names");
    const pods = await kube.list({ apiVersion: "v1", kind: "Pod", namespace: other });
    const closed: Readonly<Record<string, string>> = {
      "production's server in the vault": `${service("vault-postgres", "hms-vault")}:5432/`,
      "the platform's PostgreSQL": `http://${CLUSTER.address}:${ports.postgres}/`,
      "the sandboxes' server by the node": `http://${CLUSTER.address}:${ports.sandboxPostgres}/`,
      "the API server": `https://${CLUSTER.apiService}/`,
      "the API server by the node": `https://${CLUSTER.address}:${ports.apiserver}/`,
      "another sandbox's service": `${service(SERVICE, other)}/health`,
      "another sandbox's pod": `http://${asString(at(pods[0], "status", "podIP")) ?? ""}:8181/health`,
      "the registry": `http://${CLUSTER.address}:${ports.registry}/`,
      "the gateway": `http://${CLUSTER.address}:${ports.gateway}/`,
      "an address outside": "http://192.0.2.1/",
      "a public address": "http://1.1.1.1/",
    };
    for (const [what, url] of Object.entries(closed)) {
      const outcome = await asker.ask(url);
      assert.ok(outcome === REFUSED || outcome === NOBODY, `${what}: ${outcome}`);
    }
    // The same server keeps other sandboxes' databases: the role may connect to its own alone.
    const secret = await kube.get({ apiVersion: "v1", kind: "Secret", namespace: one, name: "benefits-db" });
    const password = Buffer.from(asString(at(secret, "data", "password")) ?? "", "base64").toString();
    for (const database of [databaseOf(other), "postgres", "template1"]) {
      const { host, port } = await sandboxServer(kube);
      const client = new Client({ host, port, database, user: databaseOf(one), password });
      await assert.rejects(client.connect(), /permission denied for database|not currently accepting/, database);
    }
  });

  it("end completely when destroy was killed on its way and is run again; a plain pulumi destroy ends them as well", async () => {
    const child = project.startSbx("destroy", one);
    // Grants and route are gone by then, database or namespace may be.
    const isLeaving = async () => {
      const namespace = await namespaceOf(one);
      return !namespace || namespace.metadata.deletionTimestamp !== undefined;
    };
    for (const giveUp = Date.now() + 60_000; !(await isLeaving()) && Date.now() < giveUp;) await sleep(20);
    const ended = finished(child);
    child.kill("SIGKILL");
    const plain = project.pulumiOn(other, "destroy", "--yes", "--skip-preview");
    await ended;
    assert.notEqual((await leftOf(one)).length, 0);
    const { code, output } = await project.sbx("destroy", one, `sbx-never-${tail}`);
    assert.equal(code, 0, output);
    assert.match(output, /there is no such sandbox; nothing to do/);
    assert.deepEqual(await leftOf(one), []);
    const destroyed = await plain;
    assert.equal(destroyed.code, 0, destroyed.output);
    const left = await leftOf(other);
    assert.ok(!["namespace", "database", "role", "route"].some((what) => left.includes(what)), left.join());
  });

  it("are finished by a second creation when the first was killed, and go with their lease, held up by nothing but a finalizer", async () => {
    const child = project.startSbx("create", "--name", one, "--owner", "ada", "--ttl", "30m");
    const ended = finished(child);
    await printed(child, /SandboxDatabase \S+ creating/);
    const engines = descendantsOf([child.pid ?? -1]).filter((pid) => commandLine(pid)[0]?.includes("pulumi") === true);
    child.kill("SIGKILL");
    for (const pid of engines) kill(pid);
    await ended;
    madeBy(await create(one));
    assert.equal((await ask(one, "/payouts?limit=1")).status, 200);
    const holder = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "held", namespace: one, finalizers: ["test.hms/held"] },
    };
    await kube.create(holder);
    const stuck = await project.sbx("destroy", one, "--patience", "3s", "--json");
    assert.equal(stuck.code, 1, stuck.output);
    const [outcome] = (
      JSON.parse(stuck.output.slice(stuck.output.search(/^\{$/m))) as { sandboxes: DestroyedSandbox[] }
    ).sandboxes;
    assert.equal(outcome?.result, "stuck");
    assert.match(outcome.reasons.join(), /test\.hms\/held/);
    const left = await leftOf(one);
    assert.ok(left.includes("namespace") && !["database", "role", "route"].some((what) => left.includes(what)));
    const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: one, name: "held" };
    await kube.patch(ref, { metadata: { finalizers: null } }, { type: "merge" });
    // Whoever began to destroy it: the reaper in the cluster goes on with it, and a look here finds the record of nothing.
    await sweepNow();
    assert.deepEqual(
      [await namespaceOf(one), (await list()).find(({ name }) => name === one)?.found],
      [undefined, ["state", "file"]],
    );
    await project.sbx("destroy", one);
    assert.deepEqual(await leftOf(one), []);
  });

  it("are swept by a role that may, and what only this machine knows of one that is gone is left by another", async () => {
    const gone = `sbx-t3-${tail}`;
    const file = path.join(project.folder, `Pulumi.${gone}.yaml`);
    // A sweep tells what happened at everybody's doors, and other tests' are to be told by them: here is no key to tell it.
    inCommon({ ledger: { folder: path.join(project.folder, "none"), key: path.join(project.folder, "none.pem") } });
    const lease = newLease(new Date(Date.now() - 24 * 3_600_000), 3600);
    const identity = { name: gone, owner: "ada", purpose: "p", snapshot: "s1", changed: "-", ...lease };
    writeStackFile({ root: project.folder, common: loadSandboxes(project.folder), kube }, identity, {});
    try {
      project.env.HMS_ROLE = "Analyst";
      const refused = await project.sbx("reap");
      assert.equal(refused.code, 1, refused.output);
      assert.match(refused.output, /role Analyst may not sandbox-reap sandboxes on stack sandboxes/);
      assert.ok(existsSync(file));
      project.env.HMS_ROLE = "Pipeline";
      const { output } = await project.sbx("reap");
      assert.match(output, new RegExp(`^${gone}: its record is removed`, "m"));
      assert.ok(!existsSync(file));
      // Of such an age there is none, whatever else runs on this machine.
      const none = await project.sbx("destroy", "--all-older-than", "9999d");
      assert.deepEqual([none.code, none.lastLine], [0, "nothing to destroy"], none.output);
    } finally {
      delete project.env.HMS_ROLE;
    }
  });
});

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone by itself.
  }
}

function ask(
  name: string,
  where: string,
): Promise<{ readonly status: number; readonly text: string; readonly headers: http.IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const headers = { host: `${name}.sandbox.localhost` };
    http
      .get(new URL(where, GATEWAY.address), { headers }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("end", () => {
          resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers });
        });
      })
      .on("error", reject);
  });
}
