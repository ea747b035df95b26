import { strict as assert } from "node:assert";
import { configMapName, contentOf } from "../../../core/configMap/content";
import { sha256 } from "../../../core/sha256";
import { configMapNames, decideConfigMaps } from "../../../core/configMap/decide";
import { releaseOf } from "../../../core/rollout/release";
import { release } from "../rollout/support";

/** A release with one file. */
const withData = (data: string) => {
  const { spec } = release("same");
  return releaseOf({ ...spec, config: { mount: "/config", files: { "data.json": sha256(data) } } }, `tag-${data}`);
};
const bytes = (data: string) => new Map([["data.json", Buffer.from(data)]]);
const [old, fresh] = [withData("1"), withData("2")];
const nameOf = ({ spec }: typeof old) => configMapName("svc", spec);
const standing = { [nameOf(old)]: contentOf(old.spec, bytes("1")) };
const plan = { colors: { blue: old, green: fresh }, changes: "green" } as const;
const known = { service: "svc", plan, own: bytes("2"), found: standing, shared: [] };

describe("the ConfigMaps of a plan", () => {
  it("are the one that stands, from the cluster, and the new one, from the source", () => {
    assert.deepEqual(configMapNames("svc", known), [nameOf(old), nameOf(fresh)]);
    assert.deepEqual(decideConfigMaps(known), {
      wanted: { ...standing, [nameOf(fresh)]: contentOf(fresh.spec, bytes("2")) },
      problems: [],
      warnings: [],
    });
  });

  it("are one where both colors are configured alike", () => {
    const same = {
      ...known,
      plan: { colors: { blue: old, green: { ...old, id: "other" } }, changes: "green" },
    } as const;
    assert.deepEqual(Object.keys(decideConfigMaps(same).wanted), [nameOf(old)]);
  });

  it("are made again when somebody deleted them and the source still has what they held", () => {
    const { wanted } = decideConfigMaps({
      ...known,
      own: bytes("1"),
      plan: { ...plan, colors: { blue: old, green: null } },
      found: {},
    });
    assert.deepEqual(wanted, standing);
  });

  it("need no source and no copy where a release has no files", () => {
    const plain = release("plain");
    const bare = { ...known, plan: { colors: { blue: plain, green: null }, changes: null }, own: undefined, found: {} };
    assert.deepEqual(Object.values(decideConfigMaps(bare).wanted), [contentOf(plain.spec, new Map())]);
  });

  it("leave a color alone whose pods read the ConfigMap of an earlier version", () => {
    const shared = { ...known, shared: ["blue"] as const };
    assert.deepEqual(configMapNames("svc", shared), [nameOf(fresh)]);
    assert.deepEqual(Object.keys(decideConfigMaps(shared).wanted), [nameOf(fresh)]);
  });

  it("refuse a release whose files are gone", () => {
    const back = { ...known, plan: { ...plan, changes: "blue" } as const, found: {} };
    assert.deepEqual(decideConfigMaps(back).problems, [
      `svc: ConfigMap ${nameOf(old)}, with which tag-1 (${old.id}) was proven, is gone. Deploy the source of that release again, or another release`,
    ]);
  });

  it("refuse a release whose files somebody replaced, even when the source has the right ones", () => {
    const replaced = { [nameOf(fresh)]: contentOf(fresh.spec, bytes("x")) };
    const { problems, wanted } = decideConfigMaps({ ...known, found: { ...standing, ...replaced } });
    assert.deepEqual(problems, [
      `svc: ConfigMap ${nameOf(fresh)}, with which tag-2 (${fresh.id}) was proven, is not what it was: data.json has another content; delete it. Deploy the source of that release again, or another release`,
    ]);
    assert.deepEqual(Object.keys(wanted), [nameOf(old)]);
  });

  it("warn of a live color's that is gone, and do not stop the release that replaces it", () => {
    const { problems, warnings, wanted } = decideConfigMaps({ ...known, found: {} });
    assert.deepEqual(problems, []);
    assert.match(
      warnings.join("\n"),
      /is gone\. Pods of blue that start anew may fail; deploy a release to replace it$/,
    );
    assert.deepEqual(Object.keys(wanted), [nameOf(fresh)]);
  });
});
