import { asObject, asString } from "../../json";
import { purlOf, type Component } from "../component";

/** Whether a file is the description of an installed package, as opposed to one of a package's own tests. */
export const isInstalledPackage = (file: string): boolean =>
  /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(file);

/** The package of a `package.json`; undefined where it names none. */
export function readPackageJson(text: string, where: string): Component | undefined {
  const { name, version } = asObject(parsed(text)) ?? {};
  const [said, at] = [asString(name), asString(version)];
  return said === undefined || at === undefined ? undefined : component(said, at, where);
}

/** What a `package-lock.json` (version 2 or 3) installs; what is for development alone is not in an image. */
export function readPackageLock(text: string, where: string): Component[] {
  const packages = asObject(asObject(parsed(text))?.packages) ?? {};
  return Object.entries(packages).flatMap(([place, value]) => {
    const entry = asObject(value) ?? {};
    const version = asString(entry.version);
    const name = asString(entry.name) ?? place.split("node_modules/").at(-1) ?? "";
    if (place === "" || name === "" || version === undefined || entry.dev === true || entry.link === true) return [];
    return [component(name, version, where)];
  });
}

function component(name: string, version: string, where: string): Component {
  const scope = /^@[^/]+(?=\/)/.exec(name)?.[0];
  const bare = scope === undefined ? name : name.slice(scope.length + 1);
  return { ecosystem: "npm", name, version, purl: purlOf("npm", scope, bare, version), where };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
