/**
 * Kinds by name, with their types: `client.of('Pod')`, `view.get('Deployment', key)`. One name, one stored kind:
 * where two versions or groups show the same objects, the one that is stored is meant (Event of the core group,
 * HorizontalPodAutoscaler of autoscaling/v2).
 */
import type * as Types from '../kinds/generated/types.ts';
import type { Kind } from '../kinds/kind.ts';
import type * as MetalLB from '../kinds/metallb/types.ts';
import { kinds } from '../kinds/registry.ts';
import { WherryError } from '../lib/errors.ts';

/** Every kind that can be listed and watched. A test holds it beside the registry. */
export interface ObjectTypes {
  ConfigMap: Types.ConfigMap;
  Endpoints: Types.Endpoints;
  Event: Types.CoreEvent;
  LimitRange: Types.LimitRange;
  Namespace: Types.Namespace;
  Node: Types.Node;
  PersistentVolumeClaim: Types.PersistentVolumeClaim;
  PersistentVolume: Types.PersistentVolume;
  Pod: Types.Pod;
  PodTemplate: Types.PodTemplate;
  ReplicationController: Types.ReplicationController;
  ResourceQuota: Types.ResourceQuota;
  Secret: Types.Secret;
  ServiceAccount: Types.ServiceAccount;
  Service: Types.Service;
  APIService: Types.APIService;
  ControllerRevision: Types.ControllerRevision;
  DaemonSet: Types.DaemonSet;
  Deployment: Types.Deployment;
  ReplicaSet: Types.ReplicaSet;
  StatefulSet: Types.StatefulSet;
  HorizontalPodAutoscaler: Types.HorizontalPodAutoscalerV2;
  CronJob: Types.CronJob;
  Job: Types.Job;
  CertificateSigningRequest: Types.CertificateSigningRequest;
  IngressClass: Types.IngressClass;
  Ingress: Types.Ingress;
  IPAddress: Types.IPAddress;
  NetworkPolicy: Types.NetworkPolicy;
  ServiceCIDR: Types.ServiceCIDR;
  PodDisruptionBudget: Types.PodDisruptionBudget;
  ClusterRoleBinding: Types.ClusterRoleBinding;
  ClusterRole: Types.ClusterRole;
  RoleBinding: Types.RoleBinding;
  Role: Types.Role;
  CSIDriver: Types.CSIDriver;
  CSINode: Types.CSINode;
  CSIStorageCapacity: Types.CSIStorageCapacity;
  StorageClass: Types.StorageClass;
  VolumeAttachment: Types.VolumeAttachment;
  VolumeAttributesClass: Types.VolumeAttributesClass;
  MutatingAdmissionPolicy: Types.MutatingAdmissionPolicy;
  MutatingAdmissionPolicyBinding: Types.MutatingAdmissionPolicyBinding;
  MutatingWebhookConfiguration: Types.MutatingWebhookConfiguration;
  ValidatingAdmissionPolicy: Types.ValidatingAdmissionPolicy;
  ValidatingAdmissionPolicyBinding: Types.ValidatingAdmissionPolicyBinding;
  ValidatingWebhookConfiguration: Types.ValidatingWebhookConfiguration;
  CustomResourceDefinition: Types.CustomResourceDefinition;
  PriorityClass: Types.PriorityClass;
  Lease: Types.Lease;
  RuntimeClass: Types.RuntimeClass;
  EndpointSlice: Types.EndpointSlice;
  DeviceClass: Types.DeviceClass;
  ResourceClaim: Types.ResourceResourceClaim;
  ResourceClaimTemplate: Types.ResourceClaimTemplate;
  ResourceSlice: Types.ResourceSlice;
  FlowSchema: Types.FlowSchema;
  PriorityLevelConfiguration: Types.PriorityLevelConfiguration;
  IPAddressPool: MetalLB.IPAddressPool;
  L2Advertisement: MetalLB.L2Advertisement;
}

export type KindName = keyof ObjectTypes & string;
export type ObjectOf<Name extends KindName> = ObjectTypes[Name];

const watchable = kinds.filter(
  ({ storedAs, verbs }) => storedAs === undefined && verbs.includes('list') && verbs.includes('watch'),
);
const byName = new Map(watchable.map((kind) => [kind.kind, kind]));

/** In the registry's order. */
export const kindNames = watchable.map(({ kind }) => kind) as readonly KindName[];

/** Throws NO_SUCH_KIND. */
export function kindNamed(name: string): Kind {
  const kind = byName.get(name);
  if (kind === undefined)
    throw new WherryError('NO_SUCH_KIND', `there is no kind ${name} that can be watched`);
  return kind;
}

/** The name of an object's kind when it is one of the above, as ownerReferences say it. */
export function kindNameOf(apiVersion: string, kind: string): KindName | undefined {
  const found = byName.get(kind);
  if (found === undefined) return undefined;
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return found.group === group ? (kind as KindName) : undefined;
}
