import { at, OPEN, type Known, type Rule } from "../rule";
import { got, isAbsent, isOther, items } from "../shape";

interface Demand {
  readonly place: readonly (string | number)[];
  /** Allowed values; absent: anything that is there. */
  readonly values?: readonly unknown[];
  readonly advice: string;
}

const KEY = "name the account's key";
const is = (place: readonly (string | number)[], values: readonly unknown[]): Demand => ({
  place,
  values,
  advice: `write ${values.map((value) => JSON.stringify(value)).join(" or ")}`,
});
const keyed = (...place: readonly string[]): Demand => ({ place, advice: KEY });
const KMS = ["aws:kms", "aws:kms:dsse"] as const;

/** What of each type says that it is encrypted by a key of ours; types that AWS always encrypts so are not here. */
const DEMANDS: Readonly<Record<string, readonly Demand[]>> = {
  "aws:ecr/repository:Repository": [is(["encryptionConfigurations", 0, "encryptionType"], ["KMS"])],
  "aws:cloudwatch/logGroup:LogGroup": [keyed("kmsKeyId")],
  "aws:sns/topic:Topic": [keyed("kmsMasterKeyId")],
  "aws:sqs/queue:Queue": [keyed("kmsMasterKeyId")],
  "aws:dynamodb/table:Table": [is(["serverSideEncryption", "enabled"], [true])],
  "aws:ebs/volume:Volume": [is(["encrypted"], [true])],
  "aws:efs/fileSystem:FileSystem": [is(["encrypted"], [true])],
  "aws:rds/instance:Instance": [is(["storageEncrypted"], [true])],
  "aws:rds/cluster:Cluster": [is(["storageEncrypted"], [true])],
};

const BUCKET = /^aws:s3\/bucketServerSideEncryptionConfiguration(V2)?:/;

export const encryption: Rule = {
  name: "encryption",
  description: "What is stored is encrypted, by a key of the account where there is a choice, and that key is rotated.",
  check({ type, inputs }) {
    if (BUCKET.test(type)) return bucket(inputs);
    if (type === "aws:kms/key:Key") return rotation(inputs);
    return (DEMANDS[type] ?? []).flatMap(({ place, values, advice }) => {
      const value = at(inputs, ...place);
      const wrong = values === undefined ? isAbsent(value) : isOther(value, ...values);
      return wrong ? [`${place.join(".")}: got ${got(value)}; what is stored there must be encrypted: ${advice}`] : [];
    });
  },
};

const bucket = (inputs: Known) =>
  items(at(inputs, "rules")).flatMap((rule) => {
    const algorithm = at(rule, "applyServerSideEncryptionByDefault", "sseAlgorithm");
    return isOther(algorithm, ...KMS)
      ? [`sseAlgorithm: got ${got(algorithm)}; allowed are ${KMS.join(" and ")}; ${KEY}`]
      : [];
  });

/** A key pair cannot be rotated: what it signed is checked by its public half. */
function rotation(inputs: Known): readonly string[] {
  const [usage, spec] = [at(inputs, "keyUsage"), at(inputs, "customerMasterKeySpec")];
  if (usage === OPEN || spec === OPEN) return [];
  if (usage === "SIGN_VERIFY" || (typeof spec === "string" && spec !== "SYMMETRIC_DEFAULT")) return [];
  const rotates = at(inputs, "enableKeyRotation");
  return isOther(rotates, true) ? [`enableKeyRotation: got ${got(rotates)}; allowed is true`] : [];
}
