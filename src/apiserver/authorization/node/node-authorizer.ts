/**
 * What a node may do: see what its pods need, and tell of itself and of them. NodeRestriction (admission) looks at what
 * it writes. Source of rules and wording: plugin/pkg/auth/authorizer/node of Kubernetes, and its role system:node.
 */
import type { PolicyRule } from '../../../kinds/generated/types.ts';
import { type Attributes, type Authorizer, type Decision, noOpinion, selectedValue } from '../attributes.ts';
import { rulesAllow } from '../rules.ts';
import type { NodeGraph } from './node-graph.ts';
import { nodeOf } from './node-identity.ts';

const allowed: Decision = { allowed: true, reason: '' };
const refuse = (reason: string): Decision => ({ allowed: false, reason });

const read = ['get', 'list', 'watch'];

/** ClusterRole system:node, but for what is decided object by object. */
const nodeRules: readonly PolicyRule[] = [
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
  {
    verbs: ['create'],
    apiGroups: ['authorization.k8s.io'],
    resources: ['subjectaccessreviews', 'localsubjectaccessreviews'],
  },
  { verbs: read, apiGroups: [''], resources: ['services'] },
  { verbs: ['create', 'update', 'patch'], apiGroups: [''], resources: ['events'] },
  { verbs: ['get'], apiGroups: [''], resources: ['endpoints'] },
  {
    verbs: ['create', ...read],
    apiGroups: ['certificates.k8s.io'],
    resources: ['certificatesigningrequests'],
  },
  { verbs: read, apiGroups: ['certificates.k8s.io'], resources: ['clustertrustbundles'] },
  { verbs: read, apiGroups: ['storage.k8s.io'], resources: ['csidrivers'] },
  { verbs: read, apiGroups: ['node.k8s.io'], resources: ['runtimeclasses'] },
];

/**
 * The agent is kubelet, proxy, DNS server and announcer in one: ClusterRole system:node-proxier, and what the other two
 * read. None of it is secret to a node.
 */
const agentRules: readonly PolicyRule[] = [
  { verbs: ['list', 'watch'], apiGroups: [''], resources: ['endpoints'] },
  { verbs: read, apiGroups: [''], resources: ['nodes', 'namespaces'] },
  { verbs: ['create', 'update', 'patch'], apiGroups: ['events.k8s.io'], resources: ['events'] },
  { verbs: read, apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
  { verbs: read, apiGroups: ['networking.k8s.io'], resources: ['servicecidrs'] },
  { verbs: read, apiGroups: ['metallb.io'], resources: ['*'] },
];

type Rule = (graph: NodeGraph, node: string, attributes: Attributes) => Decision;

type Needed = Parameters<NodeGraph['isNeeded']>[1]['resource'];

function ifNeeded(graph: NodeGraph, node: string, attributes: Attributes): Decision {
  const { resource, namespace = '', name = '' } = attributes;
  if (name === '') return refuse('No Object name found');
  return graph.isNeeded(node, { resource: resource as Needed, namespace, name })
    ? allowed
    : refuse(`no relationship found between node '${node}' and this object`);
}

const getIfNeeded: Rule = (graph, node, attributes) => {
  if (attributes.verb !== 'get') return refuse('can only get individual resources of this type');
  if (attributes.subresource) return refuse('cannot get subresource');
  return ifNeeded(graph, node, attributes);
};

const readIfNeeded: Rule = (graph, node, attributes) => {
  if (!read.includes(attributes.verb)) return refuse('can only read resources of this type');
  if (attributes.subresource) return refuse('cannot read subresource');
  if (!attributes.namespace) return refuse('can only read namespaced object of this type');
  return ifNeeded(graph, node, attributes);
};

const claim: Rule = (graph, node, attributes) => {
  if (attributes.subresource !== 'status') return getIfNeeded(graph, node, attributes);
  if (!['update', 'patch'].includes(attributes.verb)) return refuse('can only get/update/patch this type');
  return ifNeeded(graph, node, attributes);
};

const account: Rule = (graph, node, attributes) => {
  const { verb, subresource = '', name = '' } = attributes;
  if (verb === 'get' && subresource === '') return ifNeeded(graph, node, attributes);
  if (verb !== 'create' || name === '')
    return refuse('can only create tokens for individual service accounts');
  if (subresource !== 'token') return refuse('can only create token subresource of serviceaccount');
  return ifNeeded(graph, node, attributes);
};

const writes = ['get', 'create', 'update', 'patch', 'delete'];

/** On create nobody knows the name yet: NodeRestriction looks at it. */
const lease: Rule = (_graph, node, { verb, namespace, name }) => {
  if (!writes.includes(verb)) return refuse('can only get, create, update, patch, or delete a node lease');
  if (namespace !== 'kube-node-lease')
    return refuse('can only access leases in the "kube-node-lease" system namespace');
  if (verb !== 'create' && name !== node)
    return refuse('can only access node lease with the same name as the requesting node');
  return allowed;
};

const csiNode: Rule = (_graph, node, { verb, subresource, name }) => {
  if (!writes.includes(verb)) return refuse('can only get, create, update, patch, or delete a CSINode');
  if (subresource) return refuse('cannot authorize CSINode subresources');
  if (verb !== 'create' && name !== node)
    return refuse('can only access CSINode with the same name as the requesting node');
  return allowed;
};

const resourceSlice: Rule = (graph, node, attributes) => {
  const { verb, subresource, fieldSelector } = attributes;
  if (subresource) return refuse('cannot authorize ResourceSlice subresources');
  if (verb === 'create') return allowed;
  if (['get', 'update', 'patch', 'delete'].includes(verb)) return ifNeeded(graph, node, attributes);
  if (!['watch', 'list', 'deletecollection'].includes(verb))
    return refuse(
      'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
    );
  return selectedValue(fieldSelector, 'spec.nodeName') === node
    ? allowed
    : refuse('can only list/watch/deletecollection resourceslices with nodeName field selector');
};

/** Reading is among the agent's rules: the proxy needs all nodes. */
const nodeObject: Rule = (_graph, _node, { verb, subresource = '' }) => {
  const isWrite =
    (subresource === '' && ['create', 'update', 'patch'].includes(verb)) ||
    (subresource === 'status' && ['update', 'patch'].includes(verb));
  return isWrite ? allowed : noOpinion;
};

const pod: Rule = (graph, node, attributes) => {
  const { verb, subresource = '', fieldSelector, name } = attributes;
  if (subresource === 'status') return ['update', 'patch'].includes(verb) ? allowed : noOpinion;
  if (subresource === 'eviction') return verb === 'create' ? allowed : noOpinion;
  if (subresource !== '') return noOpinion;
  if (verb === 'get') return getIfNeeded(graph, node, attributes);
  if (verb === 'create' || verb === 'delete') return allowed;
  if (verb !== 'list' && verb !== 'watch') return noOpinion;
  if (selectedValue(fieldSelector, 'spec.nodeName') === node) return allowed;
  return name
    ? ifNeeded(graph, node, attributes)
    : refuse('can only list/watch pods with spec.nodeName field selector');
};

/** `resource.group`; the core group has none. */
const rules: ReadonlyMap<string, Rule> = new Map([
  ['secrets', readIfNeeded],
  ['configmaps', readIfNeeded],
  ['persistentvolumeclaims', claim],
  ['persistentvolumes', getIfNeeded],
  ['resourceclaims.resource.k8s.io', getIfNeeded],
  ['volumeattachments.storage.k8s.io', getIfNeeded],
  ['serviceaccounts', account],
  ['leases.coordination.k8s.io', lease],
  ['csinodes.storage.k8s.io', csiNode],
  ['resourceslices.resource.k8s.io', resourceSlice],
  ['pods', pod],
]);

export function nodeAuthorizer(graph: NodeGraph): Authorizer {
  return {
    authorize(attributes) {
      const node = nodeOf(attributes.user);
      if (node === undefined) return noOpinion;
      if (node === '') return refuse(`unknown node for user ${JSON.stringify(attributes.user.name)}`);
      const { group = '', resource = '', path } = attributes;
      if (path !== undefined) return noOpinion;
      const rule = rules.get(group === '' ? resource : `${resource}.${group}`);
      if (rule !== undefined) return rule(graph, node, attributes);
      if (group === '' && resource === 'nodes' && nodeObject(graph, node, attributes).allowed) return allowed;
      return rulesAllow(nodeRules, attributes) || rulesAllow(agentRules, attributes) ? allowed : noOpinion;
    },
  };
}
