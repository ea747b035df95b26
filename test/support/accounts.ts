import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "../../components/rights";
import type { ServiceConfig } from "../../core/service/service";
import { KubeClient } from "../../platform/kube/client";
import { loadLayout } from "../../platform/local/layout";
import { projectRoot } from "../../platform/home";
import { KubeProject } from "../engine/support/kubeProject";
import { kubectl } from "./cluster";

interface Kubeconfig {
  readonly users: readonly { readonly name: string }[];
}

/** The accounts of a namespace as the program makes them: the real component, by the real engine. */
export class NamespaceAccounts {
  private readonly project = new KubeProject();

  constructor(
    private readonly namespace: string,
    services: readonly string[],
    /** What all of them ask for. */
    wishes: Partial<Pick<ServiceConfig, "chaos" | "migrations">> = {},
  ) {
    const args = JSON.stringify({ namespace, services: services.map((name) => ({ name, secrets: {}, ...wishes })) });
    const component = JSON.stringify(join(projectRoot(), "components", "access.ts"));
    this.project.program(
      `require("tsx/cjs");\nconst { Access } = require(${component});\nnew Access("access", ${args}, {});`,
    );
  }

  async make(): Promise<void> {
    await this.project.createStack();
    await this.up();
  }

  /** @returns what the engine said. */
  async up(): Promise<string> {
    const { code, text } = await this.project.up();
    if (code !== 0) throw new Error(text);
    return text;
  }

  /** Everything is in the namespace, which goes with its test. */
  forget(): void {
    this.project.remove();
  }

  /** A client that the API server takes for the account. */
  client(account: Account): KubeClient {
    const token = kubectl("-n", this.namespace, "create", "token", account).trim();
    const config = JSON.parse(readFileSync(loadLayout().kubeconfig, "utf8")) as Kubeconfig;
    const users = config.users.map(({ name }) => ({ name, user: { token } }));
    return KubeClient.load({ kubeconfig: JSON.stringify({ ...config, users }) });
  }
}
