import { linesAfter, parseLog, secretTexts, withoutSecrets, type LogLine } from "../../core/migrations/logLines";
import { CONTAINER } from "../../core/migrations/job";
import type { MigrationWork } from "../../core/migrations/note";
import { asString, path } from "../../core/json";
import type { KubeClient } from "../../platform/kube/client";

/** So many lines are kept for an error, and asked for at once. */
const KEPT_LINES = 20;
const ASKED_LINES = 100;
const ASKED_BYTES = 256 * 1024;

/** The log of one run as it grows, without the values of the Secrets that the run was given. */
export class JobLog {
  private last: LogLine | undefined;
  private readonly tail: string[] = [];

  private constructor(
    private readonly kube: KubeClient,
    private readonly namespace: string,
    private readonly secrets: readonly string[],
  ) {}

  /** @throws KubeApiError when the Secrets cannot be read: then nothing could be shown either. */
  static async of(kube: KubeClient, namespace: string, { secrets }: MigrationWork): Promise<JobLog> {
    const values = await Promise.all(
      Object.values(secrets).map(async ({ secret, key }) => {
        const object = await kube.get({ apiVersion: "v1", kind: "Secret", name: secret, namespace });
        return Buffer.from(asString(path(object, "data", key)) ?? "", "base64").toString("utf8");
      }),
    );
    return new JobLog(kube, namespace, secretTexts(values));
  }

  /** The lines that are new since the last call. A pod that has no log yet, or none any more, has none. */
  async fresh(pod: string, signal?: AbortSignal): Promise<readonly string[]> {
    const answer = await this.kube.request("GET", `/api/v1/namespaces/${this.namespace}/pods/${pod}/log`, {
      query: {
        container: CONTAINER,
        timestamps: true,
        tailLines: ASKED_LINES,
        limitBytes: ASKED_BYTES,
        sinceTime: this.last?.at.replace(/\.\d+/, ""),
      },
      signal,
    });
    if (answer.status !== 200) return [];
    const lines = linesAfter(parseLog(answer.text), this.last);
    this.last = lines.at(-1) ?? this.last;
    const texts = lines.map(({ text }) => this.shown(text));
    this.tail.push(...texts);
    this.tail.splice(0, this.tail.length - KEPT_LINES);
    return texts;
  }

  /** A text of another place, by the same rule. */
  shown(text: string): string {
    return withoutSecrets(text, this.secrets);
  }

  get lastLines(): readonly string[] {
    return this.tail;
  }
}
