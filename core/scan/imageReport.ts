import { PackageURL } from "packageurl-js";
import { advised, databaseOf, type Component } from "./component";
import type { Secret, Vulnerability } from "./finding";
import { ratingOf, worse, type Rating, type Severity } from "./severity";

/** What a scanner of whole images said of one. */
export interface ImageReport {
  readonly vulnerabilities: readonly Vulnerability[];
  readonly secrets: readonly Secret[];
  /** Kinds of package URLs that it looked at; `undefined` where its report does not say. */
  readonly looked: ReadonlySet<string> | undefined;
  /** Of the planted weaknesses, those that it found. */
  readonly planted: readonly string[];
  readonly plantedSecret: boolean;
}

/** A package as waivers and other scanners name it. */
export interface Named {
  /** `npm/minimist`, `Debian/openssl` */
  readonly package: string;
  readonly version: string;
}

/** What is planted for a scanner of whole images; see `provider/scan/plantedImage.ts`. */
export interface Plant {
  /** Folder of the image, of a name that no image can know. */
  readonly folder: string;
  /** Weaknesses that have to be found there. */
  readonly ids: readonly string[];
}

/** A path of the image as it stands in its layers. */
export const bare = (path: string): string => path.replace(/^\/+/, "");
export const isPlanted = (path: string, plant: Plant): boolean => bare(path).startsWith(`${plant.folder}/`);

/** Of the planted weaknesses those that were found as what they are: critical. */
export const found = (read: readonly (readonly [path: string, Vulnerability])[], plant: Plant): readonly string[] =>
  plant.ids.filter((id) =>
    read.some(([path, { names, severity }]) => isPlanted(path, plant) && severity === "critical" && names.includes(id)),
  );

/**
 * Gives packages that a scanner names by package URL the names that they have in our bill of materials: of Debian's the
 * source package's. What is not in it is named after the URL itself.
 */
export function namesOf(components: readonly Component[]): (purl: string, otherwise: Named) => Named {
  const known = new Map(components.map((component) => [keyOf(parse(component.purl)), component]));
  return (purl, otherwise) => {
    const url = parse(purl);
    if (url === undefined) return otherwise;
    const component = known.get(keyOf(url));
    if (component === undefined) return named(url);
    const { name, version } = advised(component);
    return { package: `${databaseOf(component.ecosystem)}/${name}`, version };
  };
}

/** `npm`, `deb`: the kind of a package URL. */
export const typeOf = (purl: string): string | undefined => parse(purl)?.type;

function parse(purl: string): PackageURL | undefined {
  try {
    return PackageURL.fromString(purl);
  } catch {
    return undefined;
  }
}

/** Without qualifiers; an epoch of dpkg stands there for some, and in the version for others. */
function keyOf(url: PackageURL | undefined): string {
  if (url === undefined) return "";
  const version = url.type === "deb" ? url.version?.replace(/^\d+:/, "") : url.version;
  return [url.type, url.namespace, url.name, version].join("\0");
}

const LABELS: Readonly<Record<string, string>> = { npm: "npm", pypi: "PyPI", golang: "Go" };

function named({ type, namespace, name, version }: PackageURL): Named {
  const within = namespace == null || namespace === "" || type === "deb" ? "" : `${namespace}/`;
  const label = type === "deb" && namespace === "debian" ? "Debian" : (LABELS[type] ?? type);
  const plain = type === "golang" ? version?.replace(/^v/, "") : version;
  return { package: `${label}/${within}${name}`, version: plain ?? "" };
}

/**
 * How bad a scanner's weakness is: by the vectors that it hands on, and by its own word where that is worse or where there are
 * none. A vector that cannot be read makes it unknown, whatever the word.
 */
export function rated(vectors: readonly string[], word: Severity): Rating {
  const rating = ratingOf(vectors);
  const unreadable = rating.severity === "unknown" && vectors.some((vector) => /^CVSS:[34]/.test(vector));
  return unreadable ? rating : worse(rating, { severity: word, score: null });
}
