import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { SigningWish } from "../core/attest/wish";
import type { ScanWish } from "../core/scan/wish";
import { ScannedImage } from "../provider/sdk";

export interface PolicyImageArgs {
  /** Repository to push to, without tag, e.g. `127.0.0.1:5000/drought-benefit`. */
  readonly repository: string;
  /** Folder that is sent to the builder, relative to the program: an absolute one would differ between two clones. */
  readonly context: string;
  /** Path of the Dockerfile, relative to the context. */
  readonly dockerfile: string;
  /** Build arguments; never secrets, for images keep them. @default none */
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Digest of everything the image is made from; names the image, so that an unchanged context builds nothing. */
  readonly contextHash: string;
  /** What it must not have in it. @default - it is pushed unscanned */
  readonly scan?: ScanWish;
  /** By whom the scan is attested. @default - it is not */
  readonly signing?: Pick<SigningWish, "local" | "signer">;
  /** Whose it is, for the ledger. */
  readonly namespace: string;
  /** Whose image it is. */
  readonly service: string;
}

/**
 * The container image of a service: built from its folder, scanned where that is wanted, pushed if nothing speaks against
 * it, and from then on known by digest only.
 */
export class PolicyImage extends pulumi.ComponentResource {
  /** `<repository>@sha256:<digest>`; unknown in a preview when a build is due. */
  readonly image: pulumi.Output<string>;

  constructor(name: string, args: PolicyImageArgs, opts: pulumi.ComponentResourceOptions) {
    const { repository, context, dockerfile, buildArgs = {}, contextHash, scan, signing, service, namespace } = args;
    super("hms:delivery:PolicyImage", name, { repository, contextHash }, opts);
    const imageName = `${repository}:${contextHash.slice(0, 12)}`;
    const built = new docker.Image(
      name,
      {
        imageName,
        build: { context, dockerfile: `${context}/${dockerfile}`, args: buildArgs, platform: "linux/amd64" },
        // Pushed below, if its scan passes.
        ...(scan === undefined ? {} : { skipPush: true }),
      },
      {
        parent: this,
        retainOnDelete: true, // the registry decides how long an image lives, not the stack
      },
    );
    this.image =
      scan === undefined
        ? built.repoDigest
        : new ScannedImage(
            name,
            {
              ...{ service, namespace, name: imageName, built: built.repoDigest, contextHash, scan },
              ...(signing === undefined ? {} : { signing }),
            },
            { parent: this },
          ).image;
    this.registerOutputs({ image: this.image });
  }
}
