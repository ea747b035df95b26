import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { extract, pack } from "tar-stream";
import { baseOf, copiedLayers, readImageConfig, timelessConfig } from "../../../core/release/timeless";
import { withoutTimes } from "../../../platform/plugins/docker/timelessTar";

const copy = (what: string) => ({ created: "2026-11-22T12:00:00.1Z", created_by: `/bin/sh -c #(nop) COPY ${what}` });
const config = (over: object = {}) =>
  readImageConfig(
    JSON.stringify({
      ...{ architecture: "amd64", os: "linux", created: "2026-11-22T12:00:01Z", docker_version: "20.10.24" },
      ...{ container: "c1", container_config: { Hostname: "c1" } },
      config: { Hostname: "", Image: "sha256:parent", User: "65532:65532", Labels: { a: "b" } },
      rootfs: { type: "layers", diff_ids: ["sha256:base", "sha256:run", "sha256:copied"] },
      history: [
        { created: "2026-01-01T00:00:00Z", created_by: "/bin/sh -c #(nop) ADD file:1 in /" },
        { created: "2026-11-22T11:59:00Z", created_by: "/bin/sh -c npm ci" },
        { ...copy("dir:2 in /app") },
        { created: "2026-11-22T12:00:01Z", created_by: "/bin/sh -c #(nop)  USER 65532", empty_layer: true },
      ],
      ...over,
    }),
  );
const BASE = { layers: ["sha256:base"], steps: 1 };

describe("an image without the times of its build", () => {
  it("is built upon the longest of the named images that it begins with, or upon none", () => {
    const longer = { layers: ["sha256:base", "sha256:run"], steps: 2 };
    assert.deepEqual(baseOf(config(), [BASE, longer, { layers: ["sha256:other"], steps: 1 }]), longer);
    assert.equal(
      baseOf(config(), [
        { layers: ["sha256:copied"], steps: 1 },
        { layers: [], steps: 3 },
      ]),
      undefined,
    );
  });

  it("loses the times of what was copied upon the base, and of nothing that a command made", () => {
    assert.deepEqual(copiedLayers(config(), BASE), [2]);
    assert.deepEqual(copiedLayers(config(), undefined), [0, 2]);
    assert.equal(copiedLayers(config({ history: [copy("all")] }), undefined), undefined);
    const kit = ["RUN /bin/sh -c x # buildkit", "COPY . /app # buildkit", "WORKDIR /app"].map((by) => ({
      created_by: by,
    }));
    assert.deepEqual(copiedLayers(config({ history: kit }), undefined), [1, 2]);
  });

  it("has a configuration that knows nothing of when and where, and keeps what its base says of itself", () => {
    const text = timelessConfig(config(), BASE, ["sha256:base", "sha256:run", "sha256:new"]);
    assert.deepEqual(JSON.parse(text), {
      ...{ architecture: "amd64", os: "linux", created: "1970-01-01T00:00:00Z" },
      config: { User: "65532:65532", Labels: { a: "b" } },
      rootfs: { type: "layers", diff_ids: ["sha256:base", "sha256:run", "sha256:new"] },
      history: [
        { created: "2026-01-01T00:00:00Z", created_by: "/bin/sh -c #(nop) ADD file:1 in /" },
        { created: "1970-01-01T00:00:00Z", created_by: "/bin/sh -c npm ci" },
        { created: "1970-01-01T00:00:00Z", created_by: "/bin/sh -c #(nop) COPY dir:2 in /app" },
        { created: "1970-01-01T00:00:00Z", created_by: "/bin/sh -c #(nop)  USER 65532", empty_layer: true },
      ],
    });
    const again = readImageConfig(text);
    assert.equal(timelessConfig(again, BASE, again.rootfs.diff_ids), text);
  });
});

describe("a layer without times", () => {
  const layer = async (mtime: Date, pax: Record<string, string> = {}): Promise<Buffer> => {
    const tar = pack();
    tar.entry({ name: "app/", type: "directory", mode: 0o755, mtime });
    tar.entry({ name: `app/${"long/".repeat(30)}file`, mode: 0o640, uid: 7, gid: 8, mtime, pax }, "content");
    tar.entry({ name: "app/link", type: "symlink", linkname: "file", mtime });
    tar.entry({ name: "app/big", mtime }, Buffer.alloc(70_000, 7));
    tar.finalize();
    return buffer(tar);
  };
  /** In pieces of any size, as they come from a disk or a socket. */
  const stripped = async (archive: Buffer, piece = 65_536): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < archive.length; at += piece) pieces.push(archive.subarray(at, at + piece));
    return buffer(Readable.from(withoutTimes(Readable.from(pieces))));
  };
  const [early, late] = [new Date("2020-02-02T02:02:02Z"), new Date("2026-11-22T12:00:00Z")];

  it("is the same for every time, in pieces of any size", async () => {
    const first = await stripped(await layer(early));
    for (const piece of [100, 511, 512, 513, 1024, 10_000])
      assert.ok(first.equals(await stripped(await layer(late), piece)), `pieces of ${piece}`);
    assert.ok(first.equals(await stripped(first)));
  });

  it("keeps names, rights, owners, content and attributes, and can be read by others", async () => {
    const attributes = { "SCHILY.xattr.user.x": "y" };
    const archive = await stripped(await layer(late, { ...attributes, mtime: "1763812800.5", atime: "1763812800.25" }));
    assert.ok(archive.equals(await stripped(await layer(early, { ...attributes, mtime: "1.125" }))));
    const tar = extract();
    tar.end(archive);
    const seen: unknown[] = [];
    for await (const entry of tar) {
      const { name, mode, uid, gid, mtime, type, linkname, pax } = entry.header;
      seen.push([
        name.length,
        type,
        mode,
        uid,
        gid,
        mtime?.getTime(),
        linkname,
        (pax as Record<string, string> | null)?.["SCHILY.xattr.user.x"],
        (await buffer(entry)).length,
      ]);
    }
    assert.deepEqual(seen, [
      [4, "directory", 0o755, 0, 0, 0, null, undefined, 0],
      [158, "file", 0o640, 7, 8, 0, null, "y", 7],
      [8, "symlink", 0o644, 0, 0, 0, "file", undefined, 0],
      [7, "file", 0o644, 0, 0, 0, null, undefined, 70_000],
    ]);
  });

  it("is refused when it is no archive or is cut off", async () => {
    await assert.rejects(stripped(Buffer.alloc(600, 1)), /no tar archive/);
    await assert.rejects(stripped((await layer(late)).subarray(0, 20_000)), /ends too early/);
  });
});
