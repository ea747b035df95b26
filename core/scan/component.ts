import { PackageURL } from "packageurl-js";

/** One package that an image holds. */
export interface Component {
  /** As OSV names it: `npm`, `Go`, `PyPI`, `Debian:12`. */
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  /** Package URL; names it in the SBOM. */
  readonly purl: string;
  /** What advisories are written about, where that is another package: Debian's are about source packages. */
  readonly source?: { readonly name: string; readonly version: string };
  /** File of the image that says so. */
  readonly where: string;
}

/** `Debian` of `Debian:12`: advisories lie in a folder of that name. */
export const databaseOf = (ecosystem: string): string => ecosystem.split(":")[0] ?? ecosystem;

/** What advisories know the component as. */
export const advised = ({ name, version, source }: Component): { readonly name: string; readonly version: string } =>
  source ?? { name, version };

/** @param qualifiers parts of the URL's query; undefined ones are left out. */
export function purlOf(
  type: string,
  namespace: string | undefined,
  name: string,
  version: string,
  qualifiers: Readonly<Record<string, string>> = {},
): string {
  const extra = Object.keys(qualifiers).length === 0 ? undefined : { ...qualifiers };
  return new PackageURL(type, namespace, name, version, extra, undefined).toString();
}

/** Each package once, in an order of their own. */
export function distinct(components: readonly Component[]): readonly Component[] {
  const byPurl = new Map<string, Component>();
  for (const component of components) if (!byPurl.has(component.purl)) byPurl.set(component.purl, component);
  return [...byPurl.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
}
