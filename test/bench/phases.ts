/** Where the seconds of an update went, read from what the engine prints. */
export interface Phases {
  /** Seconds from the command to its end. */
  readonly total: number;
  /** Until the engine began to look at the first resource: its own start, and that of the plugins. */
  readonly engineStart: number;
  /** Looking at what the state knows in the cluster. */
  readonly refresh: number;
  /** From there to the program's first resource: language host, Node, loading and planning. */
  readonly languageStart: number;
  readonly image: number;
  readonly colorUp: number;
  readonly verify: number;
  readonly move: number;
}

export interface TimedLine {
  /** Seconds since the command began. */
  readonly at: number;
  readonly text: string;
}

/** Durations of the one resource of each kind that did something; 0 where none did. */
export function phasesOf(lines: readonly TimedLine[], total: number): Phases {
  const done = (type: string): number => {
    const pattern = new RegExp(`${type} \\S+ (?:created|updated) \\((\\d+(?:\\.\\d+)?)s\\)`);
    return lines.reduce((longest, { text }) => Math.max(longest, Number(pattern.exec(text)?.[1] ?? 0)), 0);
  };
  const first = (pattern: RegExp): number | undefined => lines.find(({ text }) => pattern.test(text))?.at;
  const last = (pattern: RegExp): number | undefined => lines.findLast(({ text }) => pattern.test(text))?.at;
  const began = first(/^ ?[~+ ]+ {2}\S+:\S+ \S+/) ?? 0;
  const refreshed = last(/ refresh(ed)? \(/) ?? began;
  const running = lines.find(
    ({ at, text }) => at >= refreshed && /^ {2,}\S+:\S+ \S+|^ [+~] /.test(text) && !/refresh/.test(text),
  );
  const round = (seconds: number): number => Math.round(seconds * 100) / 100;
  return {
    total: round(total),
    engineStart: round(began),
    refresh: round(refreshed - began),
    languageStart: round(Math.max(0, (running?.at ?? refreshed) - refreshed)),
    image: done("docker:index:Image"),
    colorUp: done("kubernetes:apps/v1:Deployment"),
    verify: done("hms:rollout:Verification"),
    move: done("hms:rollout:TrafficSwitch"),
  };
}
