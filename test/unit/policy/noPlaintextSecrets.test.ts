import { strict as assert } from "node:assert";
import { plaintextSecrets, plaintextSecretsIn } from "../../../core/podEnv";
import { secret, UNKNOWN, type Value } from "../../../platform/rpc/values";
import { noPlaintextSecrets } from "../../../policy/pulumi/rules/noPlaintextSecrets";
import { describeRule, messagesOf, type Wanted } from "./support";

const pod = (env: Value): Value => ({ containers: [{ name: "app", env }] });
const deployment = (env: Value): Wanted => ({
  type: "kubernetes:apps/v1:Deployment",
  inputs: { spec: { template: { spec: pod(env) } } },
});
const cron = (env: Value): Wanted => ({
  type: "kubernetes:batch/v1:CronJob",
  inputs: { spec: { jobTemplate: { spec: { template: { spec: pod(env) } } } } },
});
const reference = { secretKeyRef: { name: "db", key: "password" } };

describeRule(noPlaintextSecrets, {
  allows: {
    "a reference to a Secret": [deployment([{ name: "DATABASE_PASSWORD", valueFrom: reference }])],
    "variables that say where a secret is": [
      deployment([
        { name: "PASSWORD_FILE", value: "/run/secrets/password" },
        { name: "TOKEN_URL", value: "https://login.example.gov/token" },
        { name: "TOKENS", value: "4" },
      ]),
    ],
    "pods without variables, and what makes no pods": [
      { type: "kubernetes:core/v1:Service", inputs: { spec: pod([{ name: "TOKEN", value: "x" }]) } },
    ],
    "an empty value": [deployment([{ name: "API_TOKEN", value: "" }])],
  },
  denies: {
    "a variable named like a secret": [
      deployment([{ name: "DATABASE_PASSWORD", value: "x" }]),
      /DATABASE_PASSWORD of container app is in plain text: it is named like a secret; put it into a Kubernetes Secret/,
    ],
    "a secret in a ConfigMap, and who reads it there": [
      { type: "kubernetes:core/v1:ConfigMap", inputs: { data: { REGION: "north", DATABASE_PASSWORD: "x" } } },
      /DATABASE_PASSWORD of ConfigMap is in plain text/,
    ],
    "a variable named like a secret that a ConfigMap holds": [
      deployment([{ name: "API_TOKEN", valueFrom: { configMapKeyRef: { name: "c", key: "API_TOKEN" } } }]),
      /API_TOKEN of container app .* read from a ConfigMap/,
    ],
    "a secret of a migration": [
      { type: "hms:rollout:Migration", inputs: { work: { env: { PGPASSWORD: "x", PG_PASSWORD: "x" } } } },
      /PG_PASSWORD of Migration/,
    ],
    "a value that is a secret to the engine": [
      deployment([{ name: "SIGNING_KEY", value: secret("x") }]),
      /SIGNING_KEY of container app/,
    ],
    "an address with a password, in a scheduled job": [
      cron([{ name: "DATABASE_URL", value: "postgres://app:pw@db.example.gov/app" }]),
      /looks like an address with a password/,
    ],
    "an access key": [deployment([{ name: "ID", value: "AKIAABCDEFGHIJKLMNOP" }]), /looks like an AWS access key/],
    "a secret in an init container, or in a patch": [
      {
        type: "kubernetes:apps/v1:StatefulSetPatch",
        inputs: {
          spec: { template: { spec: { initContainers: [{ name: "setup", env: [{ name: "API_KEY", value: "x" }] }] } } },
        },
      },
      /API_KEY of container setup/,
    ],
  },
  leavesOpen: {
    "a value": [deployment([{ name: "DATABASE_PASSWORD", value: UNKNOWN }])],
    "all variables": [deployment(UNKNOWN)],
    "a ConfigMap": [{ type: "kubernetes:core/v1:ConfigMap", inputs: { data: { TOKEN: UNKNOWN } } }],
    "the whole resource": [{ type: "kubernetes:core/v1:Pod", inputs: { spec: UNKNOWN } }],
  },
});

describe("plaintext secrets", () => {
  it("are told without their value", () => {
    const value = "hunter2hunter2";
    const messages = messagesOf(noPlaintextSecrets, deployment([{ name: "PASSWORD", value }]));
    assert.equal(messages.length, 1);
    assert.doesNotMatch(messages.join(), new RegExp(value));
    assert.doesNotMatch(JSON.stringify(plaintextSecrets(pod([{ name: "PASSWORD", value }]))), new RegExp(value));
  });

  it("are found among variables by name too", () => {
    const found = plaintextSecretsIn({ REGION: "north", ADMIN_TOKEN: "x", PEM: "-----BEGIN EC PRIVATE KEY-----" });
    assert.deepEqual(
      found.map(({ variable }) => variable),
      ["ADMIN_TOKEN", "PEM"],
    );
  });
});
