import { purlOf, type Component } from "../component";

/** What an image says it is, by its /etc/os-release. */
export interface Distribution {
  /** `debian` */
  readonly id: string;
  /** `12` */
  readonly version: string;
}

export function readOsRelease(text: string): Distribution | undefined {
  const values = new Map(
    [...text.matchAll(/^([A-Z_]+)=(?:"([^"\n]*)"|'([^'\n]*)'|(.*))$/gm)].map(([, key = "", ...said]) => [
      key,
      said.find((one: string | undefined) => one !== undefined) ?? "",
    ]),
  );
  const [id, version] = [values.get("ID"), values.get("VERSION_ID")];
  return id === undefined || version === undefined || id === "" || version === "" ? undefined : { id, version };
}

const ECOSYSTEMS: Readonly<Record<string, string>> = { debian: "Debian", ubuntu: "Ubuntu" };

/**
 * The packages of dpkg's `status`, or of one file of its `status.d`, which has no line of a package's state.
 * @param where the file, for the SBOM.
 */
export function readDpkgStatus(text: string, where: string, { id, version: release }: Distribution): Component[] {
  const ecosystem = `${ECOSYSTEMS[id] ?? id}:${release}`;
  return text.split(/\n\s*\n/).flatMap((paragraph): Component[] => {
    const fields = new Map(
      [...paragraph.matchAll(/^([A-Za-z-]+):[ \t]*(.*)$/gm)].map(([, key = "", value = ""]) => [key, value.trim()]),
    );
    const [name, version, state] = [fields.get("Package"), fields.get("Version"), fields.get("Status")];
    // "deinstall ok config-files": only its settings are left.
    if (name === undefined || version === undefined || (state !== undefined && !/ installed$/.test(state))) return [];
    const architecture = fields.get("Architecture");
    const qualifiers = { ...(architecture === undefined ? {} : { arch: architecture }), distro: `${id}-${release}` };
    return [
      {
        ecosystem,
        name,
        version,
        purl: purlOf("deb", id, name, version, qualifiers),
        source: sourceOf(fields.get("Source"), name, version),
        where,
      },
    ];
  });
}

/** `Source: glibc (2.36-9)`; without it, or without a version, it is the binary package's own. */
function sourceOf(said: string | undefined, name: string, version: string) {
  const match = /^(\S+)(?:\s+\(([^)]+)\))?$/.exec(said ?? "");
  return { name: match?.[1] ?? name, version: match?.[2] ?? version };
}
