import { goFacts } from './go-facts.ts';
import { listFacts } from './list-facts.ts';

/** The models to start from, and what their declarations do not say. */
const kinds = (version: string, ...names: string[]): string[] => names.map((name) => `${version}${name}`);

export const roots: string[] = [
  ...kinds(
    'V1',
    'Pod',
    'Service',
    'Endpoints',
    'Node',
    'Namespace',
    'ConfigMap',
    'Secret',
    'ServiceAccount',
    'ReplicationController',
    'PersistentVolume',
    'PersistentVolumeClaim',
    'LimitRange',
    'ResourceQuota',
    'PodTemplate',
    'Binding',
    'ComponentStatus',
  ),
  'CoreV1Event',
  'EventsV1Event',
  ...kinds(
    'V1',
    'ReplicaSet',
    'Deployment',
    'DaemonSet',
    'StatefulSet',
    'ControllerRevision',
    'Job',
    'CronJob',
    'Scale',
    'Eviction',
    'HorizontalPodAutoscaler',
  ),
  'V2HorizontalPodAutoscaler',
  ...kinds(
    'V1',
    'Ingress',
    'IngressClass',
    'NetworkPolicy',
    'ServiceCIDR',
    'IPAddress',
    'EndpointSlice',
    'Lease',
    'PodDisruptionBudget',
    'PriorityClass',
    'RuntimeClass',
  ),
  ...kinds('V1', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'),
  ...kinds(
    'V1',
    'StorageClass',
    'VolumeAttachment',
    'VolumeAttributesClass',
    'CSIDriver',
    'CSINode',
    'CSIStorageCapacity',
  ),
  ...kinds(
    'V1',
    'CertificateSigningRequest',
    'FlowSchema',
    'PriorityLevelConfiguration',
    'APIService',
    'CustomResourceDefinition',
  ),
  ...kinds(
    'V1',
    'ValidatingWebhookConfiguration',
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
  ),
  'ResourceV1ResourceClaim',
  ...kinds('V1', 'ResourceClaimTemplate', 'ResourceSlice', 'DeviceClass'),
  'AuthenticationV1TokenRequest',
  ...kinds(
    'V1',
    'TokenReview',
    'SelfSubjectReview',
    'SubjectAccessReview',
    'SelfSubjectAccessReview',
    'LocalSubjectAccessReview',
    'SelfSubjectRulesReview',
  ),
  ...kinds('V1', 'Status', 'DeleteOptions', 'ObjectMeta', 'ListMeta', 'Condition'),
];

const tables: readonly Readonly<Record<string, string>>[] = [goFacts, listFacts];

/** Types with one owner as a whole for server-side apply. */
export const atomicTypes: readonly string[] = Object.keys(listFacts).filter(
  (type) => listFacts[type] === '@atomic',
);

/** `Type.field` -> facts, of every table. */
export const extraFacts: ReadonlyMap<string, string> = readTables();

function readTables(): Map<string, string> {
  const facts = new Map<string, string>();
  for (const [type, fields] of tables.flatMap((table) => Object.entries(table)))
    for (const field of fields.split(';')) {
      if (field === '@atomic') continue;
      const [name, ...ofField] = field.split(' ') as [string, ...string[]];
      const key = `${type}.${name}`;
      facts.set(key, [...(facts.get(key)?.split(' ') ?? []), ...ofField].join(' '));
    }
  return facts;
}

export function fieldFacts(type: string, field: string): string {
  return extraFacts.get(`${type}.${field}`) ?? '';
}
