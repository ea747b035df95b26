import { describePlaintextSecret, plaintextSecrets, plaintextSecretsIn } from "../../../core/podEnv";
import { podSpecOf } from "../podSpecs";
import { at, type Rule } from "../rule";

/** Values by name that end up in the environment of pods, or in their files. */
const VALUES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "kubernetes:core/v1:ConfigMap": [["data"]],
  "kubernetes:core/v1:ConfigMapPatch": [["data"]],
  "hms:rollout:Migration": [["work", "env"]],
};

export const noPlaintextSecrets: Rule = {
  name: "no-plaintext-secrets",
  description: "No secret stands in plain text in the environment of a pod, or in a ConfigMap.",
  check: (resource) => [
    ...plaintextSecrets(podSpecOf(resource)).map((found) => describePlaintextSecret(found)),
    ...(VALUES[resource.type] ?? [])
      .flatMap((place) => plaintextSecretsIn(at(resource.inputs, ...place)))
      .map((found) => describePlaintextSecret(found, resource.type.replace(/^.*:/, ""))),
  ],
};
