import { writeFileSync } from "node:fs";
import { previewMarkdown } from "../../core/preview/markdown";
import { previewText } from "../../core/preview/text";
import type { PreviewDocument } from "../../core/preview/document";
import { RefusedError } from "../../platform/errors";
import { EXIT, UsageError, type Command } from "../command";
import { previewStack } from "../preview";
import { readWishes, WISH_OPTIONS } from "../wishes";
import { STACK_OPTION } from "./status";

const FORMATS: Readonly<Record<string, (document: PreviewDocument) => string>> = {
  text: previewText,
  markdown: previewMarkdown,
  json: (document) => JSON.stringify(document, null, 2),
};

/** `hms preview`: what an update would do, for a terminal, a pull request or a program; changes nothing. */
export const preview: Command = {
  name: "preview",
  summary: "What an update would change: traffic, releases, images, policies, costs; with a digest to approve.",
  options: [
    { ...STACK_OPTION, description: "stack to preview; canary is the parked phase of prod" },
    { flags: "--format <name>", description: "text, markdown or json", default: "text" },
    { flags: "--save <file>", description: "writes the plan, for hms-deploy --plan" },
    ...WISH_OPTIONS,
  ],
  examples: [
    "hms preview --stack prod",
    "hms preview --stack prod --format markdown --save prod.plan   # for a pull request",
    "hms preview --stack prod --format json",
  ],
  async run(invocation, io) {
    const format = invocation.required("format");
    const render = FORMATS[format];
    if (!render)
      throw new UsageError(
        `--format: got "${format}"; allowed are ${Object.keys(FORMATS).join(", ")}; text is the default`,
      );
    const { stack, wishes } = await readWishes(invocation.required("stack"), invocation, io.env);
    const { document, plan } = await previewStack(stack, wishes, io);
    io.out.write(`${render(document).replace(/\n$/, "")}\n`);
    const save = invocation.text("save");
    if (document.result === "refused") {
      const why = document.refused[0]?.split("\n")[0] ?? "the preview failed";
      throw new RefusedError(
        `the update of ${stack} is refused: ${why}${save === undefined ? "" : "; no plan is saved"}`,
      );
    }
    if (save !== undefined && plan !== undefined) {
      writeFileSync(save, `${JSON.stringify(plan, null, 1)}\n`, { mode: 0o600 });
      io.err.write(`plan ${plan.digest} is in ${save}\n`);
    }
    return EXIT.done;
  },
};
