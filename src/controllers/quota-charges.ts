/**
 * When each resource of a quota was last charged. The charge is written at the same revision as the object that is
 * charged for, so a cache of that kind which has come as far holds the object: only then may the count be lowered. Were
 * it lowered before, the next write would be let in on room that is not there.
 */

import type { WatchedChange } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { ResourceQuota } from '../kinds/generated/types.ts';
import { raisedUsage, readUsage, sameUsage } from '../kinds/quota/amounts.ts';

interface Known {
  readonly uid: string | undefined;
  /** Nothing was charged later, but for what is in `charged`. */
  readonly since: number;
  readonly charged: Map<string, number>;
}

const revisionOf = ({ metadata }: ResourceQuota): number => Number(metadata.resourceVersion ?? 0);

export class QuotaCharges {
  readonly #known = new Map<string, Known>();

  /** Every change of a quota, in order; the same one twice does no harm. */
  take({ type, object, old }: WatchedChange<ResourceQuota>): void {
    const key = keyOf(object);
    if (type === 'delete') {
      this.#known.delete(key);
      return;
    }
    const known = this.#known.get(key);
    if (known === undefined || known.uid !== object.metadata.uid || old === undefined) {
      this.#known.set(key, { uid: object.metadata.uid, since: revisionOf(object), charged: new Map() });
      return;
    }
    // A charge never changes the limits: that is the controller's own count.
    if (!sameUsage(readUsage(object.status?.hard), readUsage(old.status?.hard))) return;
    const raised = raisedUsage(readUsage(object.status?.used), readUsage(old.status?.used));
    for (const name of raised.keys()) known.charged.set(name, revisionOf(object));
  }

  /** No object of later has been charged to the resource, as far as the quota is known. */
  revision(quota: ResourceQuota, name: string): number {
    const known = this.#known.get(keyOf(quota));
    if (known === undefined || known.uid !== quota.metadata.uid) return revisionOf(quota);
    return known.charged.get(name) ?? known.since;
  }
}
