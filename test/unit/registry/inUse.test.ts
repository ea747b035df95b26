import { strict as assert } from "node:assert";
import { neededBy, neededByNotes, type SeenObject } from "../../../core/registry/inUse";
import { ANNOTATION } from "../../../core/rollout/names";
import { sha256 } from "../../../core/sha256";

const A = `sha256:${sha256("a")}`;
const object = (rest: object): SeenObject => ({ kind: "Pod", metadata: { name: "p", namespace: "n" }, ...rest });

describe("what an object of a cluster needs", () => {
  it("is whatever it names by digest, wherever that stands", () => {
    const status = { containerStatuses: [{ imageID: `127.0.0.1:5000/web@${A}` }] };
    assert.deepEqual(neededBy(object({ status }), "c").uses, [{ digest: A, why: "Pod n/p of c" }]);
    const longer = neededBy(object({ note: `${A}0` }), "c");
    assert.deepEqual(longer.uses, [], "a longer text is no digest");
  });

  it("is images by their tag too, whatever name their registry has here", () => {
    for (const [image, name] of [
      ["127.0.0.1:5000/team/web:v1", "team/web:v1"],
      ["localhost/web", "web:latest"],
      ["team/web:v1", "team/web:v1"],
      [`web:v1@${A}`, undefined],
    ] as const) {
      const pod = { containers: [{ image }] };
      for (const spec of [pod, { template: { spec: pod } }, { jobTemplate: { spec: { template: { spec: pod } } } }])
        assert.deepEqual(
          neededBy(object({ spec }), "c").tagged.map((one) => one.name),
          name === undefined ? [] : [name],
        );
    }
  });

  it("cannot be told from a record or a note that cannot be read", () => {
    const annotations = { [ANNOTATION.record]: "{}" };
    const metadata = { name: "web", namespace: "n", annotations };
    assert.throws(
      () => neededBy({ kind: "HTTPRoute", metadata }, "c"),
      /the rollout record on HTTPRoute n\/web of c is not/,
    );
    assert.throws(
      () => neededByNotes({ r1: "half" }, "ConfigMap n/web-migrations"),
      /ConfigMap n\/web-migrations, key r1/,
    );
  });
});
