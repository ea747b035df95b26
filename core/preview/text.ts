import { changeText, countCells, dangerText, headline, policyText, serviceCells } from "./cells";
import type { PreviewDocument } from "./document";
import { keyOf } from "./facts";

/** A preview for a terminal; what takes something away comes first. */
export function previewText(document: PreviewDocument): string {
  const { stack, refused, dangers, services, others, policies, counts, digest, warnings } = document;
  return [
    `preview of ${stack}: ${headline(document)}`,
    ...list("refused", refused),
    ...list("takes away", dangers.map(dangerText)),
    ...services.flatMap((service) => {
      const { now, after, release, how, image, scan } = serviceCells(service);
      return [
        "",
        keyOf(service),
        `  traffic  ${now}`,
        `        -> ${after}`,
        `  release  ${release}`,
        `  plan     ${how}`,
        `  image    ${image}`,
        `  scan     ${scan}`,
        ...service.notes.map((note) => `  note     ${note}`),
        ...service.changes.map((change) => `  ${changeText(change)}`),
      ];
    }),
    ...list("besides services", others.map(changeText)),
    ...list(policyHead(policies), policyLines(policies)),
    ...list(
      "counts, before -> after",
      countCells(counts).map(
        ([what, before, after]) => `${what}: ${before === after ? after : `${before} -> ${after}`}`,
      ),
    ),
    ...list("warnings", warnings),
    "",
    digest === null ? "no plan: nothing can be applied" : `plan ${digest}`,
  ].join("\n");
}

const list = (title: string, items: readonly string[]): string[] =>
  items.length === 0 ? [] : ["", title, ...items.map((item) => `  ${item.replaceAll("\n", "\n  ")}`)];

/** What the packs found; that nobody looked is another thing than that nothing was found. */
export const policyLines = ({ packs, results }: PreviewDocument["policies"]): readonly string[] =>
  results.length > 0
    ? results.map(policyText)
    : [Object.keys(packs).length === 0 ? "nothing was judged" : "no findings"];

export const policyHead = ({ packs }: PreviewDocument["policies"]): string => {
  const ran = Object.entries(packs).map(([name, version]) => (version === "" ? name : `${name} ${version}`));
  return `policies (${ran.length === 0 ? "no pack ran" : ran.join(", ")})`;
};
