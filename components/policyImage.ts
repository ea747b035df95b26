import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

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
}

/** The container image of a service: built from its folder, pushed, and from then on known by digest only. */
export class PolicyImage extends pulumi.ComponentResource {
  /** `<repository>@sha256:<digest>`; unknown in a preview when a build is due. */
  readonly image: pulumi.Output<string>;

  constructor(name: string, args: PolicyImageArgs, opts: pulumi.ComponentResourceOptions) {
    const { repository, context, dockerfile, buildArgs = {}, contextHash } = args;
    super("hms:delivery:PolicyImage", name, { repository, contextHash }, opts);
    const built = new docker.Image(
      name,
      {
        imageName: `${repository}:${contextHash.slice(0, 12)}`,
        build: { context, dockerfile: `${context}/${dockerfile}`, args: buildArgs, platform: "linux/amd64" },
      },
      {
        parent: this,
        retainOnDelete: true, // the registry decides how long an image lives, not the stack
      },
    );
    this.image = built.repoDigest;
    this.registerOutputs({ image: this.image });
  }
}
