import { asksForCare } from "../core/chaos/production";
import { serviceHost } from "../core/tls/reach";
import { RefusedError } from "../platform/errors";
import type { ChaosPlace } from "../provider/chaos/aim";
import type { OpenStack } from "./stack";

/** @throws RefusedError for a stack that somebody depends on, unless that is wanted. */
export function refuseProduction({ config }: OpenStack, allowProd: boolean): void {
  const why = asksForCare(config);
  if (allowProd || why === undefined) return;
  throw new RefusedError(`stack ${config.stack} ${why}: killing its pods needs --allow-prod. Nothing was touched`);
}

/** The services asked for, as chaos needs to know them. */
export const chaosPlace = ({ config, session, services }: OpenStack): ChaosPlace => ({
  session,
  title: config.stack,
  namespace: config.namespace,
  gatewayAddress: config.gateway.address,
  targets: services.map(({ name, healthPath, startupSeconds }) => ({
    name,
    host: serviceHost(config, name),
    healthPath,
    startupSeconds,
  })),
});
