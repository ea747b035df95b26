import { strict as assert } from "node:assert";
import { deploymentSpec } from "../../../components/podTemplate";
import { configMapName } from "../../../core/configMap/content";
import { releaseOf } from "../../../core/rollout/release";
import { release } from "../rollout/support";

const { spec } = release("r1");
const secrets = { TOKEN: { secret: "web", key: "token" } };
const secret = { name: "TOKEN", valueFrom: { secretKeyRef: { name: "web", key: "token" } } };
const plain = releaseOf({ ...spec, env: { LEVEL: "info" }, secrets }, "v1");
const files = releaseOf({ ...plain.spec, config: { mount: "/data", files: { "a.json": "1", "b/c.json": "2" } } }, "v2");

/** The pod of a release, with what its one container reads. */
function podOf(of: typeof plain, sharedConfigMap?: string) {
  const pods = deploymentSpec({ service: "svc", release: of, image: "image", selector: {}, sharedConfigMap });
  const { spec: pod } = JSON.parse(JSON.stringify(pods.template)) as {
    readonly spec: { readonly containers: readonly Readonly<Record<string, unknown>>[]; readonly volumes?: unknown };
  };
  const [{ env, envFrom, volumeMounts } = {}] = pod.containers;
  return { env, envFrom, volumeMounts, volumes: pod.volumes };
}

describe("the pods of a release", () => {
  it("read its own ConfigMap, variable by variable, so that files never become variables", () => {
    const name = configMapName("svc", plain.spec);
    const level = { name: "LEVEL", valueFrom: { configMapKeyRef: { name, key: "LEVEL" } } };
    const nothing = { envFrom: undefined, volumeMounts: undefined, volumes: undefined };
    assert.deepEqual(podOf(plain), { env: [level, secret], ...nothing });
  });

  it("see its files at their paths, read-only", () => {
    const name = configMapName("svc", files.spec);
    const { volumeMounts, volumes } = podOf(files);
    assert.deepEqual(volumeMounts, [{ name: "config", mountPath: "/data", readOnly: true }]);
    const items = [
      { key: "a.json", path: "a.json" },
      { key: "b..c.json", path: "b/c.json" },
    ];
    assert.deepEqual(volumes, [{ name: "config", configMap: { name, items } }]);
  });

  it("are what an earlier version made, where that made them: nothing restarts because of a new version", () => {
    assert.deepEqual(podOf(plain, "svc-blue"), {
      envFrom: [{ configMapRef: { name: "svc-blue" } }],
      env: [secret],
      volumeMounts: undefined,
      volumes: undefined,
    });
  });

  it("of a sandbox do something first with no more rights than the service, and go at once; others drain as ever", () => {
    const before = [{ name: "migrate", image: "tool", command: ["migrate", "up"], env: { MODE: "up" }, secrets }];
    const args = { service: "svc", release: plain, image: "image", selector: {} };
    const specOf = (more: object) =>
      JSON.parse(JSON.stringify(deploymentSpec({ ...args, ...more }).template)) as {
        spec: {
          terminationGracePeriodSeconds: number;
          initContainers?: { securityContext: object; env: object[]; command: string[] }[];
          containers: { lifecycle?: object; securityContext: object }[];
        };
      };
    const { initContainers, containers, terminationGracePeriodSeconds } = specOf({ before, drains: false }).spec;
    assert.deepEqual(initContainers?.[0]?.securityContext, containers[0]?.securityContext);
    assert.deepEqual(initContainers?.[0]?.env, [{ name: "MODE", value: "up" }, secret]);
    assert.deepEqual([containers[0]?.lifecycle, terminationGracePeriodSeconds], [undefined, 2]);
    const usual = specOf({}).spec;
    assert.ok(usual.containers[0]?.lifecycle !== undefined && usual.terminationGracePeriodSeconds > 2);
    assert.equal(usual.initContainers, undefined);
  });
});
