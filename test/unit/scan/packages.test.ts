import assert from "node:assert/strict";
import { cycloneDx } from "../../../core/scan/cyclonedx";
import { readDpkgStatus, readOsRelease } from "../../../core/scan/packages/debian";
import { readGoBinary } from "../../../core/scan/packages/go";
import { isInstalledPackage, readPackageJson, readPackageLock } from "../../../core/scan/packages/node";
import { isDistribution, readDistribution } from "../../../core/scan/packages/python";
import { readSecretReport } from "../../../core/scan/secretReport";

describe("what an image is made of", () => {
  it("is told by dpkg: installed packages alone, with the source package that advisories are about", () => {
    const distribution = readOsRelease('NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="12"\n');
    assert.deepEqual(distribution, { id: "debian", version: "12" });
    assert.ok(distribution);
    const status = [
      "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.11-1~deb12u2\n",
      "Package: libstdc++6\nStatus: install ok installed\nArchitecture: amd64\nSource: gcc-12 (12.2.0-14)\nVersion: 12.2.0-14+b1\nDescription: long\n of several lines\n",
      "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n",
      "Package: base-files\nVersion: 12.4+deb12u5\nArchitecture: amd64\n",
    ].join("\n");
    const found = readDpkgStatus(status, "var/lib/dpkg/status", distribution);
    assert.deepEqual(
      found.map(({ ecosystem, name, version, source }) => [ecosystem, name, version, source]),
      [
        ["Debian:12", "libssl3", "3.0.11-1~deb12u2", { name: "openssl", version: "3.0.11-1~deb12u2" }],
        ["Debian:12", "libstdc++6", "12.2.0-14+b1", { name: "gcc-12", version: "12.2.0-14" }],
        ["Debian:12", "base-files", "12.4+deb12u5", { name: "base-files", version: "12.4+deb12u5" }],
      ],
    );
    assert.match(
      found[1]?.purl ?? "",
      /^pkg:deb\/debian\/libstdc%2B%2B6@12\.2\.0-14\+b1\?arch=amd64&distro=debian-12$/,
    );
  });

  it("is told by npm's folders, and not by packages of a package's own tests", () => {
    for (const file of [
      "app/node_modules/a/package.json",
      "node_modules/@s/b/package.json",
      "x/node_modules/a/node_modules/c/package.json",
    ])
      assert.ok(isInstalledPackage(file), file);
    for (const file of [
      "package.json",
      "app/node_modules/a/test/package.json",
      "node_modules/.cache/package.json",
      "node_modules/@s/package.json",
    ])
      assert.ok(!isInstalledPackage(file), file);
    const one = readPackageJson('{"name":"@scope/thing","version":"1.2.3"}', "f");
    assert.deepEqual([one?.name, one?.purl], ["@scope/thing", "pkg:npm/%40scope/thing@1.2.3"]);
    assert.equal(readPackageJson("not json", "f"), undefined);
    assert.equal(readPackageJson('{"name":"x"}', "f"), undefined);
  });

  it("is told by package-lock.json, without what is for development", () => {
    const lock = JSON.stringify({
      lockfileVersion: 3,
      packages: {
        "": { name: "app", version: "1.0.0" },
        "node_modules/a": { version: "2.0.0" },
        "node_modules/a/node_modules/@s/b": { version: "3.0.0" },
        "node_modules/dev": { version: "1.0.0", dev: true },
        "node_modules/alias": { name: "real", version: "4.0.0" },
        "node_modules/linked": { link: true, resolved: "packages/x" },
      },
    });
    const found = readPackageLock(lock, "package-lock.json").map(({ name, version }) => `${name}@${version}`);
    assert.deepEqual(found, ["a@2.0.0", "@s/b@3.0.0", "real@4.0.0"]);
  });

  it("is told by Python's metadata, under the one name that a distribution has", () => {
    assert.ok(isDistribution("usr/lib/python3/dist-packages/Foo_Bar-1.0.dist-info/METADATA"));
    assert.ok(isDistribution("usr/lib/python3/dist-packages/foo-1.0.egg-info/PKG-INFO"));
    assert.ok(!isDistribution("usr/share/METADATA"));
    const one = readDistribution("Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.0\n\nName: other\n", "f");
    assert.deepEqual([one?.name, one?.version, one?.purl], ["foo-bar", "1.0", "pkg:pypi/foo-bar@1.0"]);
  });

  it("is told by Go binaries: modules as they were built, and the standard library", () => {
    const modules = [
      "path\texample.gov/app",
      "mod\texample.gov/app\t(devel)\t",
      "dep\tgithub.com/a/b/v2\tv2.1.0\th1:x",
      "dep\tgithub.com/old/c\tv1.0.0\th1:x",
      "=>\tgithub.com/new/c\tv1.5.0\th1:y",
      "",
    ].join("\n");
    const found = readGoBinary(goBinary("go1.26.2", modules), "bin/app");
    assert.ok(found !== undefined && found !== "unreadable");
    assert.deepEqual(
      found.map(({ name, version, purl }) => [name, version, purl]),
      [
        ["stdlib", "1.26.2", "pkg:golang/stdlib@1.26.2"],
        ["github.com/a/b/v2", "2.1.0", "pkg:golang/github.com/a/b/v2@v2.1.0"],
        ["github.com/new/c", "1.5.0", "pkg:golang/github.com/new/c@v1.5.0"],
      ],
    );
  });

  it("is not guessed: an old or cut binary is unreadable, and one of another language is none", () => {
    const old = goBinary("go1.17", "");
    old[15 + 64] = 0;
    assert.equal(readGoBinary(old, "f"), "unreadable");
    assert.equal(readGoBinary(goBinary("go1.26", "path\tx\n").subarray(0, 64 + 33), "f"), "unreadable");
    assert.equal(readGoBinary(Buffer.alloc(200), "f"), undefined);
    assert.equal(readGoBinary(Buffer.concat([Buffer.alloc(7), goBinary("go1.26", "")]), "f"), undefined);
  });

  it("is the same bill of materials for the same image", () => {
    const components = readPackageLock('{"packages":{"node_modules/a":{"version":"1.0.0"}}}', "package-lock.json");
    const subject = { name: "registry.test/app", id: `sha256:${"a".repeat(64)}` };
    const sbom = cycloneDx(subject, components);
    assert.equal(sbom, cycloneDx(subject, components));
    const read = JSON.parse(sbom) as { bomFormat: string; serialNumber: string; components: { purl: string }[] };
    assert.deepEqual([read.bomFormat, read.components.map(({ purl }) => purl)], ["CycloneDX", ["pkg:npm/a@1.0.0"]]);
    assert.match(read.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe("a report of secrets", () => {
  const entry = (File: string) => ({ RuleID: "github-pat", File, StartLine: 2, Secret: "never read" });
  it("says where in the image, and keeps the planted one apart", () => {
    const read = readSecretReport([
      entry("/w/image/planted.tar!planted/settings.toml"),
      entry("/w/image/layer-1.tar!etc/a.conf"),
      entry("/w/image/config.json"),
    ]);
    assert.equal(read.planted, true);
    assert.deepEqual(
      read.secrets.map(({ where }) => where),
      ["layer 1: etc/a.conf", "config.json"],
    );
    assert.doesNotMatch(JSON.stringify(read), /never read/);
  });

  it("is not fooled by a file of the image that is named like the planted one", () => {
    const read = readSecretReport([entry("/w/image/layer-0.tar!x/planted.tar!planted/settings.toml")]);
    assert.deepEqual([read.planted, read.secrets.length], [false, 1]);
    assert.equal(readSecretReport(null).planted, false);
    assert.throws(() => readSecretReport({ findings: [] }));
  });
});

function goBinary(version: string, modules: string): Buffer {
  const string = (content: Buffer): Buffer => {
    const length: number[] = [];
    for (let rest = content.length; ; rest = Math.floor(rest / 128)) {
      length.push(rest < 128 ? rest : (rest % 128) + 128);
      if (rest < 128) break;
    }
    return Buffer.concat([Buffer.from(length), content]);
  };
  const header = Buffer.alloc(32);
  header.write("\xff Go buildinf:", 0, "latin1");
  header[14] = 8;
  header[15] = 2;
  const sentinel = Buffer.alloc(16, 0x30);
  const elf = Buffer.alloc(64);
  elf.write("\x7fELF", 0, "latin1");
  return Buffer.concat([
    elf,
    header,
    string(Buffer.from(version)),
    string(Buffer.concat([sentinel, Buffer.from(modules), sentinel])),
  ]);
}
