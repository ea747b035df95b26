/** How far a snapshot is; `rows` and `bytes` are of COPY text, of this stage alone. */
export interface TakeProgress {
  readonly stage: "looking" | "masking" | "scanning" | "confirming" | "proving";
  /** Part that was begun last, of how many, and its table. */
  readonly part?: { readonly table: string; readonly number: number; readonly of: number };
  readonly rows: number;
  readonly bytes: number;
}

export type TellProgress = (progress: TakeProgress) => void;

/** Sums up what one stage has moved. */
export function counter(tell: TellProgress, stage: TakeProgress["stage"]) {
  const sum = { rows: 0, bytes: 0 };
  let at: TakeProgress["part"];
  return (rows: number, bytes: number, part = at) => {
    sum.rows += rows;
    sum.bytes += bytes;
    at = part;
    tell({ stage, ...(at === undefined ? {} : { part: at }), ...sum });
  };
}
