import type { IAMClient } from "@aws-sdk/client-iam";
import { type Account, DEPLOY_BOUNDARY } from "../../core/account/account";
import { sameDocument } from "../../core/account/bootstrap";
import { boundaryArn, deployBoundary, deployPolicy, DEPLOY_POLICY_NAME } from "../../core/account/deployRole";
import { deployTrust, policyText } from "../../core/account/documents";
import type { AwsSession } from "../../platform/aws/session";
import { orAbsent, pieceOf, type PieceToMake } from "./piece";

/** IAM keeps five versions of a policy; the oldest makes room. */
const VERSIONS = 5;
const SESSION_SECONDS = 3600;

/** The deploy role's boundary and the role itself, as they are and as they should be. */
export async function rolePieces(
  session: AwsSession,
  account: Account & { readonly externalId: string },
  trusted: readonly string[],
  signal: AbortSignal,
): Promise<readonly PieceToMake[]> {
  const iam = await import("@aws-sdk/client-iam");
  const client = session.client(iam.IAMClient);
  return [await boundaryPiece(client, account, signal), await rolePiece(client, account, trusted, signal)];
}

async function boundaryPiece(client: IAMClient, account: Account, signal: AbortSignal): Promise<PieceToMake> {
  const iam = await import("@aws-sdk/client-iam");
  const until = { abortSignal: signal };
  const PolicyArn = boundaryArn(account);
  const wanted = policyText(deployBoundary(account));
  const known = await orAbsent(client.send(new iam.GetPolicyCommand({ PolicyArn }), until), "NoSuchEntityException");
  const VersionId = known?.Policy?.DefaultVersionId ?? "";
  const version =
    known && (await orAbsent(client.send(new iam.GetPolicyVersionCommand({ PolicyArn, VersionId }), until)));
  const document = decoded(version?.PolicyVersion?.Document);
  const differences = known && (sameDocument(document, wanted) ? [] : ["another document becomes its default version"]);
  return pieceOf(
    `policy ${DEPLOY_BOUNDARY}`,
    "the bounds of what the deploy role may ever do",
    differences,
    async (abort) => {
      const stop = { abortSignal: abort };
      if (known === undefined) {
        await client.send(new iam.CreatePolicyCommand({ PolicyName: DEPLOY_BOUNDARY, PolicyDocument: wanted }), stop);
        return;
      }
      const { Versions = [] } = await client.send(new iam.ListPolicyVersionsCommand({ PolicyArn }), stop);
      const spare = Versions.filter(({ IsDefaultVersion }) => IsDefaultVersion !== true);
      const oldest = spare.sort((a, b) => Number(a.CreateDate ?? 0) - Number(b.CreateDate ?? 0))[0];
      if (Versions.length >= VERSIONS && oldest?.VersionId !== undefined)
        await client.send(new iam.DeletePolicyVersionCommand({ PolicyArn, VersionId: oldest.VersionId }), stop);
      await client.send(
        new iam.CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: wanted, SetAsDefault: true }),
        stop,
      );
    },
  );
}

async function rolePiece(
  client: IAMClient,
  account: Account & { readonly externalId: string },
  trusted: readonly string[],
  signal: AbortSignal,
): Promise<PieceToMake> {
  const iam = await import("@aws-sdk/client-iam");
  const until = { abortSignal: signal };
  const RoleName = account.role;
  const PermissionsBoundary = boundaryArn(account);
  const trust = policyText(deployTrust(trusted, account.externalId));
  const policy = policyText(deployPolicy(account));
  const own = { RoleName, PolicyName: DEPLOY_POLICY_NAME };
  const known = await orAbsent(client.send(new iam.GetRoleCommand({ RoleName }), until), "NoSuchEntityException");
  const may = known && (await orAbsent(client.send(new iam.GetRolePolicyCommand(own), until), "NoSuchEntityException"));
  const right = {
    trust: sameDocument(decoded(known?.Role?.AssumeRolePolicyDocument), trust),
    boundary: known?.Role?.PermissionsBoundary?.PermissionsBoundaryArn === PermissionsBoundary,
    policy: sameDocument(decoded(may?.PolicyDocument), policy),
  };
  const differences = known && [
    ...(right.trust ? [] : ["who may take it on"]),
    ...(right.boundary ? [] : [`its boundary becomes ${DEPLOY_BOUNDARY}`]),
    ...(right.policy ? [] : ["what it may do"]),
  ];
  const made = `taken on by ${trusted.join(" and ")} with the external id, bounded by ${DEPLOY_BOUNDARY}`;
  return pieceOf(`role ${RoleName}`, made, differences, async (abort) => {
    const stop = { abortSignal: abort };
    if (known === undefined)
      await client.send(
        new iam.CreateRoleCommand({
          ...{ RoleName, AssumeRolePolicyDocument: trust, PermissionsBoundary },
          MaxSessionDuration: SESSION_SECONDS,
          Description: "Deliveries into this account",
        }),
        stop,
      );
    else {
      if (!right.boundary)
        await client.send(new iam.PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }), stop);
      if (!right.trust)
        await client.send(new iam.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust }), stop);
    }
    if (!right.policy) await client.send(new iam.PutRolePolicyCommand({ ...own, PolicyDocument: policy }), stop);
  });
}

/** IAM answers with documents that are encoded for a URL. */
const decoded = (document: string | undefined): string | undefined =>
  document === undefined ? undefined : decodeURIComponent(document);
