import { MOST_FILTER_BYTES } from "./scan/filter";

/** More threads give a server too much to do at once. */
const MOST_THREADS = 8;
/** For less of the source another thread takes longer to start than it saves. */
const SOURCE_FOR_THREAD = 8 * 2 ** 20;
/** What a thread takes, rows that it works on included. */
const THREAD_BYTES = 96 * 2 ** 20;
/** What the program takes without threads and known values. */
const PROGRAM_BYTES = 256 * 2 ** 20;
/** Threads together take at most this share of what the program leaves. */
const THREADS_SHARE = 1 / 2;

/**
 * For known values, and of the source what these suffice for, with a share of what is beyond. The example's database, which is little but
 * people's data, has a digest in a hundred bytes: with a thirty-second, one word in 20,000 is taken for a known one by mistake, which is
 * a twentieth of what counts as full. More would save a second reading of the source now and then, and take memory from all else.
 */
const FEWEST_KNOWN_BYTES = 64 * 2 ** 20;
const FEWEST_SUFFICE_FOR = 2 * 2 ** 30;
const KNOWN_SHARE = 1 / 32;
/** Known values take at most this share of the memory. */
const MEMORY_SHARE = 1 / 4;

export interface Machine {
  readonly processors: number;
  /** Bytes that this process may take, of the machine or of its container. */
  readonly memory: number;
}

/** What a snapshot takes of its machine. */
export interface Means {
  /** That mask and scan. */
  readonly threads: number;
  /** For the set of known values. */
  readonly knownBytes: number;
}

/**
 * How many threads a snapshot has, and how much memory for known values; from 64 MiB up to a quarter of all there is, and 2 GiB.
 * More than that finds no room: then the snapshot stops, see `KnownValues.close`.
 *
 * @param sourceBytes of the source's tables.
 */
export function meansFor(sourceBytes: number, { processors, memory }: Machine): Means {
  const wanted = Math.max(1, Math.ceil(sourceBytes / SOURCE_FOR_THREAD));
  const carried = Math.max(1, Math.floor(((memory - PROGRAM_BYTES) * THREADS_SHARE) / THREAD_BYTES));
  const beyond = Math.max(0, sourceBytes - FEWEST_SUFFICE_FOR);
  const most = Math.max(FEWEST_KNOWN_BYTES, Math.min(memory * MEMORY_SHARE, MOST_FILTER_BYTES));
  return {
    threads: Math.min(MOST_THREADS, processors, wanted, carried),
    knownBytes: Math.floor(Math.min(most, FEWEST_KNOWN_BYTES + beyond * KNOWN_SHARE)),
  };
}
