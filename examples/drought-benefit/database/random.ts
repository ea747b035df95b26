/** Numbers that look random and are the same for the same seed and place, in whichever order they are asked for. */
export class Dice {
  private state: number;

  constructor(seed: number, ...place: readonly number[]) {
    this.state = place.reduce((state, part) => mixed(state ^ (part + 0x9e3779b9)), mixed(seed));
  }

  /** A whole number from 0 to `below` - 1. */
  below(below: number): number {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    return mixed(this.state) % below;
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(share: number): boolean {
    return this.below(1_000_000) < share * 1_000_000;
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.below(list.length)] ?? list[0];
  }

  digits(count: number): string {
    return Array.from({ length: count }, () => String(this.below(10))).join("");
  }
}

/** One step of the finalizer that hashes use: every bit depends on every bit. */
function mixed(value: number): number {
  let bits = value >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
