/**
 * The images that a Dockerfile builds on, with build arguments put in: what stands before the first FROM has its default,
 * `args` come before it. Stages of its own are no images.
 */
export function baseImages(dockerfile: string, args: Readonly<Record<string, string>>): string[] {
  const values = new Map<string, string>();
  const stages = new Set<string>();
  const images: string[] = [];
  for (const line of dockerfile.replace(/\\\r?\n/g, " ").split(/\r?\n/)) {
    const [, name, value = ""] = /^\s*ARG\s+([A-Za-z_]\w*)(?:=(\S*))?/i.exec(line) ?? [];
    if (name !== undefined && images.length === 0) values.set(name, args[name] ?? unquoted(value));
    const [, image, stage] = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(line) ?? [];
    if (image === undefined) continue;
    const named = image.replace(/\$\{?(\w+)\}?/g, (_, variable: string) => values.get(variable) ?? "");
    if (!stages.has(named.toLowerCase())) images.push(named);
    if (stage !== undefined) stages.add(stage.toLowerCase());
  }
  return images;
}

const unquoted = (text: string): string => text.replace(/^(["'])(.*)\1$/, "$2");
