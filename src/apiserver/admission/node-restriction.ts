/**
 * What a node writes concerns the node itself and its own pods, and changes nothing that others steer by. Source of
 * rules and wording: plugin/pkg/admission/noderestriction of Kubernetes. CVE-2025-5187: nor its ownerReferences.
 */
import { isDeepStrictEqual } from 'node:util';
import type {
  AuthenticationTokenRequest,
  Node,
  PersistentVolumeClaim,
  Pod,
  PodResourceClaimStatus,
} from '../../kinds/generated/types.ts';
import { type AnyObject, getOwn } from '../../kinds/object.ts';
import { mirrorPodAnnotation } from '../../kinds/pod/validate-annotations.ts';
import { forbiddenError, notFoundError, type ResourceName } from '../../kinds/status.ts';
import { nodeOf } from '../authorization/node/node-identity.ts';
import { podReferences, type ReferencedResource } from '../authorization/node/pod-references.ts';
import type { ResourceRequest } from '../context.ts';
import { checkAudience } from './node-audience.ts';
import { forbiddenLabels } from './node-labels.ts';
import { type AdmissionPlugin, nameOf } from './plugin.ts';

const pods: ResourceName = { group: '', plural: 'pods' };
const nodes: ResourceName = { group: '', plural: 'nodes' };
const claims: ResourceName = { group: '', plural: 'persistentvolumeclaims' };
const accounts: ResourceName = { group: '', plural: 'serviceaccounts' };
const leases: ResourceName = { group: 'coordination.k8s.io', plural: 'leases' };
const csiNodes: ResourceName = { group: 'storage.k8s.io', plural: 'csinodes' };
const slices: ResourceName = { group: 'resource.k8s.io', plural: 'resourceslices' };

interface Change {
  /** As it is to be; of a delete as it is. */
  readonly object: AnyObject;
  /** Undefined on create. */
  readonly old: AnyObject | undefined;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly request: ResourceRequest;
  /** Throws 403. */
  refuse(why: string): never;
}

/** `node`: the name of the node that writes. */
type Check = (node: string, change: Change) => void;

/** As Go's %q. */
const quoted = (text: string): string => JSON.stringify(text);

function restriction(of: ResourceName, check: Check, subresource = ''): AdmissionPlugin {
  const run = (request: ResourceRequest, change: Pick<Change, 'object' | 'old' | 'operation'>) => {
    const { name } = request.user;
    const node = nodeOf(request.user);
    if (node === undefined) return;
    const refuse = (why: string): never => {
      throw forbiddenError(of, request.info.name || nameOf(change.object), why);
    };
    if (node === '') refuse(`could not determine node from user ${quoted(name)}`);
    check(node, { ...change, request, refuse });
  };
  return {
    name: 'NodeRestriction',
    resources: [of],
    subresource,
    onUpdate: true,
    admit: (request, object, old) =>
      run(request, { object, old, operation: old === undefined ? 'CREATE' : 'UPDATE' }),
    remove: (request, object) => run(request, { object, old: object, operation: 'DELETE' }),
  };
}

const checkPod: Check = (node, { object, operation, request, refuse }) => {
  const pod = object as unknown as Pod;
  if (operation === 'UPDATE')
    refuse(`unexpected operation "UPDATE", node ${quoted(node)} can only create and delete mirror pods`);
  if (operation === 'CREATE') checkMirrorPod(node, pod, { request, refuse });
  else if (pod.spec?.nodeName !== node)
    refuse(`node ${quoted(node)} can only delete pods with spec.nodeName set to itself`);
};

/** What a pod of a node's own making may not refer to: the node could read it then. */
const unreachable: readonly ReferencedResource[] = [
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'resourceclaims',
];

function checkMirrorPod(
  node: string,
  pod: Pod,
  { request, refuse }: Pick<Change, 'request' | 'refuse'>,
): void {
  const who = `node ${quoted(node)}`;
  if (getOwn(pod.metadata.annotations, mirrorPodAnnotation) === undefined)
    refuse(`pod does not have ${quoted(mirrorPodAnnotation)} annotation, ${who} can only create mirror pods`);
  if (pod.spec?.nodeName !== node) refuse(`${who} can only create pods with spec.nodeName set to itself`);
  const [owner, ...others] = pod.metadata.ownerReferences ?? [];
  if (others.length > 0) refuse(`${who} can only create pods with a single owner reference set to itself`);
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    throw refuse(`${who} can only create pods with an owner reference set to itself`);
  if (owner.controller !== true)
    refuse(`${who} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true)
    refuse(`${who} must not set blockOwnerDeletion on an owner reference`);
  const uid = request.backend.cache.get(nodes, '', node)?.metadata.uid;
  if (uid === undefined) throw notFoundError(nodes, node);
  if (owner.uid !== uid) refuse(`node ${node} UID mismatch: expected ${owner.uid} got ${uid}`);
  if (pod.spec?.serviceAccountName) refuse(`${who} can not create pods that reference a service account`);
  const references = podReferences(pod);
  for (const resource of unreachable)
    if (references.has(resource)) refuse(`${who} can not create pods that reference ${resource}`);
  if ((pod.spec?.resourceClaims ?? []).length > 0)
    refuse(`${who} can not create pods that reference resourceclaims`);
  for (const { projected } of pod.spec?.volumes ?? [])
    if (projected?.sources?.some(({ clusterTrustBundle }) => clusterTrustBundle != null))
      refuse(`${who} can not create pods that reference clustertrustbundles`);
}

const sameTexts = (left: object = {}, right: object = {}): boolean =>
  isDeepStrictEqual({ ...left }, { ...right });

const claimNames = (statuses: readonly PodResourceClaimStatus[] = []) =>
  statuses.map(({ name, resourceClaimName }) => [name, resourceClaimName ?? null]);

const checkPodStatus: Check = (node, { object, old, operation, refuse }) => {
  if (operation !== 'UPDATE') refuse(`unexpected operation ${quoted(operation)}`);
  const [now, before] = [object as unknown as Pod, old as unknown as Pod];
  if (before.spec?.nodeName !== node)
    refuse(`node ${quoted(node)} can only update pod status for pods with spec.nodeName set to itself`);
  if (!sameTexts(now.metadata.labels, before.metadata.labels))
    refuse(`node ${quoted(node)} cannot update labels through pod status`);
  if (
    !isDeepStrictEqual(
      claimNames(now.status?.resourceClaimStatuses),
      claimNames(before.status?.resourceClaimStatuses),
    )
  )
    refuse(`node ${quoted(node)} cannot update resource claim statues`);
};

const checkEviction: Check = (node, { request, refuse }) => {
  const { namespace, name } = request.info;
  const pod = request.backend.cache.get(pods, namespace, name) as Pod | undefined;
  if (pod === undefined) throw notFoundError(pods, name);
  if (pod.spec?.nodeName !== node)
    refuse(`node ${node} can only evict pods with spec.nodeName set to itself`);
};

const checkNode: Check = (node, { object, old, operation, refuse }) => {
  const now = object as unknown as Node;
  const who = `node ${quoted(node)}`;
  const name = object.metadata.name ?? '';
  if (name !== node) refuse(`${who} is not allowed to modify node ${quoted(name)}`);
  if (operation === 'DELETE') return;
  const before = old as unknown as Node | undefined;
  const source = now.spec?.configSource ?? undefined;
  const wrong = forbiddenLabels(now.metadata.labels, before?.metadata.labels);
  if (before === undefined) {
    if (source !== undefined) refuse(`${who} is not allowed to create pods with a non-nil configSource`);
    // Ours: with an owner that it may delete, a node could have itself deleted, and register without its taints.
    if ((now.metadata.ownerReferences ?? []).length > 0)
      refuse(`${who} is not allowed to set ownerReferences`);
    if (wrong.length > 0) refuse(`${who} is not allowed to set the following labels: ${wrong.join(', ')}`);
    return;
  }
  if (source !== undefined && !isDeepStrictEqual(source, before.spec?.configSource))
    refuse(`${who} is not allowed to update configSource to a new non-nil configSource`);
  if (!isDeepStrictEqual(now.spec?.taints ?? [], before.spec?.taints ?? []))
    refuse(`${who} is not allowed to modify taints`);
  if (!isDeepStrictEqual(now.metadata.ownerReferences ?? [], before.metadata.ownerReferences ?? []))
    refuse(`${who} is not allowed to modify ownerReferences`);
  if (wrong.length > 0) refuse(`is not allowed to modify labels: ${wrong.join(', ')}`);
};

/** A claim but for what a node tells of it. */
function told(object: AnyObject | undefined): PersistentVolumeClaim {
  const claim = structuredClone(object) as unknown as PersistentVolumeClaim;
  delete claim.metadata.resourceVersion;
  delete claim.metadata.managedFields;
  const { capacity, conditions, allocatedResources, allocatedResourceStatuses, ...status } =
    claim.status ?? {};
  return { ...claim, status };
}

const checkClaimStatus: Check = (node, { object, old, operation, refuse }) => {
  if (operation !== 'UPDATE') refuse(`unexpected operation ${quoted(operation)}`);
  if (!isDeepStrictEqual(told(object), told(old)))
    refuse(
      `node ${quoted(node)} is not allowed to update fields other than status.capacity and status.conditions`,
    );
};

const onlyClaimStatus: Check = (_node, { refuse }) => refuse('may only update PVC status');

const checkToken: Check = (node, { object, request, refuse }) => {
  const { spec = {} } = object as unknown as AuthenticationTokenRequest;
  const { apiVersion, kind, name = '', uid = '' } = spec.boundObjectRef ?? {};
  if (apiVersion !== 'v1' || kind !== 'Pod' || name === '') refuse('node requested token not bound to a pod');
  if (uid === '') refuse('node requested token with a pod binding without a uid');
  const pod = request.backend.cache.get(pods, request.info.namespace, name) as Pod | undefined;
  if (pod === undefined) throw notFoundError(pods, name);
  if (uid !== pod.metadata.uid)
    refuse(
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if (pod.spec?.nodeName !== node)
    refuse('node requested token bound to a pod scheduled on a different node');
  const fault = checkAudience(request, pod, spec.audiences ?? []);
  if (fault !== undefined) refuse(fault);
};

const checkLease: Check = (node, { object, request, refuse }) => {
  if (request.info.namespace !== 'kube-node-lease')
    refuse('can only access leases in the "kube-node-lease" system namespace');
  if (object.metadata.name !== node)
    refuse('can only access node lease with the same name as the requesting node');
};

const checkCsiNode: Check = (node, { object, refuse }) => {
  if (object.metadata.name !== node)
    refuse('can only access CSINode with the same name as the requesting node');
};

const checkSlice: Check = (node, { object, operation, refuse }) => {
  const owner = (object.spec as { nodeName?: string } | undefined)?.nodeName;
  if (operation === 'CREATE' && owner !== node)
    refuse('can only create ResourceSlice with the same NodeName as the requesting node');
  if (operation === 'DELETE' && owner !== node)
    refuse('can only delete ResourceSlice with the same NodeName as the requesting node');
};

export const nodeRestriction: readonly AdmissionPlugin[] = [
  restriction(pods, checkPod),
  restriction(pods, checkPodStatus, 'status'),
  restriction(pods, checkEviction, 'eviction'),
  restriction(nodes, checkNode),
  restriction(nodes, checkNode, 'status'),
  restriction(claims, onlyClaimStatus),
  restriction(claims, checkClaimStatus, 'status'),
  restriction(accounts, checkToken, 'token'),
  restriction(leases, checkLease),
  restriction(csiNodes, checkCsiNode),
  restriction(slices, checkSlice),
];
