import type { FreezeFlag } from "./flag";

/** Whether `hms freeze off` is about a flag: those of the stack, or of one service of it only. */
export const isLowered = ({ stacks, services }: FreezeFlag, stack: string, service: string | undefined): boolean =>
  (stacks?.includes(stack) ?? true) && (service === undefined || (services?.includes(service) ?? false));

/** What is left of a flag: the other stacks it names stay frozen, and so do the other services. `undefined`: nothing. */
export function narrowed(flag: FreezeFlag, stack: string, service: string | undefined): FreezeFlag | undefined {
  if (!isLowered(flag, stack, service)) return flag;
  const without = (list: readonly string[] | undefined, gone: string) => list?.filter((one) => one !== gone) ?? [];
  if (service !== undefined) {
    const services = without(flag.services, service);
    return services.length === 0 ? undefined : { ...flag, services };
  }
  const stacks = without(flag.stacks, stack);
  return stacks.length === 0 ? undefined : { ...flag, stacks };
}
