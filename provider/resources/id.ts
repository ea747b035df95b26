/** Ids are `<namespace>/<service>`, so that a resource can be imported by what people know of it. */
export const resourceId = ({ service, namespace }: { readonly service: string; readonly namespace: string }): string =>
  `${namespace}/${service}`;

/** @throws Error for a text of another form. */
export function splitId(id: string): { readonly namespace: string; readonly service: string } {
  const [namespace, service, more] = id.split("/");
  if (!namespace || !service || more !== undefined) throw new Error(`id "${id}": expected <namespace>/<service>`);
  return { namespace, service };
}
