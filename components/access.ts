import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceConfig } from "../core/service/service";
import type { TlsSettings } from "../core/tls/settings";
import { OWNED } from "./colorStack";
import { resourceName } from "./resourceName";
import { ACCOUNTS, rightsOf, type Rule } from "./rights";

export interface AccessArgs {
  /** Whose cluster it is, where a stack has several. @default - the stack's own */
  readonly account?: string;
  readonly namespace: string;
  /** All services of the stack: what the accounts may touch is named after them. */
  readonly services: readonly Pick<ServiceConfig, "name" | "secrets" | "chaos" | "migrations">[];
  /** Who makes their certificates. @default - http only */
  readonly tls?: TlsSettings;
}

/**
 * The service accounts of a stack's namespace, each with a Role of its own and nothing else. Whoever makes this must
 * have all these rights: Kubernetes lets nobody grant what they lack.
 */
export class Access extends pulumi.ComponentResource {
  constructor(name: string, args: AccessArgs, opts: pulumi.ComponentResourceOptions) {
    const { namespace, tls } = args;
    const services = args.services.map((service) => service.name);
    const secrets = [
      ...args.services
        .flatMap((service) => [service.secrets, service.migrations?.secrets ?? {}])
        .flatMap((own) => Object.values(own).map(({ secret }) => secret)),
      ...(tls?.kind === "secret" ? [tls.secret] : []),
    ];
    const migrations = args.services.some((service) => service.migrations !== undefined);
    const chaos = args.services.some((service) => service.chaos !== undefined);
    super("hms:delivery:Access", name, { namespace, services }, opts);
    for (const account of ACCOUNTS) {
      const metadata = { name: account, namespace, annotations: OWNED };
      const parent = { parent: this };
      const identity = new k8s.core.v1.ServiceAccount(
        resourceName(args.account, account),
        // Mounted where a pod asks for it, not into whatever names the account.
        { metadata, automountServiceAccountToken: false },
        parent,
      );
      const role = new k8s.rbac.v1.Role(
        resourceName(args.account, account),
        {
          metadata,
          rules: rightsOf(account, { services, secrets, chaos, migrations, ...(tls === undefined ? {} : { tls }) }).map(
            plain,
          ),
        },
        parent,
      );
      new k8s.rbac.v1.RoleBinding(
        resourceName(args.account, account),
        {
          metadata,
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: account },
          subjects: [{ kind: "ServiceAccount", name: account, namespace }],
        },
        { parent: this, dependsOn: [identity, role] },
      );
    }
    this.registerOutputs({});
  }
}

/** The SDK's types take lists that may be changed. */
const plain = ({ apiGroups, resources, verbs, resourceNames }: Rule) => ({
  apiGroups: [...apiGroups],
  resources: [...resources],
  verbs: [...verbs],
  ...(resourceNames === undefined ? {} : { resourceNames: [...resourceNames] }),
});
