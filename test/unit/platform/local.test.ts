import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { parseAccount, confined } from "../../../platform/local/confined";
import { isCurrent, parseRecord, specHash, type DaemonSpec } from "../../../platform/local/daemon";
import { mountsBelow } from "../../../platform/local/down";
import { ensureEnvironment, environmentFor, pathWith, shellExports } from "../../../platform/local/environment";
import { removalScript } from "../../../platform/local/iptables";
import { CLUSTER, loadLayout } from "../../../platform/local/layout";
import { tarEntry, tarOf } from "../../../platform/local/ociImage";
import { clashes, loadPorts, parseListeners, portVariable } from "../../../platform/local/ports";
import { bootId, descendantsOf, identify, isAlive, parseStat } from "../../../platform/local/procfs";
import { forgetEarlierBoot, inOrder } from "../../../platform/local/reconcile";

describe("ports", () => {
  it("have defaults, and an environment variable each", () => {
    assert.equal(loadPorts({}).gateway, 8080);
    assert.equal(portVariable("gatewayMetrics"), "HMS_PORT_GATEWAY_METRICS");
    assert.equal(loadPorts({ HMS_PORT_GATEWAY_METRICS: "9999" }).gatewayMetrics, 9999);
  });

  it("refuse all wrong overrides in one message, each by name, got and allowed", () => {
    const env = { HMS_PORT_GATEWAY: "http", HMS_PORT_REGISTRY: "70000", HMS_PORT_ETCD: "9090" };
    assert.throws(() => loadPorts(env), {
      name: "RefusedError",
      message:
        'HMS_PORT_GATEWAY must be a port from 1 to 65535, got "http"; HMS_PORT_REGISTRY must be a port from 1 to 65535, got "70000"; ' +
        "HMS_PORT_PROMETHEUS and HMS_PORT_ETCD are both 9090; each needs its own",
    });
  });

  it("of Services stay in the cluster's range for them", () => {
    assert.equal(loadPorts({ HMS_PORT_SANDBOX_POSTGRES: "30500" }).sandboxPostgres, 30500);
    assert.throws(() => loadPorts({ HMS_PORT_VAULT_POSTGRES: "5432" }), {
      message: 'HMS_PORT_VAULT_POSTGRES must be a port from 30000 to 32767, got "5432"',
    });
  });

  it("are seen as taken by who listens on them or on every address", () => {
    const text = [
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0 0 10 0",
      "   1: 0100F50A:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0 100 0 0 10 0",
      "   2: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 99 1 0 100 0 0 10 0",
      "",
    ].join("\n");
    const listeners = parseListeners(text);
    assert.deepEqual(listeners, [
      { address: "0100007F", port: 8080, inode: "12345" },
      { address: "0100F50A", port: 6443, inode: "777" },
    ]);
    const [loopback, node] = listeners;
    assert.ok(loopback && node);
    assert.equal(clashes(loopback, "127.0.0.1"), true);
    assert.equal(clashes(loopback, CLUSTER.address), false);
    assert.equal(clashes(node, CLUSTER.address), true);
    assert.equal(clashes({ ...loopback, address: "00000000" }, CLUSTER.address), true);
  });
});

describe("layout", () => {
  it("keeps everything below the home folder", () => {
    const layout = loadLayout({ HMS_HOME: "/srv/hms" });
    for (const place of [layout.bin, layout.run, layout.log, layout.pki, layout.data, layout.kubeconfig])
      assert.ok(place.startsWith("/srv/hms/"), place);
  });

  it("refuses a home that the kernel's sockets cannot be below", () => {
    assert.throws(() => loadLayout({ HMS_HOME: `/${"long/".repeat(20)}` }), /too long/);
  });
});

describe("process identity", () => {
  it("reads a stat line whose program name holds spaces and parentheses", () => {
    const fields = Array.from({ length: 40 }, (_, index) => String(index + 4));
    assert.deepEqual(parseStat(`12 (a) b (c)) S ${fields.join(" ")}`), { state: "S", startTime: "22" });
    assert.equal(parseStat(""), undefined);
  });

  it("is of this process, this start and this boot only", () => {
    const me = identify(process.pid);
    assert.ok(me);
    assert.equal(me.bootId, bootId());
    assert.equal(isAlive(me), true);
    assert.equal(isAlive({ ...me, startTime: "1" }), false);
    assert.equal(isAlive({ ...me, bootId: "another" }), false);
    assert.equal(identify(2 ** 30), undefined);
  });

  it("is read from a pid file only if the file is whole", () => {
    const record = { name: "etcd", pid: 42, startTime: "7", bootId: "b", spec: "s" };
    assert.deepEqual(parseRecord(JSON.stringify(record)), record);
    for (const text of ["", "42", "null", "{", JSON.stringify({ ...record, pid: 1 }), JSON.stringify({ pid: 42 })])
      assert.equal(parseRecord(text), undefined, text);
    fc.assert(fc.property(fc.json(), (text) => parseRecord(text) === undefined || parseRecord(text)?.pid !== 1));
  });

  it("changes with the command, a file or the program, so that an outdated process is seen", () => {
    const spec: DaemonSpec = { name: "x", argv: [process.execPath, "-v"], files: { "/f": "1" } };
    const hash = specHash(spec, "1:2");
    assert.equal(specHash({ ...spec }, "1:2"), hash);
    assert.notEqual(specHash({ ...spec, argv: [process.execPath] }, "1:2"), hash);
    assert.notEqual(specHash({ ...spec, files: { "/f": "2" } }, "1:2"), hash);
    assert.notEqual(specHash(spec, "1:3"), hash);
    const record = { name: "x", pid: 2, startTime: "", bootId: "", spec: hash };
    assert.equal(isCurrent(record, spec), false);
  });

  it("finds all processes below some, whatever their order", () => {
    const parents = new Map([
      [5, 4],
      [4, 2],
      [3, 1],
      [6, 5],
    ]);
    assert.deepEqual(descendantsOf([2], parents).sort(), [4, 5, 6]);
    assert.deepEqual(descendantsOf([3], parents), []);
  });
});

describe("packet rules to remove", () => {
  const saved = [
    "*nat",
    ":PREROUTING ACCEPT [0:0]",
    ":POSTROUTING ACCEPT [0:0]",
    ":KUBE-SERVICES - [0:0]",
    ":CNI-0a1b2c3d4e5f6a7b8c9d0e1f - [0:0]",
    ":CNI-ffffffffffffffffffffffff - [0:0]",
    "-A PREROUTING -j KUBE-SERVICES",
    "-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT",
    '-A POSTROUTING -s 10.244.0.2/32 -m comment --comment "name: \\"hms\\" id: \\"aa\\"" -j CNI-0a1b2c3d4e5f6a7b8c9d0e1f',
    '-A POSTROUTING -s 10.88.0.2/32 -m comment --comment "name: \\"podman\\" id: \\"bb\\"" -j CNI-ffffffffffffffffffffffff',
    "-A KUBE-SERVICES -j RETURN",
    '-A CNI-0a1b2c3d4e5f6a7b8c9d0e1f -d 10.244.0.0/16 -m comment --comment "name: \\"hms\\" id: \\"aa\\"" -j ACCEPT',
    '-A CNI-ffffffffffffffffffffffff -d 10.88.0.0/16 -m comment --comment "name: \\"podman\\" id: \\"bb\\"" -j ACCEPT',
    "COMMIT",
    "",
  ].join("\n");

  it("are ours only: another network's and a person's stay", () => {
    assert.equal(
      removalScript(saved, { network: "hms", kube: true }),
      [
        "*nat",
        "-D PREROUTING -j KUBE-SERVICES",
        '-D POSTROUTING -s 10.244.0.2/32 -m comment --comment "name: \\"hms\\" id: \\"aa\\"" -j CNI-0a1b2c3d4e5f6a7b8c9d0e1f',
        "-F KUBE-SERVICES",
        "-F CNI-0a1b2c3d4e5f6a7b8c9d0e1f",
        "-X KUBE-SERVICES",
        "-X CNI-0a1b2c3d4e5f6a7b8c9d0e1f",
        "COMMIT",
        "",
      ].join("\n"),
    );
  });

  it("leave kube-proxy's chains alone where another one runs on the machine", () => {
    const script = removalScript(saved, { network: "hms", kube: false });
    assert.doesNotMatch(script, /KUBE/);
    assert.match(script, /-X CNI-0a1b/);
  });

  it("are none where nothing is ours", () => {
    assert.equal(removalScript("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", { network: "hms", kube: true }), "");
  });
});

describe("environment", () => {
  const sources = {
    home: "/h",
    kubeconfig: "/h/kubeconfig",
    docker: { ours: true, host: "unix:///h/run/docker.sock" },
    path: ["/node/bin", "/h/bin"],
    policyPack: "/checkout/policy/pulumi",
  };

  it("puts ours in", () => {
    assert.deepEqual(environmentFor(sources, { PATH: "/usr/bin:/h/bin" }), {
      PATH: "/node/bin:/h/bin:/usr/bin",
      HMS_HOME: "/h",
      KUBECONFIG: "/h/kubeconfig",
      PULUMI_BACKEND_URL: "file:///h/state?metadata=skip",
      PULUMI_HOME: "/h/pulumi",
      PULUMI_CONFIG_PASSPHRASE_FILE: "/h/passphrase",
      DOCKER_HOST: "unix:///h/run/docker.sock",
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      NODE_COMPILE_CACHE: "/h/cache/node",
      PULUMI_OPTION_POLICY_PACK: "/checkout/policy/pulumi",
    });
  });

  it("leaves what the user has set, and gives no passphrase file beside an own passphrase", () => {
    const env = environmentFor(sources, {
      PATH: "/usr/bin",
      PULUMI_BACKEND_URL: "s3://state",
      PULUMI_CONFIG_PASSPHRASE: "x",
      KUBECONFIG: "",
      PULUMI_OPTION_POLICY_PACK: "/own/pack",
    });
    assert.equal(env.PULUMI_OPTION_POLICY_PACK, "/checkout/policy/pulumi,/own/pack");
    assert.equal(env.PULUMI_BACKEND_URL, "s3://state");
    assert.equal(env.KUBECONFIG, "/h/kubeconfig");
    const users = { ...sources, usersKubeconfig: "/home/u/.kube/config" };
    assert.equal(environmentFor(users, {}).KUBECONFIG, "/h/kubeconfig:/home/u/.kube/config");
    assert.equal(environmentFor(users, { KUBECONFIG: "/a:/b" }).KUBECONFIG, "/a:/b:/h/kubeconfig");
    assert.equal("PULUMI_CONFIG_PASSPHRASE_FILE" in env, false);
    assert.equal("PULUMI_CONFIG_PASSPHRASE" in env, false);
  });

  it("keep the engine from writing a log of its own, but leave one that is kept already", () => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "hms-env-"));
    const logs = path.join(home, "pulumi", "logs");
    ensureEnvironment(home);
    ensureEnvironment(home);
    assert.match(fs.readFileSync(logs, "utf8"), /^The engine writes no log .*\nPut a folder in its place/);
    fs.rmSync(logs);
    fs.mkdirSync(logs);
    ensureEnvironment(home);
    assert.ok(fs.statSync(logs).isDirectory());
    fs.rmSync(home, { recursive: true });
  });

  it("names no Docker where the default one answers", () => {
    const env = environmentFor({ ...sources, docker: { ours: false, host: undefined } }, {});
    assert.equal("DOCKER_HOST" in env, false);
  });

  it("survives a shell, whatever the values hold", () => {
    assert.equal(shellExports({ A: "/plain", B: "it's $HOME" }), "export A=/plain\nexport B='it'\\''s $HOME'\n");
  });

  it("puts each folder on PATH once", () => {
    assert.equal(pathWith(["/a"], "/b:/a::/c"), "/a:/b:/c");
  });
});

describe("scratch images", () => {
  it("hold tar entries with a right checksum and the same bytes each time", () => {
    const entry = tarEntry("opa", Buffer.from("hello"), 0o755);
    assert.equal(entry.length, 1024);
    const sum = entry.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    assert.equal(parseInt(entry.toString("latin1", 148, 154), 8), sum);
    assert.deepEqual(tarOf({ "/opa": Buffer.from("x") }), tarOf({ "/opa": Buffer.from("x") }));
  });

  it("bring the folders above a file", () => {
    const tar = tarOf({ "/usr/bin/x": Buffer.from("x") });
    const names = [0, 512, 1024].map((at) => tar.toString("latin1", at, at + 100).replace(/\0.*$/s, ""));
    assert.deepEqual(names, ["usr/", "usr/bin/", "usr/bin/x"]);
  });
});

describe("confined processes", () => {
  it("run as their account, with their folder in one fixed place", () => {
    const account = parseAccount("root:x:0:0::/root:/bin/sh\npg:x:101:104::/:/bin/sh\n", "pg");
    assert.deepEqual(account, { name: "pg", uid: 101, gid: 104 });
    const argv = confined({ name: "pg", uid: 101, gid: 104 }, "/h/data/pg", ["postgres", "-D", "/mnt/db"]);
    assert.equal(argv[0], "/usr/bin/unshare");
    assert.deepEqual(argv.slice(-3), ["postgres", "-D", "/mnt/db"]);
    assert.ok(argv.includes("--reuid") && argv.includes("101") && argv.includes("/h/data/pg"));
  });

  it("are refused without their account", () => {
    assert.equal(parseAccount("root:x:0:0::/root:/bin/sh\n", "pg"), undefined);
  });
});

describe("mounts to take back", () => {
  it("are those below the folder, deepest first, and no neighbour's", () => {
    const mounts = "a /h/x rw 0 0\nb /h/x/y\\040z rw 0 0\nc /hm rw 0 0\nd /h rw 0 0\n";
    assert.deepEqual(mountsBelow("/h", mounts), ["/h/x/y z", "/h/x"]);
  });
});

describe("after a reboot", () => {
  it("nothing in the run folder is believed, and within one boot everything is", () => {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "hms-"));
    const layout = loadLayout({ HMS_HOME: home });
    const pidFile = path.join(layout.run, "etcd.json");
    try {
      forgetEarlierBoot(layout, "boot-1");
      fs.writeFileSync(pidFile, "{}");
      forgetEarlierBoot(layout, "boot-1");
      assert.equal(fs.existsSync(pidFile), true);
      forgetEarlierBoot(layout, "boot-2");
      assert.equal(fs.existsSync(pidFile), false);
    } finally {
      fs.rmSync(home, { recursive: true });
    }
  });
});

describe("inOrder", () => {
  it("starts a task after what it needs, and independent ones at once", async () => {
    const log: string[] = [];
    const task = (name: string, needs: string[]) => ({
      name,
      needs,
      run: async () => {
        log.push(`+${name}`);
        await Promise.resolve();
        log.push(`-${name}`);
      },
    });
    await inOrder([task("a", []), task("b", []), task("c", ["a", "b"])], () => undefined);
    assert.ok(log.indexOf("+b") < log.indexOf("-a"));
    assert.deepEqual(log.slice(-2), ["+c", "-c"]);
  });

  it("throws the first failure and does not start what needed it", async () => {
    let started = false;
    const failing = { name: "a", needs: [], run: () => Promise.reject(new Error("no")) };
    const after = {
      name: "b",
      needs: ["a"],
      run: () => {
        started = true;
        return Promise.resolve();
      },
    };
    await assert.rejects(
      inOrder([failing, after], () => undefined),
      /no/,
    );
    assert.equal(started, false);
  });
});
