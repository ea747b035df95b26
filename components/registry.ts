import * as pulumi from "@pulumi/pulumi";

export interface RegistryArgs {
  /** Host and port, and a path if there is one, e.g. `127.0.0.1:5000` or `registry.example.gov/policies`. */
  readonly address: string;
}

/** Where the images of a stack are kept: one repository a service. It exists before the stack and outlives it. */
export class Registry extends pulumi.ComponentResource {
  private readonly address: string;

  constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hms:delivery:Registry", name, { address: args.address }, opts);
    this.address = args.address;
    this.registerOutputs({ address: args.address });
  }

  /** The repository of a service, without a tag. */
  repository(service: string): string {
    return `${this.address}/${service}`;
  }
}
