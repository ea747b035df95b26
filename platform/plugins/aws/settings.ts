/** The provider's configuration, as it comes from a program and means something here. */
import { z } from "zod";
import type { Credentials, SessionRole } from "../../aws/session";
import { reveal, type Properties } from "../../rpc";

export interface Settings {
  readonly region: string;
  readonly endpoint?: string;
  readonly fips: boolean;
  readonly credentials?: Credentials;
  readonly roles: readonly SessionRole[];
  readonly allowedAccountIds?: readonly string[];
  readonly forbiddenAccountIds: readonly string[];
  readonly defaultTags: Readonly<Record<string, string>>;
}

const texts = z.record(z.string(), z.string());

const schema = z.strictObject({
  region: z.string().min(1, "aws: a region is needed: give the provider one, or set AWS_REGION"),
  accessKey: z.string().optional(),
  secretKey: z.string().optional(),
  token: z.string().optional(),
  allowedAccountIds: z.array(z.string()).optional(),
  forbiddenAccountIds: z.array(z.string()).default([]),
  assumeRoles: z
    .array(
      z.strictObject({
        roleArn: z.string(),
        sessionName: z.string().optional(),
        externalId: z.string().optional(),
        tags: texts.optional(),
      }),
    )
    .default([]),
  defaultTags: z.strictObject({ tags: texts.default({}) }).default({ tags: {} }),
  endpoints: z.array(texts).default([]),
  useFipsEndpoint: z.boolean().default(false),
  // Taken and without effect here: what they decide is decided already.
  s3UsePathStyle: z.boolean().optional(),
  skipCredentialsValidation: z.boolean().optional(),
  skipMetadataApiCheck: z.boolean().optional(),
  skipRegionValidation: z.boolean().optional(),
  maxRetries: z.number().optional(),
  retryMode: z.string().optional(),
});

/** Properties whose values are plain texts; every other one arrives as JSON. */
const PLAIN = new Set(["region", "accessKey", "secretKey", "token", "retryMode"]);

/** @throws Error that lists every problem, without a value that may be secret */
export function parseSettings(args: Properties, env: NodeJS.ProcessEnv = process.env): Settings {
  const { version: _version, ...plain } = reveal(args);
  const values = Object.fromEntries(
    Object.entries(plain).map(([name, value]) => [name, PLAIN.has(name) ? value : parsed(value)]),
  );
  const region = values.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? "";
  const result = schema.safeParse({ ...values, region });
  if (!result.success) {
    const problems = result.error.issues.map((issue) =>
      issue.code === "unrecognized_keys"
        ? `${issue.keys.join(", ")}: not covered by this stand-in of the aws plugin`
        : `${issue.path.join(".")}: ${issue.message}`,
    );
    throw new Error(`the aws provider cannot be configured: ${problems.join("; ")}`);
  }
  const { accessKey, secretKey, token, assumeRoles, defaultTags, endpoints, ...rest } = result.data;
  const urls = [...new Set(endpoints.flatMap((entry) => Object.values(entry)))];
  const [endpoint, ...others] = urls;
  if (others.length > 0)
    throw new Error(
      `the aws provider cannot be configured: endpoints name ${urls.join(" and ")}; this stand-in calls all services at one`,
    );
  return {
    region: rest.region,
    ...(endpoint === undefined ? {} : { endpoint }),
    fips: rest.useFipsEndpoint,
    ...(accessKey === undefined || secretKey === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: accessKey,
            secretAccessKey: secretKey,
            ...(token === undefined ? {} : { sessionToken: token }),
          },
        }),
    roles: assumeRoles.map(({ roleArn, ...role }) => ({ arn: roleArn, ...role })),
    ...(rest.allowedAccountIds === undefined ? {} : { allowedAccountIds: rest.allowedAccountIds }),
    forbiddenAccountIds: rest.forbiddenAccountIds,
    defaultTags: defaultTags.tags,
  };
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
