interface Rule {
  readonly pattern: RegExp;
  /** `!pattern`: takes back what an earlier rule left out. */
  readonly keeps: boolean;
}

/** The rules of a .dockerignore: the last one that matches a path, or a folder above it, decides. */
export class Dockerignore {
  private constructor(private readonly rules: readonly Rule[]) {}

  static parse(text: string): Dockerignore {
    const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
    return new Dockerignore(lines.flatMap((line) => (line.startsWith("#") ? [] : ruleOf(line.trim()))));
  }

  ignores(path: string): boolean {
    let ignored = false;
    for (const rule of this.rules) {
      if (rule.keeps === ignored && prefixes(path).some((prefix) => rule.pattern.test(prefix))) ignored = !rule.keeps;
    }
    return ignored;
  }

  /** Whether nothing below an ignored folder can come back, so that it need not be read. */
  get final(): boolean {
    return this.rules.every((rule) => !rule.keeps);
  }
}

function ruleOf(line: string): readonly Rule[] {
  const keeps = line.startsWith("!");
  const pattern = cleaned(keeps ? line.slice(1).trim() : line);
  return pattern === "" ? [] : [{ pattern: expression(pattern), keeps }];
}

/** As the builder cleans a path: no `.`, no `//`, `..` resolved within the context, no slash at either end. */
function cleaned(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function expression(pattern: string): RegExp {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i);
    if (pattern.startsWith("**", i)) {
      i += pattern.startsWith("**/", i) ? 2 : 1;
      source += i === pattern.length - 1 ? ".*" : "(.*/)?";
    } else if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "\\") source += literal(pattern.charAt(++i));
    else if (char === "[") {
      const end = pattern.indexOf("]", i + 1);
      if (end === -1) source += literal(char);
      else {
        source += characterClass(pattern.slice(i + 1, end));
        i = end;
      }
    } else source += literal(char);
  }
  return new RegExp(`^${source}$`, "s");
}

const literal = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

const characterClass = (members: string): string =>
  `[${members.startsWith("^") ? "^" : ""}${members.replace(/^\^/, "").replace(/[\\\][^]/g, "\\$&")}]`;

/** `a`, `a/b`, `a/b/c` of `a/b/c`. */
function prefixes(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}
