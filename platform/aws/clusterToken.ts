/** Tokens by which an EKS cluster knows who asks: a question to STS, signed, that the cluster puts for its asker. */
import { createHash, createHmac } from "node:crypto";
import type { AwsSession, Credentials } from "./session";

/** How long the signed question may be put. The cluster itself believes its answer for 15 minutes. */
const SECONDS = 60;
const PREFIX = "k8s-aws-v1.";
const CLUSTER_HEADER = "x-k8s-aws-id";

/** A token for one cluster, as whoever the session is. Never to be kept: make one for each use. */
export async function clusterToken(session: AwsSession, cluster: string, now: Date = new Date()): Promise<string> {
  const sts = await import("@aws-sdk/client-sts");
  const { credentials } = session.client(sts.STSClient).config as unknown as {
    readonly credentials: () => Promise<Credentials>;
  };
  const host = `sts.${session.region}.${session.dnsSuffix}`;
  const url = signedQuestion({ host, region: session.region, cluster, credentials: await credentials(), now });
  return PREFIX + Buffer.from(url).toString("base64url");
}

export interface Question {
  readonly host: string;
  readonly region: string;
  readonly cluster: string;
  readonly credentials: Credentials;
  readonly now: Date;
}

/** The URL of GetCallerIdentity, signed by Signature Version 4 in its query, for a request that names the cluster. */
export function signedQuestion({ host, region, cluster, credentials, now }: Question): string {
  const instant = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = instant.slice(0, 8);
  const scope = `${day}/${region}/sts/aws4_request`;
  const signed = `host;${CLUSTER_HEADER}`;
  const query = Object.entries({
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${credentials.accessKeyId}/${scope}`,
    "X-Amz-Date": instant,
    "X-Amz-Expires": String(SECONDS),
    ...(credentials.sessionToken === undefined ? {} : { "X-Amz-Security-Token": credentials.sessionToken }),
    "X-Amz-SignedHeaders": signed,
  })
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join("&");
  const request = ["GET", "/", query, `host:${host}`, `${CLUSTER_HEADER}:${cluster}`, "", signed, sha256("")].join(
    "\n",
  );
  const toSign = ["AWS4-HMAC-SHA256", instant, scope, sha256(request)].join("\n");
  const key = [day, region, "sts", "aws4_request"].reduce<Buffer>(
    (secret, part) => hmac(secret, part),
    Buffer.from(`AWS4${credentials.secretAccessKey}`),
  );
  return `https://${host}/?${query}&X-Amz-Signature=${hmac(key, toSign).toString("hex")}`;
}

/** Every letter but those that RFC 3986 leaves as they are. */
const encoded = (value: string): string =>
  encodeURIComponent(value).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);

const sha256 = (value: string): string => createHash("sha256").update(value).digest("hex");
const hmac = (key: Buffer, value: string): Buffer => createHmac("sha256", key).update(value).digest();
