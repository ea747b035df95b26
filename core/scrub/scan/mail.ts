import { DASH, DIGIT, DOT, LETTER } from "./symbols";

/** Longest name of a host; what follows does not make it another one. */
const LONGEST = 255;

/** Names that nobody can receive mail at (RFC 2606). */
const EXAMPLES = /(^|\.)example\.(org|com|net)$|(^|\.)(example|test|invalid)$/;

/** The host after an `@`, taken character by character. */
export class MailDomain {
  /** Characters so far; -1 while there is none. */
  length = -1;
  private readonly units = new Uint16Array(LONGEST);
  /** The last one that was nobody's: of masked addresses most are the same, and need no second look. */
  private readonly harmless = new Uint16Array(LONGEST);
  private harmlessLength = -1;

  /** `false` for a character that ends it. */
  take(kind: number, code: number): boolean {
    if (kind >= DIGIT) this.add(48 + kind - DIGIT);
    else if (kind === DOT) this.add(46);
    else if (kind === DASH) this.add(45);
    else if (kind !== LETTER) return false;
    else if (code < 0x80) this.add(code | 32);
    else
      for (const unit of String.fromCodePoint(code).normalize("NFKC").toLowerCase()) this.add(unit.codePointAt(0) ?? 0);
    return true;
  }

  /** @returns the host, if somebody may have an address there. */
  end(): string | undefined {
    const { length } = this;
    this.length = -1;
    if (length === this.harmlessLength && this.isHarmless()) return undefined;
    const domain = String.fromCharCode(...this.units.subarray(0, length));
    if (isPersonalDomain(domain)) return domain;
    this.harmless.set(this.units);
    this.harmlessLength = length;
    return undefined;
  }

  private isHarmless(): boolean {
    for (let at = 0; at < this.harmlessLength; at++) if (this.units[at] !== this.harmless[at]) return false;
    return true;
  }

  private add(unit: number): void {
    if (this.length < LONGEST) this.units[this.length++] = unit;
  }
}

function isPersonalDomain(text: string): boolean {
  const domain = text.replace(/[.-]+$/, "");
  const labels = domain.split(".");
  if (labels.length < 2 || labels.includes("")) return false;
  return /^(\p{L}{2,}|xn--[a-z0-9-]+)$/u.test(labels.at(-1) ?? "") && !EXAMPLES.test(domain);
}
