import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import { entranceScript, removalScript, type Entrance } from "../../../platform/local/iptables";
import { digestOf, imageOf, layerOf, tarOf } from "../../../platform/local/ociImage";
import { archive, overlay, packageNames } from "../../../platform/toolchain/debianFiles";
import { projectRoot } from "../../../platform/home";

interface ImageConfig {
  readonly config: { readonly User?: string; readonly Env: readonly string[] };
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

describe("an image of several layers", () => {
  const tar = (text: string) => tarOf({ "/app/x": Buffer.from(text) });
  const runtime = { entrypoint: ["/app/x"], user: "65532:65532", env: ["PATH=/app"] };

  it("names each layer by both of its digests, in order", async () => {
    const layers = [await layerOf(tar("one"), 1), await layerOf(tar("two"), 9)];
    const image = imageOf(layers, runtime);
    const manifest = JSON.parse(image.manifest.toString()) as {
      layers: readonly { digest: string; size: number }[];
      config: { digest: string };
    };
    assert.equal(image.digest, digestOf(image.manifest));
    assert.deepEqual(
      manifest.layers.map(({ digest, size }) => [digest, size]),
      layers.map(({ digest, size }) => [digest, size]),
    );
    for (const blob of image.blobs) {
      assert.equal(blob.digest, digestOf(blob.read()));
      assert.equal(blob.size, blob.read().length);
    }
    const config = image.blobs.find(({ digest }) => digest === manifest.config.digest);
    assert.ok(config);
    const { rootfs, config: inner } = JSON.parse(config.read().toString()) as ImageConfig;
    assert.deepEqual(
      rootfs.diff_ids,
      layers.map((layer) => digestOf(gunzipSync(layer.read()))),
    );
    assert.deepEqual([inner.User, inner.Env], ["65532:65532", ["PATH=/app"]]);
  });

  it("is the same from the same contents, and another with another layer or another order", async () => {
    const [one, two] = [await layerOf(tar("one"), 1), await layerOf(tar("two"), 1)];
    const { digest } = imageOf([one, two], runtime);
    assert.equal(imageOf([await layerOf(tar("one"), 1), two], runtime).digest, digest);
    assert.notEqual(imageOf([two, one], runtime).digest, digest);
    assert.notEqual(imageOf([one], runtime).digest, digest);
    assert.notEqual(imageOf([one, two], { ...runtime, user: "0:0" }).digest, digest);
  });
});

describe("the runner's root file system", () => {
  it("is listed without remarks", () => {
    assert.deepEqual(packageNames("# why\nlibc6\n\n  ca-certificates # and why\n"), ["libc6", "ca-certificates"]);
    const listed = packageNames(fs.readFileSync(path.join(projectRoot(), "images/hms-runner/packages"), "utf8"));
    assert.deepEqual(listed, [...listed].sort());
    assert.ok(listed.includes("ca-certificates"));
  });

  it("is packed the same whatever the time and the caller's umask, and readable by everybody", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rootfs-"));
    const before = process.umask(0o077);
    try {
      const from = path.join(folder, "from");
      fs.mkdirSync(path.join(from, "etc"), { recursive: true });
      fs.writeFileSync(path.join(from, "etc/group"), "root:x:0:\n");
      const tars = [];
      for (const [name, time] of [
        ["one", 1],
        ["two", 2],
      ] as const) {
        const root = path.join(folder, name);
        fs.mkdirSync(root);
        fs.chmodSync(root, 0o755);
        overlay(from, root);
        fs.utimesSync(path.join(root, "etc/group"), time, time);
        assert.equal(fs.statSync(path.join(root, "etc")).mode & 0o777, 0o755);
        assert.equal(fs.statSync(path.join(root, "etc/group")).mode & 0o777, 0o644);
        tars.push(await archive(root, undefined));
      }
      assert.ok(tars[0]?.includes("root:x:0:"));
      assert.deepEqual(tars[0], tars[1]);
    } finally {
      process.umask(before);
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("the pods' entrance to loopback", () => {
  const entrance: Entrance = { bridge: "hms0", address: "10.245.0.1", ports: [8080, 9090] };
  const rule = (port: number) =>
    `-A HMS-PODS -d 10.245.0.1/32 -p tcp -m tcp --dport ${port} -j DNAT --to-destination 127.0.0.1:${port}`;
  const jump = "-A PREROUTING -i hms0 -j HMS-PODS";
  const saved = (...rules: readonly string[]) =>
    [
      "*nat",
      ":PREROUTING ACCEPT [0:0]",
      ":HMS-PODS - [0:0]",
      "-A PREROUTING -j KUBE-SERVICES",
      ...rules,
      "COMMIT",
    ].join("\n");

  it("is made of one rule a port, for what comes from the bridge", () => {
    assert.equal(
      entranceScript("*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n", entrance),
      ["*nat", ":HMS-PODS - [0:0]", rule(8080), rule(9090), jump, "COMMIT", ""].join("\n"),
    );
  });

  it("is left alone when it is there", () => {
    assert.equal(entranceScript(saved(jump, rule(8080), rule(9090)), entrance), "");
  });

  it("is made anew when a port has changed, a rule is missing, or it is entered twice", () => {
    for (const rules of [
      [jump, rule(8080)],
      [rule(8080), rule(9090)],
      [jump, jump, rule(8080), rule(9090)],
      [jump, rule(8081), rule(9090)],
    ]) {
      const script = entranceScript(saved(...rules), entrance).split("\n");
      assert.deepEqual(script.slice(-5), [rule(8080), rule(9090), jump, "COMMIT", ""]);
      const gone = rules.filter((text) => text === jump).map((text) => text.replace("-A", "-D"));
      assert.deepEqual(script.slice(0, -5), ["*nat", ":HMS-PODS - [0:0]", ...gone]);
    }
  });

  it("goes with the platform, also where another Kubernetes stays", () => {
    assert.equal(
      removalScript(saved(jump, rule(8080)), { network: "hms", kube: false }),
      ["*nat", "-D PREROUTING -i hms0 -j HMS-PODS", "-F HMS-PODS", "-X HMS-PODS", "COMMIT", ""].join("\n"),
    );
  });
});
