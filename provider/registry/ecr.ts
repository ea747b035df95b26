import type { ECRClient, ImageDetail } from "@aws-sdk/client-ecr";
import { MANIFEST_TYPES, readManifest } from "../../core/registry/manifest";
import { isDigest, subjectOfTag, type StoredImage } from "../../core/registry/image";
import { awsRefusal, isAws } from "../../platform/aws/errors";
import type { AwsSession } from "../../platform/aws/session";
import { inTurns, type ImageStore } from "./store";

/** Images that one question is about, at most. */
const PAGE = 100;

/** The registry of an AWS account. It knows when each image was pushed, and lists what has no tag. */
export class EcrStore implements ImageStore {
  readonly where: string;

  /** @param path below which its repositories are: `hms`. */
  constructor(
    private readonly session: AwsSession,
    private readonly path = "hms",
  ) {
    const { account, region, dnsSuffix } = session;
    this.where = `${account}.dkr.ecr.${region}.${dnsSuffix}/${path}`;
  }

  async list(repository: string, signal: AbortSignal): Promise<readonly StoredImage[]> {
    const repositoryName = `${this.path}/${repository}`;
    const details = await this.details(repositoryName, signal);
    const pages = Array.from({ length: Math.ceil(details.length / PAGE) }, (_, index) =>
      details.slice(index * PAGE, (index + 1) * PAGE),
    );
    const manifests = new Map((await inTurns(pages, (page) => this.manifests(repositoryName, page, signal))).flat());
    return details.flatMap((detail): readonly StoredImage[] => {
      const { imageDigest: digest, imageTags: tags = [], imagePushedAt, imageSizeInBytes = 0 } = detail;
      if (!isDigest(digest)) return [];
      const facts = readManifest(manifests.get(digest) ?? "", `${this.where}/${repository}@${digest}`);
      const about = tags.flatMap((tag) => subjectOfTag(tag) ?? []);
      return [
        {
          repository: `${this.where}/${repository}`,
          digest,
          tags: [...tags].sort(),
          at: imagePushedAt?.toISOString() ?? null,
          children: facts.children,
          // What has a tag of its own as well stands for itself.
          subject: facts.subject ?? (about.length === tags.length ? (about[0] ?? null) : null),
          bytes: imageSizeInBytes,
        },
      ];
    });
  }

  async remove(repository: string, digest: string, signal: AbortSignal): Promise<void> {
    const { BatchDeleteImageCommand } = await import("@aws-sdk/client-ecr");
    const repositoryName = `${this.path}/${repository}`;
    const ask = new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageDigest: digest }] });
    const what = `${this.where}/${repository}@${digest} cannot be removed`;
    const { failures = [] } = await (await this.client()).send(ask, { abortSignal: signal }).catch((error: unknown) => {
      throw awsRefusal(what, error);
    });
    const failure = failures.find(({ failureCode }) => failureCode !== "ImageNotFound");
    if (failure)
      throw awsRefusal(what, new Error(`${failure.failureCode ?? ""} ${failure.failureReason ?? ""}`.trim()));
  }

  private async details(repositoryName: string, signal: AbortSignal): Promise<readonly ImageDetail[]> {
    const { paginateDescribeImages } = await import("@aws-sdk/client-ecr");
    const found: ImageDetail[] = [];
    try {
      const pages = paginateDescribeImages(
        { client: await this.client() },
        { repositoryName },
        { abortSignal: signal },
      );
      for await (const { imageDetails = [] } of pages) found.push(...imageDetails);
      return found;
    } catch (error) {
      signal.throwIfAborted();
      if (isAws(error, "RepositoryNotFoundException")) return [];
      throw awsRefusal(`${this.where}: ${repositoryName} cannot be listed`, error);
    }
  }

  private async manifests(
    repositoryName: string,
    page: readonly ImageDetail[],
    signal: AbortSignal,
  ): Promise<readonly (readonly [string, string])[]> {
    const { BatchGetImageCommand } = await import("@aws-sdk/client-ecr");
    const imageIds = page.map(({ imageDigest }) => ({ imageDigest }));
    const ask = new BatchGetImageCommand({ repositoryName, imageIds, acceptedMediaTypes: [...MANIFEST_TYPES] });
    const { images = [] } = await (await this.client()).send(ask, { abortSignal: signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw awsRefusal(`${this.where}: images of ${repositoryName} cannot be read`, error);
    });
    return images.flatMap(({ imageId, imageManifest }) =>
      imageId?.imageDigest === undefined || imageManifest === undefined ? [] : [[imageId.imageDigest, imageManifest]],
    );
  }

  private async client(): Promise<ECRClient> {
    const { ECRClient } = await import("@aws-sdk/client-ecr");
    return this.session.client(ECRClient);
  }
}
