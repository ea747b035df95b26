import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import https from "node:https";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import type { RenewDocument, TlsDocument } from "../../cli/tls";
import { backendPattern } from "../../core/gates/traefik";
import { HEADER, httpsName, tlsSecretName } from "../../core/rollout/names";
import { factsOf, type CertificatePair } from "../../core/tls/certificate";
import { tlsObjects } from "../../core/tls/objects";
import { KubeClient } from "../../platform/kube/client";
import { loadLayout } from "../../platform/local/layout";
import { ensureUsersAuthority, issueForUsers, readAuthority } from "../../platform/local/usersAuthority";
import { Prometheus } from "../../provider/gates/prometheus";
import { DataPlane } from "../../provider/rollout/dataPlane";
import { readPair } from "../../provider/tls/certificateSecret";
import { untilServed } from "../../provider/tls/served";
import { GATEWAY, HTTPS } from "../support/cluster";
import { TestProject } from "../support/project";
import { underLoad } from "../support/underLoad";

const SERVICE = "drought-benefit";

interface Answer {
  readonly status: number;
  readonly color: string;
  readonly serial: string;
}

/** One request by https that believes `authority` alone. */
function ask(host: string, authority: string | undefined, servername = host): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = HTTPS;
    const ca = authority === undefined ? {} : { ca: authority };
    const options = { host: "127.0.0.1", port, servername, path: "/health", headers: { host }, agent: false, ...ca };
    https
      .get(options, (response) => {
        response.resume();
        const serial = response.socket instanceof TLSSocket ? response.socket.getPeerCertificate().serialNumber : "";
        const color = String(response.headers[HEADER.color]);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, color, serial });
        });
      })
      .on("error", reject);
  });
}

describe("https, on a real cluster and gateway", function () {
  this.timeout(600_000);
  const project = new TestProject("tls");
  const kube = KubeClient.load({ context: "hms-local" });
  const { host, namespace } = project;
  const authority = readAuthority(loadLayout());
  const pace = { requestsPerSecond: 100, newConnections: 0.25 };
  let strangers = "";
  /** An authority that the platform knows nothing of. */
  let stranger: ReturnType<typeof loadLayout>;

  const use = (tls: unknown) => {
    project.configure((config) => {
      if (tls === undefined) delete config["hms:tls"];
      else config["hms:tls"] = tls;
    });
  };
  const up = async () => {
    const { code, output } = await project.up();
    assert.equal(code, 0, output);
    return output;
  };
  const put = async (secret: string, pair: CertificatePair) => {
    const encode = (text: string) => Buffer.from(text).toString("base64");
    const data = { "tls.crt": encode(pair.certificate), "tls.key": encode(pair.key) };
    const object = { apiVersion: "v1", kind: "Secret", metadata: { name: secret, namespace } };
    await kube.apply({ ...object, type: "kubernetes.io/tls", data }, { fieldManager: "hms-test", force: true });
    return factsOf(pair.certificate).serial;
  };
  const served = (serial: string) => untilServed({ address: "127.0.0.1", port: HTTPS.port, host }, serial);
  const status = async () => {
    const { output, code } = await project.hms("tls", "status", "--stack", project.stack, "--json");
    const document = JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1)) as TlsDocument;
    return { code, one: document.services[0], kind: document.kind };
  };

  before(async () => {
    const home = await mkdtemp(path.join(os.tmpdir(), "hms-stranger-"));
    stranger = loadLayout({ HMS_HOME: home });
    await mkdir(stranger.pki, { recursive: true });
    await ensureUsersAuthority(stranger);
    strangers = readAuthority(stranger);
    await project.init();
    use("local");
    await up();
  });
  after(async () => {
    project.remove();
    await rm(stranger.home, { recursive: true });
  });

  it("answers under the service's host name to whoever trusts the local authority, beside http", async () => {
    const { status: code, color } = await ask(host, authority);
    assert.deepEqual([code, color], [200, "blue"]);
    assert.equal((await new DataPlane(GATEWAY.address, host).ask({ path: "/health" })).status, 200);
    assert.equal((await project.status()).services[0]?.url, `https://${host}:${HTTPS.port}`);
  });

  it("is refused by whoever trusts another authority, the machine's own list, or asks for another name", async () => {
    await assert.rejects(ask(host, strangers), /unable to verify|self-signed/);
    await assert.rejects(ask(host, undefined), /unable to verify|self-signed/);
    await assert.rejects(ask(host, readFileSync(path.join(loadLayout().pki, "ca.crt"), "utf8")), /unable to verify/);
    await assert.rejects(ask(host, authority, `other.${project.domain}`), /altnames|verify|self-signed/);
  });

  it("has its key in the Secret alone: the state knows the certificate and no more", async () => {
    const pair = await readPair(kube, { namespace, secret: tlsSecretName(SERVICE) });
    assert.ok(pair);
    const state = project.state();
    assert.ok(state.includes(factsOf(pair.certificate).fingerprint));
    const body = pair.key.split("\n")[1] ?? "";
    assert.ok(body.length > 20);
    for (const hidden of ["PRIVATE KEY", body, Buffer.from(pair.key).toString("base64")])
      assert.ok(!state.includes(hidden));
  });

  it("changes nothing in a second update", async () => {
    const { output, code } = await project.preview("--expect-no-changes");
    assert.equal(code, 0, output);
    const { one, kind, code: exit } = await status();
    assert.deepEqual([exit, kind, one?.state, one?.served], [0, "local", "valid", one?.serial]);
  });

  it("loses no request while who may renews certificates, one after the other", async () => {
    const seen = [(await ask(host, authority)).serial];
    project.env.HMS_ROLE = "Pipeline";
    const refused = await project.hms("tls", "renew", "--stack", project.stack);
    assert.equal(refused.code, 1);
    assert.match(refused.output, /role Pipeline may not tls-renew drought-benefit on stack .*; Operator may tls-renew/);
    project.env.HMS_ROLE = "Operator";
    const roles = { operators: "Operator" };
    project.configure((config) => {
      config["hms:permission"] = { oidc: { issuer: "http://idp.localhost", audience: "hms", roles } };
    });
    const unproven = await project.hms("tls", "renew", "--stack", project.stack);
    assert.equal(unproven.code, 1);
    assert.match(
      unproven.output,
      /nothing proves role Operator.*To prove a role, put a token of http:\/\/idp\.localhost/,
    );
    project.configure((config) => {
      delete config["hms:permission"];
    });
    assert.equal((await ask(host, authority)).serial, seen[0]);
    await underLoad(project, { ...pace, authority }, async () => {
      for (let round = 0; round < 5; round++) {
        const { output, code } = await project.hms("tls", "renew", "--stack", project.stack, "--json");
        assert.equal(code, 0, output);
        const { services } = JSON.parse(
          output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1),
        ) as RenewDocument;
        const { serial } = await ask(host, authority);
        assert.equal(services[0]?.serial, serial);
        seen.push(serial);
      }
    }).finally(() => delete project.env.HMS_ROLE);
    assert.equal(new Set(seen).size, 6);
  });

  it("is users' traffic to the gates, by whichever listener it came", async () => {
    const prometheus = new Prometheus("http://127.0.0.1:9090");
    const pattern = backendPattern(SERVICE, "blue", namespace);
    const counted = `sum(traefik_service_requests_total{service=~"${pattern}",service=~".*-ep-websecure-.*"})`;
    for (const giveUp = Date.now() + 90_000; ;) {
      // The load of before: a hundred a second, as long as five renewals took, and none of them by http.
      if (((await prometheus.query(counted, new AbortController().signal)) ?? 0) > 50) return;
      assert.ok(Date.now() < giveUp, `Prometheus counts no such requests: ${counted}`);
      await sleep(500);
    }
  });

  it("renews in an update what preview says is to be renewed, with no request lost and no weight moved", async () => {
    const foreign = await put(tlsSecretName(SERVICE), await issueForUsers(stranger, [host]));
    await served(foreign);
    const { one, code } = await status();
    assert.deepEqual([code, one?.state, one?.why], [1, "unusable", "another authority has signed it"]);
    const { output } = await project.preview("--diff");
    assert.match(output, /state\s*: "unusable: another authority has signed it" => "valid"/);
    await underLoad(project, { ...pace, authority: authority + strangers }, async () => {
      assert.doesNotMatch(await up(), /TrafficSwitch .* updated/);
    });
    const { serial, color } = await ask(host, authority);
    assert.notEqual(serial, foreign);
    assert.equal(color, "blue");
  });

  it("is put back by the next update when its place on the route was lost", async () => {
    const route = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", name: SERVICE, namespace };
    await kube.patch(route, [{ op: "remove", path: "/spec/parentRefs/1" }], { type: "json", fieldManager: "hms-test" });
    const { output } = await project.preview("--diff");
    assert.match(output, /\+ https/);
    await up();
    assert.equal((await ask(host, authority)).status, 200);
  });

  it("follows a move and a rollback as http does, with no request lost", async () => {
    await underLoad(project, { ...pace, authority }, async () => {
      project.newPolicy("2026.9");
      await up();
      assert.equal((await ask(host, authority)).color, "green");
      const { code, output } = await project.deploy("rollback", "--env", project.stack);
      assert.equal(code, 0, output);
      assert.equal((await ask(host, authority)).color, "blue");
    });
  });

  it("is the way that a move asks by, where the gateway's address says so", async () => {
    const trusted = path.join(project.folder, "authority.pem");
    await writeFile(trusted, authority);
    const { live } = (await project.status()).services[0] ?? {};
    project.configure((config) => (config["hms:gateway"] = { ...GATEWAY, address: HTTPS.address }));
    project.service((service) => (service.env = { REGION: "by-https" }));
    try {
      const unknown = await project.deploy("--env", project.stack);
      assert.equal(unknown.code, 1, unknown.output);
      assert.match(unknown.lastLine, /unable to verify|self-signed|certificate/);
      assert.equal((await project.status()).services[0]?.live, live);
      project.env.NODE_EXTRA_CA_CERTS = trusted;
      const { code, output } = await project.deploy("--env", project.stack, "--retry");
      assert.equal(code, 0, output);
      const { color } = await ask(host, authority);
      assert.deepEqual([color === live, (await project.status()).services[0]?.live], [false, color]);
    } finally {
      delete project.env.NODE_EXTRA_CA_CERTS;
      project.configure((config) => (config["hms:gateway"] = GATEWAY));
    }
  });

  it("is served from a Secret that somebody else keeps, once it is there, with no request lost on the way", async () => {
    use({ secret: "kept", class: "traefik", port: HTTPS.port, publicPort: HTTPS.port });
    const refused = await project.preview();
    assert.notEqual(refused.code, 0);
    assert.match(refused.output, /secret kept, key tls.crt: the Secret does not exist/);
    const serial = await put("kept", await issueForUsers(stranger, [host]));
    await underLoad(project, { ...pace, authority: authority + strangers }, up);
    await served(serial);
    assert.equal(await readPair(kube, { namespace, secret: tlsSecretName(SERVICE) }), undefined);
    const renew = await project.hms("tls", "renew", "--stack", project.stack);
    assert.equal(renew.code, 1);
    assert.match(renew.lastLine, /somebody else keeps the Secret/);
    const { one, code } = await status();
    assert.deepEqual([code, one?.state, one?.served], [0, "valid", serial]);
  });

  it("never takes a Secret of its name that is not its own", async () => {
    await put(tlsSecretName(SERVICE), await issueForUsers(stranger, [host]));
    use("local");
    const { code, output } = await project.up();
    assert.notEqual(code, 0);
    assert.match(output, /the Secret drought-benefit-tls in namespace \S+ is there and not ours/);
    assert.ok(await kube.delete({ apiVersion: "v1", kind: "Secret", name: tlsSecretName(SERVICE), namespace }));
  });

  it("goes when it is not wanted any more, and http loses no request by it", async () => {
    use(undefined);
    await underLoad(project, pace, up);
    const gateway = {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      name: httpsName(SERVICE),
      namespace,
    };
    assert.equal(await kube.get(gateway), undefined);
    // The gateway hears of it a little later than the API server.
    const isServed = () =>
      ask(host, authority + strangers).then(
        () => true,
        () => false,
      );
    for (const giveUp = Date.now() + 60_000; await isServed();) {
      assert.ok(Date.now() < giveUp, "https is served still");
      await sleep(100);
    }
  });

  it("has listeners of every way that the API server accepts", async () => {
    const arn = "arn:aws-us-gov:acm:us-gov-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef";
    const listening = { port: 443, publicPort: 443 };
    const { address: _asked, ...gateway } = GATEWAY;
    const shared = { service: "web", namespace, host: "web.example.gov", gateway };
    for (const tls of [
      { kind: "issuer", issuer: { name: "agency", kind: "Issuer" }, ...listening },
      { kind: "secret", secret: "wildcard", ...listening },
      { kind: "acm", arn, class: "alb", ...listening },
    ] as const) {
      const listeners = tlsObjects({ ...shared, tls }).filter(({ apiVersion }) =>
        apiVersion.startsWith("gateway.networking"),
      );
      assert.equal(listeners.length, 1);
      for (const object of listeners) await kube.create({ ...object }, { dryRun: true });
    }
  });
});
