/** Name of a resource that a stack may have once for each account: the account comes first. */
export const resourceName = (account: string | undefined, name: string): string =>
  account === undefined ? name : `${account}-${name}`;
