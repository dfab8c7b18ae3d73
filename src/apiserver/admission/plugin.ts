/** The shape of an admission plugin. */
import type { AnyObject } from '../../kinds/object.ts';
import type { ResourceName } from '../../kinds/status.ts';
import type { ResourceRequest } from '../context.ts';

export interface AdmissionPlugin {
  readonly name: string;
  readonly resources: readonly ResourceName[];
  /** It sees writes of this subresource instead of those of the object itself. */
  readonly subresource?: string;
  /** `admit` looks at updates too, not only at new objects. */
  readonly onUpdate?: boolean;
  /** Before the kind's own rules: changes the object in place, or throws 403. `old` is there on an update. */
  admit?(request: ResourceRequest, object: AnyObject, old?: AnyObject): void;
  /** After them: throws 403. `old` is there on an update. The object is not to be changed. */
  validate?(request: ResourceRequest, object: AnyObject, old: AnyObject | undefined): void;
  /** Before an object is deleted: throws 403. The object is not to be changed. */
  remove?(request: ResourceRequest, object: AnyObject): void;
}

/** As refusals call an object: one whose name is not drawn yet by what its name will begin with. */
export const nameOf = ({ metadata }: AnyObject): string => metadata.name || metadata.generateName || '';
