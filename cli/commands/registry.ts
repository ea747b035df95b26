import { ownTags, KEPT_RELEASES, type Decision } from "../../core/registry/retention";
import { applyPrune, decidePrune } from "../../provider/registry/prune";
import { answer, JSON_OPTION, UsageError, type Command } from "../command";
import { openPrune } from "../images";
import { askForServices } from "../permission";
import { openStack, stackOf } from "../stack";
import { STACK_OPTION } from "./status";

/** What `hms registry prune --json` prints. */
export interface PruneDocument {
  readonly stack: string;
  /** Whether what may go is gone. */
  readonly applied: boolean;
  readonly keep: number;
  readonly images: readonly {
    readonly image: string;
    readonly tags: readonly string[];
    readonly at: string | null;
    readonly bytes: number;
    readonly remove: boolean;
    readonly reason: string;
  }[];
}

/** `hms registry prune`: takes away releases that nobody uses, and says of each image why it goes or stays. */
export const prune: Command = {
  name: "registry prune",
  summary: "Says which images of a stack's services nobody uses any more, and removes them with --apply.",
  options: [
    STACK_OPTION,
    {
      flags: "--keep <count>",
      description: "releases that stay though nobody uses them",
      default: String(KEPT_RELEASES),
    },
    { flags: "--apply", description: "removes what may go; without it nothing is changed" },
    JSON_OPTION,
  ],
  examples: [
    "hms registry prune --stack prod           # what would go, and why the rest stays",
    "hms registry prune --stack prod --apply",
    "hms registry prune --stack prod --json",
  ],
  async run(invocation, io) {
    const stack = invocation.required("stack");
    const keep = countOf(invocation.required("keep"));
    const applied = invocation.flag("apply");
    if (applied) await askForServices("prune", openStack(stackOf(stack), undefined, io.env), io);
    const prune = await openPrune({ stack, keep, apply: applied }, io);
    const decisions = await decidePrune(prune);
    if (applied)
      await applyPrune(
        prune,
        decisions,
        ({ repository, digest }) => void io.err.write(`removed ${repository}@${digest}\n`),
      );
    answer(io, invocation.flag("json"), documentOf(stack, applied, keep, decisions), () => textOf(decisions, applied));
  },
};

const documentOf = (stack: string, applied: boolean, keep: number, decisions: readonly Decision[]): PruneDocument => ({
  stack,
  applied,
  keep,
  images: decisions.map(({ image: { repository, digest, tags, at, bytes }, remove, reason }) => ({
    image: `${repository}@${digest}`,
    ...{ tags, at, bytes, remove, reason },
  })),
});

function textOf(decisions: readonly Decision[], applied: boolean): string {
  const lines = decisions.map(({ image, remove, reason }) => {
    const name = `${image.repository}:${ownTags(image).join(",") || image.digest.slice(0, 19)}`;
    return `${remove ? (applied ? "removed" : "goes   ") : "stays  "}  ${image.at?.slice(0, 16) ?? "?".padEnd(16)}  ${name}: ${reason}`;
  });
  const going = decisions.filter(({ remove }) => remove).length;
  const said = `${going} of ${decisions.length} images ${applied ? "were removed" : "may go"}`;
  const next = applied || going === 0 ? "" : "; nothing was changed: --apply removes them";
  return [...lines, `${said}${next}`].join("\n");
}

function countOf(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new UsageError(`--keep: got "${text}"; allowed is a whole number from 0 to 9999; say how many releases stay`);
}

export const registryCommands: readonly Command[] = [prune];
