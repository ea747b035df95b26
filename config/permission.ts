import { z } from "zod";
import { principalOf, type Jwk, type PermissionWish } from "../core/permission/identity";
import { asArray, asObject, path } from "../core/json";
import { anyText, field, mapOf, mapWith, text } from "../core/service/field";
import type { Problem } from "../core/service/problem";
import type { SourceFiles } from "./sourceFiles";

const role = text({
  pattern: /^[A-Za-z][\w-]*$/,
  longest: 64,
  allowed: "the name of a role, letters, digits, hyphens and underscores",
  advice: "name a role of policy/rego/roles.json",
});

const address = field(
  {
    allowed: "an https address without a query (http only under localhost)",
    advice: "write it as the issuer calls itself in its tokens",
  },
  (value) => {
    if (typeof value !== "string" || !URL.canParse(value) || /[?#\s]/.test(value)) return undefined;
    const { protocol, hostname } = new URL(value);
    const local = /^(localhost|.+\.localhost|127\.0\.0\.1)$/.test(hostname);
    return protocol === "https:" || (protocol === "http:" && local) ? value : undefined;
  },
);

const keysFile = field(
  {
    allowed: "a path relative to Pulumi.yaml of a JSON Web Key Set",
    advice: "save what the issuer's jwks_uri answers into the project, or leave it out to ask the issuer",
  },
  (value) => (typeof value === "string" && value !== "" && !/^[/~\\]|^[A-Za-z]:|\0/.test(value) ? value : undefined),
);

const principal = {
  pattern: { test: (arn: string) => !arn.includes(":assumed-role/") && principalOf(arn) !== undefined },
  allowed: "the ARN of an IAM role or user",
  advice: "write it as IAM shows it; every session of the role counts",
};

const atLeastOne =
  (what: string) =>
  (roles: Readonly<Record<string, string>>, context: z.core.$RefinementCtx): void => {
    if (Object.keys(roles).length > 0) return;
    const params = {
      got: "an empty map",
      allowed: `at least one line \`${what}: <role>\``,
      advice: "nobody could ever do anything",
    };
    context.addIssue({ code: "custom", params });
  };

/** How somebody proves in which role they act: `hms:permission` of a stack, `permission` of sandboxes.yaml. */
export const permissionSchema = mapWith({
  oidc: mapWith({
    issuer: address,
    audience: anyText("write whom its tokens must be made for"),
    claim: anyText("write the claim that names groups, or who somebody is").default("groups"),
    keys: keysFile.exactOptional(),
    roles: mapOf(
      { pattern: /\S/, allowed: "a value of the claim", advice: "write a group, or whoever else the claim names" },
      role,
    ).superRefine(atLeastOne("<value of the claim>")),
  }).exactOptional(),
  aws: mapWith({
    region: text({
      pattern: /^[a-z]{2}(-[a-z]+)+-\d$/,
      allowed: "a region such as us-gov-west-1",
      advice: "write where AWS is asked who somebody is",
    }),
    roles: mapOf(principal, role).superRefine(atLeastOne("<ARN>")),
  }).exactOptional(),
}).superRefine(({ oidc, aws }, context) => {
  if (oidc !== undefined || aws !== undefined) return;
  const params = {
    got: "neither oidc nor aws",
    allowed: "at least one of the two",
    advice: "nobody could prove a role; leave it out where nobody has to",
  };
  context.addIssue({ code: "custom", params });
});

type PermissionValues = Readonly<z.output<typeof permissionSchema>>;

/** The same with the keys read. */
export function readPermission(
  values: PermissionValues | undefined,
  files: Pick<SourceFiles, "read">,
  at: Problem["path"] = ["permission"],
): { readonly permission?: PermissionWish; readonly problems: readonly Problem[] } {
  if (values === undefined) return { problems: [] };
  const { oidc, aws } = values;
  const own = aws === undefined ? {} : { aws };
  if (oidc === undefined) return { permission: own, problems: [] };
  const { keys: file, ...rest } = oidc;
  if (file === undefined) return { permission: { ...own, oidc: rest }, problems: [] };
  const read = keysIn(files.read(file));
  if (typeof read !== "string") return { permission: { ...own, oidc: { ...rest, keys: read } }, problems: [] };
  const allowed = "a JSON Web Key Set with at least one public key";
  const advice = "save what the issuer's jwks_uri answers; no private or shared key belongs there";
  return { problems: [{ path: [...at, "oidc", "keys"], got: `the file ${file}, ${read}`, allowed, advice }] };
}

/** The keys, or what is wrong with the text. */
function keysIn(content: string | undefined): readonly Jwk[] | string {
  if (content === undefined) return "which is not there";
  let document: unknown;
  try {
    document = JSON.parse(content);
  } catch {
    return "which is no JSON";
  }
  const keys = asArray(path(document, "keys")).flatMap((key): Jwk[] => [asObject(key) ?? {}]);
  if (!keys.some(({ kty }) => typeof kty === "string")) return "which holds no key";
  // `d` is the private half, `k` a secret that both sides share: whoever reads the project could make tokens.
  if (keys.some((key) => "d" in key || "k" in key)) return "which holds a private key";
  return keys;
}
