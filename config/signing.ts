import { z } from "zod";
import { roleArnOf, type Account, type AwsReach } from "../core/account/account";
import { trustedKeys } from "../core/attest/keys";
import { PREDICATE_NAMES } from "../core/attest/statement";
import type { SigningWish, SignerWish } from "../core/attest/wish";
import { iamArn, parseArn } from "../core/aws/arn";
import { field, mapWith, oneOf, readBy } from "../core/service/field";
import type { Problem } from "../core/service/problem";
import { CLUSTER } from "../platform/local/layout";
import type { SourceFiles } from "./sourceFiles";

/** Role of an account's baseline that alone may sign with its signing key. */
const SIGNER_ROLE = "hms-signer";

const PEM = /-----BEGIN PUBLIC KEY-----/;

const key = field(
  {
    allowed: "a path relative to Pulumi.yaml of a public key (PEM), or the PEM text itself",
    advice: "keep public keys in the project, so that verifying needs no key service",
  },
  (value) => (typeof value === "string" && value.trim() !== "" && !value.includes("\0") ? value : undefined),
);

const signer = mapWith({
  file: field(
    {
      allowed: "an absolute path of a file with a private key (PKCS #8, PEM, P-256)",
      advice: "write it from / on, as it is on the machines that deploy; it does not belong into the project",
    },
    (value) => (typeof value === "string" && /^\/[^\0]*[^\0/]$/.test(value) ? value : undefined),
  ).exactOptional(),
  kms: field(
    {
      allowed: "the ARN of a KMS key of the kind ECC_NIST_P256",
      advice: "write the key's ARN, not an alias: what an alias names can be changed",
    },
    (value) => {
      const parsed = typeof value === "string" ? parseArn(value) : undefined;
      return parsed?.service === "kms" && parsed.resource.startsWith("key/") ? (value as string) : undefined;
    },
  ).exactOptional(),
});

const flag = field({ allowed: "true or false", advice: "write one of the two without quotes" }, (value) =>
  typeof value === "boolean" ? { value } : undefined,
).transform(({ value }): boolean => value);

const signing = mapWith({
  keys: z.array(key, {
    error: "a list of public keys; name at least one whose signatures count",
  }),
  signer: signer.exactOptional(),
  attestations: z
    .array(oneOf(PREDICATE_NAMES, "name what must have been said of an image"), {
      error: `a list of ${PREDICATE_NAMES.join(", ")}; name what must have been said of an image`,
    })
    .default([]),
  admission: flag.default(false),
});

export type SigningValues = "local" | Readonly<z.output<typeof signing>>;

/** `hms:signing` as it stands in a stack file. */
export const signingField = z.unknown().transform((value, context): SigningValues => {
  if (value === "local") return "local";
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return readBy<SigningValues>(signing, value, context) ?? z.NEVER;
  const params = {
    allowed: "local, or a map with keys, signer, attestations and admission",
    advice: "leave it out where images need no signature, which production does not allow",
  };
  context.addIssue({ code: "custom", params });
  return z.NEVER;
});

export interface SigningStack {
  readonly signing?: SigningValues;
  readonly production?: boolean;
  readonly kubeContext: string;
}

/** What no single key can know: production has keys, and none that lies in a file. */
export function signingProblems({ signing: values, production, kubeContext }: SigningStack): readonly Problem[] {
  const path = ["signing"];
  if (production === true && values === undefined)
    return [
      {
        path,
        got: "nothing, with hms:production",
        allowed: "a map with the public keys whose signatures count",
        advice: "write keys and signer; production runs no image that nobody signed",
      },
    ];
  // The platform of a machine stands in for a cloud, and a key of that machine for the cloud's.
  if (values === undefined || kubeContext === CLUSTER.context) return [];
  if (values === "local")
    return [
      {
        path,
        got: `local, for the context ${kubeContext}`,
        allowed: `local for the local platform (${CLUSTER.context}) alone`,
        advice: "write the public keys whose signatures count, and who signs",
      },
    ];
  if (production === true && values.signer?.file !== undefined)
    return [
      {
        path: [...path, "signer", "file"],
        got: "a key in a file, with hms:production",
        allowed: "a key of KMS, or no signer where somebody else signs",
        advice: "write signer: { kms: <ARN> }; a file's key can be copied, and nobody sees it used",
      },
    ];
  return [];
}

/** The same with the keys read. */
export function readSigning(
  values: SigningValues | undefined,
  { accounts, aws }: { readonly accounts: readonly Account[]; readonly aws: AwsReach },
  files: Pick<SourceFiles, "read">,
): { readonly signing?: SigningWish; readonly problems: readonly Problem[] } {
  if (values === undefined) return { problems: [] };
  if (values === "local")
    return { signing: { keys: [], local: true, attestations: [], admission: false }, problems: [] };
  const read = values.keys.map((one, index) => readKey(one, ["signing", "keys", index], files));
  const problems = [...read.flatMap(({ problem }) => problem ?? []), ...shapeProblems(values)];
  const keys = read.flatMap(({ pem }) => pem ?? []);
  const by = values.signer && signerOf(values.signer, accounts, aws);
  const { attestations, admission } = values;
  return problems.length > 0
    ? { problems }
    : {
        signing: { keys, local: false, attestations, admission, ...(by === undefined ? {} : { signer: by }) },
        problems,
      };
}

function shapeProblems({ keys, signer: by }: Exclude<SigningValues, "local">): readonly Problem[] {
  const problems: Problem[] = [];
  if (keys.length === 0)
    problems.push({
      path: ["signing", "keys"],
      got: "an empty list",
      allowed: "at least one public key",
      advice: "name the keys whose signatures count; without one no image could run",
    });
  if (by !== undefined && (by.file === undefined) === (by.kms === undefined))
    problems.push({
      path: ["signing", "signer"],
      got: by.file === undefined ? "an empty map" : "a map with both file and kms",
      allowed: "a map with exactly one of file and kms",
      advice: "say with which key images are signed, or leave signer out where somebody else signs",
    });
  return problems;
}

function readKey(
  text: string,
  path: Problem["path"],
  files: Pick<SourceFiles, "read">,
): { readonly pem?: string; readonly problem?: Problem } {
  const advice = "export it with: openssl pkey -in key.pem -pubout, or aws kms get-public-key";
  const allowed = "a public key on the curve P-256 (PEM)";
  const inline = PEM.test(text);
  const pem = inline ? text : files.read(text);
  if (pem === undefined)
    return { problem: { path, got: `the path ${JSON.stringify(text)}, where no file is`, allowed, advice } };
  try {
    trustedKeys([pem]);
    return { pem: `${pem.trim()}\n` };
  } catch {
    return {
      problem: {
        path,
        got: inline ? "a text that is no such key" : `the file ${text}, which holds none`,
        allowed,
        advice,
      },
    };
  }
}

function signerOf(
  { file, kms }: { readonly file?: string; readonly kms?: string },
  accounts: readonly Account[],
  { endpoint, fips }: AwsReach,
): SignerWish | undefined {
  if (kms === undefined) return file === undefined ? undefined : { file };
  const account = accounts.find(({ id }) => id === parseArn(kms)?.account);
  const externalId = account?.externalId === undefined ? {} : { externalId: account.externalId };
  return {
    kms,
    fips,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(account === undefined
      ? {}
      : {
          role: { arn: roleArnOf(account), ...externalId },
          as: iamArn(account.partition, account.id, `role/${SIGNER_ROLE}`),
        }),
  };
}
