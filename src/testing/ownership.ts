/** Who owns what, as invariants ask it: apart from the controllers' own reckoning. */
import type { AnyObject } from '../kinds/object.ts';
import type { World } from './world.ts';

export interface Named {
  readonly metadata: AnyObject['metadata'];
}

export const nameOf = ({ metadata }: Named): string =>
  metadata.namespace === undefined ? `${metadata.name}` : `${metadata.namespace}/${metadata.name}`;

export const controllersOf = ({ metadata }: Named) =>
  (metadata.ownerReferences ?? []).filter(({ controller }) => controller === true);

export const controllerUid = (object: Named): string | undefined => controllersOf(object)[0]?.uid;

export const isOwnedBy = (object: Named, owner: Named): boolean =>
  owner.metadata.uid !== undefined && controllerUid(object) === owner.metadata.uid;

/** The object of that resource that controls this one, when it is still there. */
export function ownerIn<Type extends Named>(world: World, resource: string, object: Named): Type | undefined {
  return controllerUid(object) === undefined
    ? undefined
    : world.of<Type>(resource).find((owner) => isOwnedBy(object, owner));
}
