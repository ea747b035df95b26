import { z } from "zod";
import { PARTITIONS } from "../aws/arn";
import type { Account, AwsReach } from "./account";

/** All that it takes to get into an account, for whoever has not read the stack's file. */
export const accountWaySchema = z.strictObject({
  /** The agency, in short; part of the names of its buckets. */
  name: z.string().min(1),
  id: z.string().regex(/^\d{12}$/),
  partition: z.enum(PARTITIONS),
  region: z.string().min(1),
  /** Name of the role that is taken on in it. */
  role: z.string().min(1),
  externalId: z.string().exactOptional(),
  /** Of an emulator. */
  endpoint: z.string().exactOptional(),
  fips: z.boolean(),
});
export type AccountWay = Readonly<z.infer<typeof accountWaySchema>>;

/** Instead of an account: the one that a service goes to. A stack whose targets are accounts says so. */
export const OWN = "own";

export const wayInto = (account: Account, reach: AwsReach): AccountWay => {
  const { name, id, partition, region, role, externalId } = account;
  return { name, id, partition, region, role, ...(externalId === undefined ? {} : { externalId }), ...reach };
};
