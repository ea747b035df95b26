import { type AssessedControl, type Assessment, count, type SeenProof, type Standing } from "./assess";
import { controlText } from "./baselines";

const WORDS: Readonly<Record<Standing, string>> = {
  shown: "shown",
  "shown-in-part": "shown in part",
  "not-shown": "CLAIMED, NOT SHOWN",
  duty: "somebody else's",
  gap: "gap",
};

/** A report for people: what is shown, by which tests, what is left to others, and every gap by its name. */
export function markdownReport(assessment: Assessment): string {
  const { baseline, controls, beyond, runs } = assessment;
  const claims = controls.filter(({ claim }) => claim !== undefined);
  const order: readonly Standing[] = ["shown", "shown-in-part", "not-shown", "duty", "gap"];
  return [
    `# Controls: ${baseline.title}`,
    "",
    "A pipeline gives evidence towards controls of an organization; it does not close them alone. A control counts as",
    "shown only when every test named for it passed in the runs below.",
    "",
    ...table(
      ["of the baseline", "controls"],
      order.map((one) => [WORDS[one], String(count(assessment, one))]),
    ),
    ...table(
      ["tests", "ended", "commit"],
      runs.map(({ run, at, commit }) => [run, at, commit]),
    ),
    "## Claims",
    "",
    ...claims.flatMap(claimLines),
    ...(beyond.length === 0 ? [] : ["## Claims beyond the baseline", "", ...beyond.flatMap(claimLines)]),
    "## Left to others",
    "",
    ...dutyLines(controls),
    "## Gaps",
    "",
    "Nothing here is claimed of:",
    "",
    namesOf(controls.filter(({ standing }) => standing === "gap")),
    "",
  ].join("\n");
}

function claimLines({ id, claim, standing, proofs }: AssessedControl): readonly string[] {
  if (!claim) return [];
  return [
    `### ${controlText(id)} ${claim.title}: ${WORDS[standing]}`,
    "",
    claim.how,
    "",
    ...(claim.remains === undefined ? [] : [`Left to others: ${claim.remains}`, ""]),
    ...proofs.map(proofLine),
    ...claim.evidence.map((evidence) => `- to look at: ${evidence}`),
    "",
  ];
}

const proofLine = ({ proof, state, tests, run }: SeenProof): string => {
  const many = tests > 1 ? `, ${tests} tests` : "";
  const where = run === undefined ? "in no run" : `${state} ${run.at.slice(0, 10)}${many}`;
  return `- test: ${proof.test} (${proof.file}): ${where}`;
};

function dutyLines(controls: readonly AssessedControl[]): readonly string[] {
  const duties = new Set(controls.flatMap(({ duty }) => (duty ? [duty] : [])));
  return [...duties].flatMap((duty) => [
    `**${duty.whose}**: ${duty.why}`,
    "",
    namesOf(controls.filter((control) => control.duty === duty)),
    "",
  ]);
}

const namesOf = (controls: readonly AssessedControl[]): string =>
  controls.length === 0 ? "none" : controls.map(({ id }) => controlText(id)).join(", ");

const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] =>
  rows.length === 0 ? [] : [row(head), row(head.map(() => "---")), ...rows.map(row), ""];

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
