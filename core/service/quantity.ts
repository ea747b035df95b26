const CPU = /^(?:(\d{1,4})(?:\.(\d{1,3}))?|(\d{1,7})m)$/;
const MEMORY = /^(\d{1,15})(Ki|Mi|Gi|Ti|k|M|G|T)?$/;
const SCALE = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, k: 1e3, M: 1e6, G: 1e9, T: 1e12 } as const;

/** Thousandths of a core of a Kubernetes CPU quantity such as `50m`, `0.5` or `2`; undefined if it is none or zero. */
export function parseCpu(text: string): number | undefined {
  const match = CPU.exec(text);
  if (match === null) return undefined;
  const [, cores = "0", fraction = "", thousandths] = match;
  const milli =
    thousandths === undefined ? Number(cores) * 1000 + Number(fraction.padEnd(3, "0")) : Number(thousandths);
  return milli > 0 ? milli : undefined;
}

/** Bytes of a Kubernetes memory quantity such as `64Mi`; undefined if it is none, or too little for any process. */
export function parseMemory(text: string): number | undefined {
  const match = MEMORY.exec(text);
  if (match === null) return undefined;
  const [, amount = "0", unit] = match;
  const bytes = Number(amount) * (isUnit(unit) ? SCALE[unit] : 1);
  return bytes >= 2 ** 20 ? bytes : undefined;
}

const isUnit = (unit: string | undefined): unit is keyof typeof SCALE =>
  unit !== undefined && Object.hasOwn(SCALE, unit);
