import * as pulumi from "@pulumi/pulumi";

export interface SoakArgs {
  readonly namespace: pulumi.Input<string>;
  /** Number of the wave, from 1. */
  readonly wave: number;
  /** How long the wave is watched after its last move. 0: only what it left is looked at. */
  readonly seconds: number;
  /** Service -> release that is to be live. */
  readonly releases: Readonly<Record<string, string>>;
}

/** Stands between two waves: what depends on it begins when the wave before has shown that it works. */
export class Soak extends pulumi.CustomResource {
  constructor(name: string, args: SoakArgs, opts: pulumi.CustomResourceOptions) {
    super("hms:fleet:Soak", name, { ...args, releases: { ...args.releases } }, opts);
  }
}
