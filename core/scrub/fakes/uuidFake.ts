import type { Fake } from "./fake";
import { Misfit } from "./misfit";

const HEX = Buffer.from("0123456789abcdef", "latin1");
const LENGTH = 36;

/**
 * A UUID of version 8 from 117 bits of an output. Its second, fourth and fifth group begin with a letter, so that no
 * run of digits in it, hyphens or not, can be read as the number of a card or a person.
 */
export function uuidFake(maxLength: number | null): Fake {
  if (maxLength !== null && maxLength < LENGTH)
    throw new Misfit("value-unmaskable", "no-room", { maxLength, least: LENGTH });
  return {
    tag: "id.uuid",
    longest: LENGTH,
    isNumber: false,
    ordered: false,
    write(prf, at, _shape, out, to) {
      for (let index = 0; index < 16; index++) {
        let byte = prf[at + index] ?? 0;
        if (index === 4 || index === 6 || index === 8 || index === 10) out[to++] = 45;
        if (index === 6) byte = 0x80 | (byte & 0x0f);
        else if (index === 8) byte = 0xa0 | (byte & 0x1f);
        else if (index === 4 || index === 10) byte = 0xa0 | (byte & 0x5f);
        out[to++] = HEX[byte >>> 4] ?? 0;
        out[to++] = HEX[byte & 15] ?? 0;
      }
      return to;
    },
  };
}
