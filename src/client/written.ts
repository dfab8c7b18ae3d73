/** What was written, so that the runner knows what the caches must have seen. */
import type { KindName } from './kind-names.ts';

export interface Written {
  readonly kind: KindName;
  /** The object is at this revision now. */
  readonly revision?: number;
  /** The object is gone and its revision was not told. */
  readonly gone?: { readonly key: string; readonly uid: string | undefined };
}
