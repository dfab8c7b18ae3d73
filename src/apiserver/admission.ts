/**
 * Admission: what the cluster, not the kind, decides about an object on its way in. An ordered list of plugins, run
 * before validation, on create and update. Each says which resources it concerns.
 */
import type { PodSpec, Toleration } from '../kinds/generated/types.ts';
import type { AnyObject } from '../kinds/object.ts';
import { forbiddenError, type ResourceName } from '../kinds/status.ts';
import type { ResourceRequest } from './context.ts';

interface AdmissionPlugin {
  readonly name: string;
  readonly resource: ResourceName;
  /** Changes `object` in place, or throws 403. `old` is there on update. */
  admit(request: ResourceRequest, object: AnyObject, old: AnyObject | undefined): void;
}

const pods: ResourceName = { group: '', plural: 'pods' };

const podSpec = (object: AnyObject): PodSpec => object.spec as PodSpec;

/** Pods run as the namespace's `default` account unless they say otherwise. */
const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  resource: pods,
  admit(_request, object, old) {
    if (old !== undefined) return;
    const spec = podSpec(object);
    if ((spec.serviceAccountName ?? '') === '') spec.serviceAccountName = 'default';
    spec.serviceAccount = spec.serviceAccountName;
  },
};

const notReadySeconds = 300;

/** A pod stays this long on a node that is not ready or out of reach, unless it says otherwise. */
const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  resource: pods,
  admit(_request, object, old) {
    if (old !== undefined) return;
    const spec = podSpec(object);
    const tolerations = spec.tolerations ?? [];
    for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
      const covered = (each: Toleration) =>
        ((each.key ?? '') === '' || each.key === key) &&
        ((each.effect ?? '') === '' || each.effect === 'NoExecute');
      if (tolerations.some(covered)) continue;
      tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: notReadySeconds });
    }
    spec.tolerations = tolerations;
  },
};

interface PriorityClassObject extends AnyObject {
  value?: number;
  globalDefault?: boolean;
  preemptionPolicy?: string;
}

/** A PriorityClass's name becomes a number. */
const priority: AdmissionPlugin = {
  name: 'Priority',
  resource: pods,
  admit(request, object, old) {
    if (old !== undefined) return;
    const spec = podSpec(object);
    const { cache } = request.backend;
    const resource = { group: 'scheduling.k8s.io', plural: 'priorityclasses' };
    const named = spec.priorityClassName ?? '';
    const found =
      named === ''
        ? (cache.list(resource) as PriorityClassObject[]).find((each) => each.globalDefault)
        : (cache.get(resource, '', named) as PriorityClassObject | undefined);
    if (named !== '' && found === undefined)
      throw forbiddenError(pods, object.metadata.name ?? '', `no PriorityClass with name ${named} was found`);
    if (found !== undefined && named === '') spec.priorityClassName = found.metadata.name;
    const value = found?.value ?? 0;
    if (spec.priority !== undefined && spec.priority !== value)
      throw forbiddenError(
        pods,
        object.metadata.name ?? '',
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    spec.priority = value;
    spec.preemptionPolicy ??= found?.preemptionPolicy ?? 'PreemptLowerPriority';
  },
};

const plugins: readonly AdmissionPlugin[] = [serviceAccount, defaultTolerationSeconds, priority];

/** Runs the plugins that concern the object's resource; not on subresources. */
export function admit(request: ResourceRequest, object: AnyObject, old?: AnyObject): void {
  if (request.info.subresource !== '') return;
  const { group, plural } = request.stored;
  for (const plugin of plugins)
    if (plugin.resource.plural === plural && plugin.resource.group === group)
      plugin.admit(request, object, old);
}
