/** What the repository says of a service's source folder. */
export interface SourceState {
  /** Full SHA of the commit that is checked out. */
  readonly commit: string;
  /** Whether the folder differs from that commit, new files included. */
  readonly changed: boolean;
}

const SHORT = 7;

/**
 * The tag of a release that nobody named: the commit's short SHA, with a mark and the source's hash where the folder differs
 * from the commit, so that two states of work in progress have two names. Without a repository, the hash alone.
 */
export function defaultTag(state: SourceState | undefined, contextHash: string): string {
  const hash = contextHash.slice(0, SHORT);
  if (state === undefined) return `src-${hash}`;
  const commit = state.commit.slice(0, SHORT);
  return state.changed ? `${commit}-dirty-${hash}` : commit;
}
