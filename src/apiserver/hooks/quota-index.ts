/** The quotas of each namespace, kept up to date change by change: most namespaces have none, and every write asks. */
import type { ResourceQuota } from '../../kinds/generated/types.ts';
import { readUsage, type Usage } from '../../kinds/quota/amounts.ts';
import type { ObjectChange, ObjectView } from './hook.ts';

export interface KnownQuota {
  readonly object: ResourceQuota;
  readonly name: string;
  readonly hard: Usage;
  readonly used: Usage;
  /** The revision that wrote it. */
  readonly revision: number;
}

function describe(object: ResourceQuota): KnownQuota {
  return {
    object,
    name: object.metadata.name ?? '',
    hard: readUsage(object.status?.hard),
    used: readUsage(object.status?.used),
    revision: Number(object.metadata.resourceVersion),
  };
}

export class QuotaIndex {
  readonly #byNamespace = new Map<string, Map<string, KnownQuota>>();

  start(view: ObjectView): void {
    view.subscribe({ group: '', plural: 'resourcequotas' }, (change) => this.#take(change));
  }

  /** In the order of their names. */
  of(namespace: string): readonly KnownQuota[] {
    const quotas = this.#byNamespace.get(namespace);
    if (quotas === undefined) return [];
    return [...quotas.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  #take(change: ObjectChange): void {
    const object = (change.new ?? change.old) as ResourceQuota;
    const { namespace = '', name = '' } = object.metadata;
    const quotas = this.#byNamespace.get(namespace) ?? new Map<string, KnownQuota>();
    if (change.new === undefined) quotas.delete(name);
    else quotas.set(name, describe(object));
    if (quotas.size === 0) this.#byNamespace.delete(namespace);
    else this.#byNamespace.set(namespace, quotas);
  }
}
