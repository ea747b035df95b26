/** How far a snapshot is; `rows` and `bytes` are of COPY text, of this stage alone. */
export interface TakeProgress {
  readonly stage: "looking" | "masking" | "scanning" | "confirming" | "proving";
  /** Part that was begun last, of how many, and its table. */
  readonly part?: { readonly table: string; readonly number: number; readonly of: number };
  /** Of the stage's work what is done, from 0 to 1; absent where nobody knows how much there is. */
  readonly share?: number;
  readonly rows: number;
  readonly bytes: number;
}

export type TellProgress = (progress: TakeProgress) => void;

/** Before, an estimate would jump. */
const LEAST_SHARE = 0.05;

/** Sums up what one stage has moved, and tells it. */
export class StageProgress {
  #rows = 0;
  #bytes = 0;
  #part: TakeProgress["part"];
  #share: number | undefined;

  /** @param bytesInAll of COPY text, where that is known from the start. */
  constructor(
    private readonly tell: TellProgress,
    private readonly stage: TakeProgress["stage"],
    private readonly bytesInAll?: number,
  ) {}

  readonly moved = (rows: number, bytes: number): void => {
    this.#rows += rows;
    this.#bytes += bytes;
    if (this.bytesInAll) this.#share = Math.min(1, this.#bytes / this.bytesInAll);
    this.say();
  };

  /** @param ended parts, of as many as there are; all but the last of a table are of one size. */
  begin(part: NonNullable<TakeProgress["part"]>, ended: number): void {
    this.#part = part;
    this.#share = ended / part.of;
    this.say();
  }

  private say(): void {
    this.tell({
      stage: this.stage,
      ...(this.#part === undefined ? {} : { part: this.#part }),
      ...(this.#share === undefined ? {} : { share: this.#share }),
      ...{ rows: this.#rows, bytes: this.#bytes },
    });
  }
}

/** Seconds that a stage takes on, if it goes on as it went for `seconds`; absent as long as too little is done to say. */
export const secondsLeft = ({ share = 0 }: TakeProgress, seconds: number): number | undefined =>
  share < LEAST_SHARE ? undefined : (seconds * (1 - share)) / share;
