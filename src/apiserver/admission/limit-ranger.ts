/**
 * LimitRanger: what a container does not say of its resources it gets from the namespace's LimitRanges, and what goes
 * beyond their bounds is refused. Pods only when they are new: their containers do not change later.
 * Source: plugin/pkg/admission/limitranger of Kubernetes.
 */
import type { Container, LimitRange, PersistentVolumeClaim, Pod } from '../../kinds/generated/types.ts';
import { type AnyObject, setOwn } from '../../kinds/object.ts';
import { forbiddenError, type ResourceName } from '../../kinds/status.ts';
import type { ResourceRequest } from '../context.ts';
import { claimProblems, podProblems } from './limit-range-bounds.ts';
import { type AdmissionPlugin, nameOf } from './plugin.ts';

const pods: ResourceName = { group: '', plural: 'pods' };
const claims: ResourceName = { group: '', plural: 'persistentvolumeclaims' };
const limitRanges: ResourceName = { group: '', plural: 'limitranges' };
const annotation = 'kubernetes.io/limit-ranger';

type Amounts = Readonly<Record<string, string>>;

/** Of several items for containers the last one counts. */
function defaultsOf({ spec }: LimitRange): { requests: Amounts; limits: Amounts } {
  const items = (spec?.limits ?? []).filter(({ type }) => type === 'Container');
  return {
    requests: Object.assign({}, ...items.map(({ defaultRequest }) => defaultRequest)),
    limits: Object.assign({}, ...items.map((item) => item.default)),
  };
}

/** Fills what the container does not say. Returns the names that were filled, in order. */
function fill(container: Container, which: 'requests' | 'limits', defaults: Amounts): string[] {
  const given = container.resources?.[which] ?? {};
  const missing = Object.keys(defaults)
    .filter((name) => !Object.hasOwn(given, name))
    .sort();
  if (missing.length === 0) return [];
  const amounts = { ...given };
  for (const name of missing) setOwn(amounts, name, defaults[name]);
  container.resources = { ...container.resources, [which]: amounts };
  return missing;
}

/** Gives the pod the defaults, and notes in an annotation which. */
export function applyDefaults(limitRange: LimitRange, pod: Pod): void {
  const { requests, limits } = defaultsOf(limitRange);
  const notes: string[] = [];
  const each = (containers: readonly Container[] | undefined, called: string) => {
    for (const container of containers ?? []) {
      const filledLimits = fill(container, 'limits', limits);
      const filledRequests = fill(container, 'requests', requests);
      if (filledRequests.length > 0)
        notes.push(`${filledRequests.join(', ')} request for ${called} ${container.name}`);
      if (filledLimits.length > 0)
        notes.push(`${filledLimits.join(', ')} limit for ${called} ${container.name}`);
    }
  };
  each(pod.spec?.containers, 'container');
  each(pod.spec?.initContainers, 'init container');
  if (notes.length === 0) return;
  const text = `LimitRanger plugin set: ${notes.join('; ')}`;
  pod.metadata.annotations = { ...pod.metadata.annotations, [annotation]: text };
}

/** Those of the request's namespace, in the order of their names. */
const rangesOf = ({ backend, info }: ResourceRequest): LimitRange[] =>
  backend.cache.list(limitRanges, info.namespace) as unknown as LimitRange[];

function refuse(resource: ResourceName, object: AnyObject, found: readonly string[]): void {
  if (found.length === 0) return;
  const unique = [...new Set(found)];
  const why = unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`;
  throw forbiddenError(resource, nameOf(object), why);
}

export const podLimitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  resources: [pods],
  admit(request, object) {
    for (const limitRange of rangesOf(request)) applyDefaults(limitRange, object as unknown as Pod);
  },
  validate(request, object, old) {
    if (old !== undefined) return;
    for (const limitRange of rangesOf(request))
      refuse(pods, object, podProblems(limitRange, object as unknown as Pod));
  },
};

export const claimLimitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  resources: [claims],
  validate(request, object, old) {
    if (old?.metadata.deletionTimestamp !== undefined) return;
    for (const limitRange of rangesOf(request))
      refuse(claims, object, claimProblems(limitRange, object as unknown as PersistentVolumeClaim));
  },
};
