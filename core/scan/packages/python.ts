import { purlOf, type Component } from "../component";

/** Whether a file describes an installed distribution. */
export const isDistribution = (file: string): boolean =>
  /(?:^|\/)[^/]+(?:\.dist-info\/METADATA|\.egg-info\/PKG-INFO|\.egg-info)$/.test(file);

/** The distribution of a METADATA or PKG-INFO; undefined where it names none. */
export function readDistribution(text: string, where: string): Component | undefined {
  const [head = ""] = text.split(/\r?\n\r?\n/, 1);
  const value = (key: string) => new RegExp(`^${key}:[ \\t]*(\\S+)[ \\t]*\\r?$`, "mi").exec(head)?.[1];
  const [said, version] = [value("Name"), value("Version")];
  if (said === undefined || version === undefined) return undefined;
  // PEP 503: one name, however it is written.
  const name = said.toLowerCase().replace(/[-_.]+/g, "-");
  return { ecosystem: "PyPI", name, version, purl: purlOf("pypi", undefined, name, version), where };
}
