/**
 * Admission: what the cluster, not the kind, decides about an object on its way in. An ordered list of plugins, run
 * before validation, and some after it. Each says which resources it concerns, and whether it looks at updates too. What
 * needs no other object and no user stands with its kind (kinds/pod/admission.ts); quotas are charged with the commit
 * (hooks/quota.ts). Source: plugin/pkg/admission of Kubernetes, those on by default.
 */
import type { Node, PodSpec } from '../kinds/generated/types.ts';
import type { AnyObject } from '../kinds/object.ts';
import { forbiddenError, type ResourceName } from '../kinds/status.ts';
import { UserError } from '../lib/errors.ts';
import {
  certificateApproval,
  certificateConditions,
  certificateRequester,
  certificateSigning,
  certificateSubjectRestriction,
} from './admission/certificate-requests.ts';
import { claimResize } from './admission/claim-resize.ts';
import { claimLimitRanger, podLimitRanger } from './admission/limit-ranger.ts';
import { loadBalancerStatus } from './admission/load-balancer-status.ts';
import { metallbAdvertisements, metallbPools } from './admission/metallb.ts';
import { nodeRestriction } from './admission/node-restriction.ts';
import { type AdmissionPlugin, nameOf } from './admission/plugin.ts';
import { runtimeClass } from './admission/runtime-class.ts';
import { serviceAccount } from './admission/service-account.ts';
import type { Collection } from './cache/collection.ts';
import type { ResourceRequest } from './context.ts';
import { perKind } from './per-kind.ts';

const pods: ResourceName = { group: '', plural: 'pods' };
const persistentVolumes: ResourceName = { group: '', plural: 'persistentvolumes' };
const persistentVolumeClaims: ResourceName = { group: '', plural: 'persistentvolumeclaims' };
const ingresses: ResourceName = { group: 'networking.k8s.io', plural: 'ingresses' };
const ingressClasses: ResourceName = { group: 'networking.k8s.io', plural: 'ingressclasses' };
const storageClasses: ResourceName = { group: 'storage.k8s.io', plural: 'storageclasses' };
const priorityClasses: ResourceName = { group: 'scheduling.k8s.io', plural: 'priorityclasses' };

interface PriorityClassObject extends AnyObject {
  value?: number;
  globalDefault?: boolean;
  preemptionPolicy?: string;
}

/** Every new pod asks, and it hardly ever changes: the answer as of the collection's newest event. */
const knownDefaults = new WeakMap<
  Collection,
  { readonly revision: number; readonly found: PriorityClassObject | undefined }
>();

function defaultPriorityClass({ backend }: ResourceRequest): PriorityClassObject | undefined {
  const kind = backend.kinds.byResource('scheduling.k8s.io', 'v1', 'priorityclasses');
  if (kind === undefined) return undefined;
  const collection = backend.cache.collection(kind);
  const { newestEventRevision: revision } = collection;
  const known = knownDefaults.get(collection);
  if (known?.revision === revision) return known.found;
  const all = backend.cache.list(priorityClasses) as PriorityClassObject[];
  // There should be one; when two raced, the lower one wins, as upstream.
  const [found] = all.filter((each) => each.globalDefault).sort((a, b) => (a.value ?? 0) - (b.value ?? 0));
  knownDefaults.set(collection, { revision, found });
  return found;
}

function priorityClassOf(request: ResourceRequest, named: string): PriorityClassObject | undefined {
  if (named === '') return defaultPriorityClass(request);
  return request.backend.cache.get(priorityClasses, '', named) as PriorityClassObject | undefined;
}

/** A PriorityClass's name becomes a number. */
const priority: AdmissionPlugin = {
  name: 'Priority',
  resources: [pods],
  admit(request, object) {
    const spec = object.spec as PodSpec;
    const name = nameOf(object);
    const named = spec.priorityClassName ?? '';
    const found = priorityClassOf(request, named);
    if (named !== '' && found === undefined)
      throw forbiddenError(pods, name, `no PriorityClass with name ${named} was found`);
    if (found !== undefined) spec.priorityClassName = found.metadata.name;
    const value = found?.value ?? 0;
    if (spec.priority !== undefined && spec.priority !== value)
      throw forbiddenError(
        pods,
        name,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    spec.priority = value;
    const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy)
      throw forbiddenError(
        pods,
        name,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
      );
    spec.preemptionPolicy = policy;
  },
};

/** One PriorityClass at most is the default. */
const oneDefaultPriority: AdmissionPlugin = {
  name: 'Priority',
  resources: [priorityClasses],
  onUpdate: true,
  admit(request, object) {
    if ((object as PriorityClassObject).globalDefault !== true) return;
    const present = defaultPriorityClass(request)?.metadata.name;
    const { name = '' } = object.metadata;
    if (present === undefined || (present === name && request.info.verb !== 'create')) return;
    throw forbiddenError(
      priorityClasses,
      name,
      `PriorityClass ${present} is already marked as default. Only one default can exist`,
    );
  },
};

/** The newest of the classes that one of the annotations marks as the default; of equals the first by name. */
function defaultClass(
  request: ResourceRequest,
  of: ResourceName,
  annotations: readonly string[],
): string | undefined {
  const isMarked = ({ metadata }: AnyObject) =>
    annotations.some((annotation) => metadata.annotations?.[annotation] === 'true');
  const marked = request.backend.cache.list(of).filter(isMarked);
  const age = (object: AnyObject) => object.metadata.creationTimestamp ?? '';
  return marked.sort((a, b) => (age(a) < age(b) ? 1 : age(a) > age(b) ? -1 : 0))[0]?.metadata.name;
}

const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  resources: [persistentVolumeClaims],
  admit(request, object) {
    const spec = object.spec as { storageClassName?: string } | undefined;
    const legacy = object.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'];
    if (spec === undefined || spec.storageClassName !== undefined || legacy !== undefined) return;
    const name = defaultClass(request, storageClasses, [
      'storageclass.kubernetes.io/is-default-class',
      'storageclass.beta.kubernetes.io/is-default-class',
    ]);
    if (name !== undefined) spec.storageClassName = name;
  },
};

const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  resources: [ingresses],
  admit(request, object) {
    const spec = object.spec as { ingressClassName?: string } | undefined;
    const legacy = object.metadata.annotations?.['kubernetes.io/ingress.class'];
    if (spec === undefined || spec.ingressClassName !== undefined || legacy !== undefined) return;
    const name = defaultClass(request, ingressClasses, ['ingressclass.kubernetes.io/is-default-class']);
    if (name !== undefined) spec.ingressClassName = name;
  },
};

/** Storage that is in use outlives its object's delete. */
const storageInUse: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  resources: [persistentVolumes, persistentVolumeClaims],
  admit(request, object) {
    const finalizer = request.stored.plural === 'persistentvolumes' ? 'pv-protection' : 'pvc-protection';
    const finalizers = object.metadata.finalizers ?? [];
    if (!finalizers.includes(`kubernetes.io/${finalizer}`))
      object.metadata.finalizers = [...finalizers, `kubernetes.io/${finalizer}`];
  },
};

/** Nothing is scheduled to a node before it has said that it is ready. */
const taintNodes: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  resources: [{ group: '', plural: 'nodes' }],
  admit(_request, object) {
    const node = object as unknown as Node;
    const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
    const taints = node.spec?.taints ?? [];
    if (taints.some(({ key, effect }) => key === taint.key && effect === taint.effect)) return;
    node.spec = { ...node.spec, taints: [...taints, taint] };
  },
};

const plugins: readonly AdmissionPlugin[] = [
  podLimitRanger,
  claimLimitRanger,
  serviceAccount,
  ...nodeRestriction,
  priority,
  oneDefaultPriority,
  defaultStorageClass,
  defaultIngressClass,
  storageInUse,
  runtimeClass,
  claimResize,
  taintNodes,
  certificateRequester,
  ...certificateConditions,
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  loadBalancerStatus,
  metallbPools,
  metallbAdvertisements,
];

const pluginsFor = perKind<readonly AdmissionPlugin[]>(({ disabledAdmission }, { group, plural }, asked) =>
  plugins.filter(
    ({ name, resources, subresource = '' }) =>
      subresource === asked &&
      !disabledAdmission.has(name) &&
      resources.some((resource) => resource.plural === plural && resource.group === group),
  ),
);

const concerned = ({ backend, stored, info }: ResourceRequest): readonly AdmissionPlugin[] =>
  pluginsFor(backend, stored, info.subresource);

/** Throws UserError for a name that is no plugin's. */
export function disabledPlugins(names: readonly string[]): ReadonlySet<string> {
  const known = new Set(plugins.map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new UserError(
      'UNKNOWN_ADMISSION_PLUGIN',
      `--disable-admission-plugins names ${unknown.join(', ')}; there are ${[...known].sort().join(', ')}`,
    );
  return new Set(names);
}

/** Runs the plugins that concern a new object's resource, or the subresource. */
export function admitNew(request: ResourceRequest, object: AnyObject): void {
  for (const plugin of concerned(request)) plugin.admit?.(request, object);
}

/** The same for an object that is changed. */
export function admitChanged(request: ResourceRequest, object: AnyObject, old: AnyObject): void {
  for (const plugin of concerned(request)) if (plugin.onUpdate) plugin.admit?.(request, object, old);
}

/** The same for an object that is to go. */
export function admitDelete(request: ResourceRequest, object: AnyObject): void {
  for (const plugin of concerned(request)) plugin.remove?.(request, object);
}

/** The last word, when everything is filled in and the kind's own rules are met; `old` is there on an update. */
export function validateAdmission(
  request: ResourceRequest,
  object: AnyObject,
  old: AnyObject | undefined,
): void {
  for (const plugin of concerned(request)) plugin.validate?.(request, object, old);
}
