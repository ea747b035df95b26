import type { StoredImage } from "../../core/registry/image";

/** A registry whose images can be listed and taken away. */
export interface ImageStore {
  /** For people: `127.0.0.1:5000`, `ECR of account 111111111111 in us-gov-west-1`. */
  readonly where: string;
  /**
   * Everything in a repository; nothing when there is no such repository.
   * @param repository without the registry: `drought-benefit`.
   */
  list(repository: string, signal: AbortSignal): Promise<readonly StoredImage[]>;
  /** Takes away what is under the digest, with every tag that leads to it. One that is gone already is fine. */
  remove(repository: string, digest: string, signal: AbortSignal): Promise<void>;
}

/** Some answers at once and no more: a registry serves pulls as well. */
export async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index] as T;
      results.set(index, await work(item));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return items.map((_, index) => results.get(index) as R);
}

const AT_ONCE = 6;
