import { createHash } from "node:crypto";
import type { AssessedControl, Assessment } from "./assess";

/** Of the documents written here: NIST's OSCAL, component definition model. */
const OSCAL_VERSION = "1.1.2";

/** Own name space of UUIDs, made once (RFC 9562, version 4). */
const OWN = "6f0e5c0a-3c52-4e27-9a61-0b9d7c2f8e41";

export interface ComponentFacts {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** When the report is made; the only thing in it that follows from no input. */
  readonly at: Date;
}

/**
 * An OSCAL component definition of what is shown. A claim that no test shows is left out: what reads this document would
 * take it for one. Equal inputs give equal bytes.
 */
export function componentDefinition(
  { title, description, version, at }: ComponentFacts,
  assessments: readonly Assessment[],
) {
  const implementations = assessments
    .map((assessment) => implementation(assessment))
    .filter((each) => each !== undefined);
  return {
    "component-definition": {
      uuid: uuidOf("definition", title),
      metadata: { title, "last-modified": at.toISOString(), version, "oscal-version": OSCAL_VERSION },
      components: [
        {
          uuid: uuidOf("component", title),
          type: "software",
          ...{ title, description },
          // OSCAL has no empty lists.
          ...(implementations.length === 0 ? {} : { "control-implementations": implementations }),
        },
      ],
    },
  };
}

function implementation({ baseline, controls }: Assessment) {
  const shown = controls.filter(({ standing }) => standing === "shown" || standing === "shown-in-part");
  if (shown.length === 0) return undefined;
  return {
    uuid: uuidOf("implementation", baseline.name),
    source: baseline.source,
    description: `What tests show of ${baseline.title}.`,
    "implemented-requirements": shown.map((control) => requirement(baseline.name, control)),
  };
}

function requirement(baseline: string, { id, claim, standing, proofs }: AssessedControl) {
  const remains = claim?.remains === undefined ? [] : [`Left to others: ${claim.remains}`];
  const tests = proofs.map(({ proof, run }) => ({
    name: "test",
    ns: NAMES,
    value: `${proof.file}: ${proof.test}`,
    ...(run === undefined ? {} : { remarks: `passed ${run.at}, ${run.commit}` }),
  }));
  return {
    uuid: uuidOf("requirement", `${baseline} ${id}`),
    "control-id": id,
    description: [claim?.how ?? "", ...remains].join("\n"),
    props: [{ name: "implementation-status", value: standing === "shown" ? "implemented" : "partial" }, ...tests],
  };
}

/** Of properties that OSCAL does not know. */
const NAMES = "https://hms.delivery/ns/oscal";

/** The same for the same name: RFC 9562, version 5. */
export function uuidOf(kind: string, name: string): string {
  const space = Buffer.from(OWN.replaceAll("-", ""), "hex");
  const hash = createHash("sha1").update(space).update(`${kind}:${name}`).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
