/** The shape of an admission plugin. */
import type { AnyObject } from '../../kinds/object.ts';
import type { ResourceName } from '../../kinds/status.ts';
import type { ResourceRequest } from '../context.ts';

export interface AdmissionPlugin {
  readonly name: string;
  readonly resources: readonly ResourceName[];
  /** `admit` looks at updates too, not only at new objects. */
  readonly onUpdate?: boolean;
  /** Before the kind's own rules: changes the object in place, or throws 403. */
  admit?(request: ResourceRequest, object: AnyObject): void;
  /** After them: throws 403. `old` is there on an update. The object is not to be changed. */
  validate?(request: ResourceRequest, object: AnyObject, old: AnyObject | undefined): void;
}

/** As refusals call an object: one whose name is not drawn yet by what its name will begin with. */
export const nameOf = ({ metadata }: AnyObject): string => metadata.name || metadata.generateName || '';
