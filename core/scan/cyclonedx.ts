import { sha256 } from "../sha256";
import type { Component } from "./component";

/** What the SBOM is about. */
export interface SbomSubject {
  /** Name of the image, without tag or digest. */
  readonly name: string;
  /** `sha256:…` of its configuration: what the Docker Engine calls its id. */
  readonly id: string;
}

/**
 * The bill of materials of an image, CycloneDX 1.6. The same image gives the same bytes: no time, and a serial number made
 * from the content.
 */
export function cycloneDx(subject: SbomSubject, components: readonly Component[]): string {
  const body = {
    metadata: {
      tools: { components: [{ type: "application", name: "hms" }] },
      component: { type: "container", "bom-ref": subject.id, name: subject.name, version: subject.id },
    },
    components: components.map(({ name, version, purl, where }) => ({
      type: "library",
      "bom-ref": purl,
      name,
      version,
      purl,
      evidence: { occurrences: [{ location: `/${where}` }] },
    })),
  };
  const serial = sha256(JSON.stringify(body));
  const uuid = `${serial.slice(0, 8)}-${serial.slice(8, 12)}-5${serial.slice(13, 16)}-8${serial.slice(17, 20)}-${serial.slice(20, 32)}`;
  const head = { bomFormat: "CycloneDX", specVersion: "1.6", serialNumber: `urn:uuid:${uuid}`, version: 1 };
  return `${JSON.stringify({ ...head, ...body }, null, 1)}\n`;
}
