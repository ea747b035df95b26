import { changeText, countCells, dangerText, headline, serviceCells } from "./cells";
import type { Change, PreviewDocument } from "./document";
import { policyHead, policyLines } from "./text";

/** Comments of pull requests end at 65,536 characters; what is beyond goes, and is said to be gone. */
const LONGEST = 60_000;
const MOST_ROWS = 200;

/** A preview for a pull request; what takes something away comes first. */
export function previewMarkdown(document: PreviewDocument): string {
  const { stack, refused, dangers, services, others, policies, counts, digest, warnings } = document;
  const cells = services.map(serviceCells);
  const all = [...services.flatMap(({ changes }) => changes), ...others];
  const text = [
    `### Preview of \`${stack}\``,
    `**${escaped(headline(document))}**`,
    bullets("**Refused:**", refused),
    bullets("**Takes away:**", dangers.map(dangerText)),
    table(
      ["service", "traffic now", "traffic after", "release", "plan"],
      cells.map(({ service, now, after, release, how }) => [service, now, after, release, how].map(escaped)),
    ),
    bullets(
      "Remarks:",
      services.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)),
    ),
    table(
      ["service", "image", "scan"],
      cells.map(({ service, image, scan }) => [escaped(service), code(image), escaped(scan)]),
    ),
    bullets(`${policyHead(policies)}:`, policyLines(policies)),
    table(
      ["counted", "before", "after"],
      countCells(counts).map((row) => row.map(escaped)),
    ),
    bullets("Warnings:", warnings),
    details(`All ${all.length} changes`, all),
    digest === null
      ? "There is no plan to apply."
      : `Plan \`${digest}\`. Approve this digest; \`hms-deploy --plan <file> --approved ${digest}\` applies exactly it, and refuses if the world has moved.`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
  return `${shortened(text, digest)}\n`;
}

function shortened(text: string, digest: string | null): string {
  if (text.length <= LONGEST) return text;
  const end = `\n\n(cut off here; \`hms preview --format json\` has all of it)${digest === null ? "" : `\n\nPlan \`${digest}\`.`}`;
  const cut = text.slice(0, LONGEST);
  const whole = cut.slice(0, cut.lastIndexOf("\n"));
  const open = whole.lastIndexOf("<details>") > whole.lastIndexOf("</details>") ? "\n\n</details>" : "";
  return `${whole}${open}${end}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const more = rows.length > MOST_ROWS ? `\n\n(and ${rows.length - MOST_ROWS} more)` : "";
  return `${[line(head), `|${" --- |".repeat(head.length)}`, ...rows.slice(0, MOST_ROWS).map(line)].join("\n")}${more}`;
}

const bullets = (title: string, items: readonly string[]): string =>
  items.length === 0 ? "" : `${title}\n\n${items.map((item) => `- ${escaped(item)}`).join("\n")}`;

function details(title: string, changes: readonly Change[]): string {
  if (changes.length === 0) return "";
  const lines = changes.slice(0, MOST_ROWS).map((change) => `- ${escaped(changeText(change))}`);
  const more = changes.length > MOST_ROWS ? [`- and ${changes.length - MOST_ROWS} more`] : [];
  return `<details><summary>${title}</summary>\n\n${[...lines, ...more].join("\n")}\n\n</details>`;
}

/** A reference by digest is no mention of anybody, and is to be copied as it is. */
const code = (image: string): string => (image.includes("@") ? `\`${image.replace(/[`|\s]/g, "")}\`` : escaped(image));

/** Texts of others (names, reasons, policies) stay text: no cell ends early, no tag, link, mention or heading begins. */
const escaped = (text: string): string =>
  text
    .replace(/\r?\n\s*/g, " ")
    .replace(/[\\`*_{}[\]<>|#~]/g, "\\$&")
    .replace(/@(?=\w)/g, "@\u200b");
