/**
 * Defaults of a Service, and what is inferred from the stored one on update.
 * Source: pkg/apis/core/v1/defaults.go; pkg/registry/core/service/storage (normalizeClusterIPs, patchAllocatedValues),
 * pkg/registry/core/service/strategy.go (dropTypeDependentFields).
 */
import type { Service, ServiceSpec } from '../generated/types.ts';
import {
  isExternallyAccessible,
  needsClusterIP,
  needsHealthCheck,
  needsNodePort,
  portsOf,
  sameStrings,
  specOf,
} from './service-type.ts';

const affinityTimeoutDefaultSeconds = 10_800;

/** Fields whose zero value means absent: kept out of the stored object, as Go's omitempty does. */
const zeroFields = [
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'externalName',
  'externalTrafficPolicy',
  'healthCheckNodePort',
  'ipFamilies',
  'loadBalancerIP',
  'loadBalancerSourceRanges',
  'ports',
  'publishNotReadyAddresses',
] as const;

const zeroPortFields = ['name', 'nodePort'] as const;

function isZero(value: unknown): boolean {
  return (
    value === '' ||
    value === 0 ||
    value === false ||
    value === null ||
    (Array.isArray(value) && value.length === 0)
  );
}

function dropZeros<Type extends object>(target: Type, fields: readonly (keyof Type)[]): void {
  for (const field of fields) if (isZero(target[field])) delete target[field];
}

function defaultAffinity(spec: ServiceSpec): void {
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (
    spec.sessionAffinity === 'ClientIP' &&
    typeof spec.sessionAffinityConfig?.clientIP?.timeoutSeconds !== 'number'
  )
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: affinityTimeoutDefaultSeconds } };
}

export function defaults(service: Service): void {
  service.spec ??= {};
  const spec = service.spec;
  dropZeros(spec, zeroFields);
  defaultAffinity(spec);
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    dropZeros(port, zeroPortFields);
    port.protocol ||= 'TCP';
    if (isZero(port.targetPort) || port.targetPort === undefined) port.targetPort = port.port ?? 0;
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (needsNodePort(spec) || spec.type === 'ClusterIP') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  ensureStatus(service);
  defaultIPModes(service);
}

/** `status.loadBalancer` is always there, if empty. A status may be shared with the stored object: it is not changed. */
export function ensureStatus(service: Service): void {
  if (service.status?.loadBalancer === undefined) service.status = { ...service.status, loadBalancer: {} };
}

function defaultIPModes(service: Service): void {
  for (const ingress of service.status?.loadBalancer?.ingress ?? [])
    if (ingress.ip !== undefined && ingress.ip !== '') ingress.ipMode ??= 'VIP';
}

/** An alias in DNS carries no traffic of its own; upstream leaves the field out of what it answers. */
function dropInternalPolicy(spec: ServiceSpec): void {
  const policy = spec.internalTrafficPolicy;
  if (spec.type === 'ExternalName' && (policy === 'Cluster' || policy === 'Local'))
    delete spec.internalTrafficPolicy;
}

/** An old client sets `clusterIP` alone. */
export function prepareCreate(service: Service): void {
  const spec = specOf(service);
  dropInternalPolicy(spec);
  if (spec.clusterIP !== undefined && spec.clusterIPs === undefined) spec.clusterIPs = [spec.clusterIP];
  ensureStatus(service);
}

/** What was given out before and is left unsaid now stays: the same manifest can be applied again. */
function keepAllocatedNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const kept = new Set(portsOf(spec).map((port) => port.nodePort));
  const byName = new Map(portsOf(old).map((port) => [port.name ?? '', port.nodePort]));
  for (const port of spec.ports ?? []) {
    if (port.nodePort !== undefined) continue;
    const before = byName.get(port.name ?? '');
    // Another port of the new Service may have asked for this number by hand.
    if (before !== undefined && !kept.has(before)) port.nodePort = before;
  }
}

function keepAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIP(old) && needsClusterIP(spec)) {
    if (spec.clusterIP === undefined && old.clusterIP !== undefined) spec.clusterIP = old.clusterIP;
    if (spec.clusterIPs === undefined && old.clusterIPs !== undefined) spec.clusterIPs = [...old.clusterIPs];
  }
  if (needsNodePort(old) && needsNodePort(spec)) keepAllocatedNodePorts(spec, old);
  if (needsHealthCheck(old) && needsHealthCheck(spec) && old.healthCheckNodePort !== undefined)
    spec.healthCheckNodePort ??= old.healthCheckNodePort;
}

/** A client that knows only `clusterIP`, or changed only one of the two, means both. */
function synchronizeClusterIPs(spec: ServiceSpec, old: ServiceSpec): void {
  if (old.clusterIPs !== undefined && spec.clusterIPs === undefined && old.clusterIP === spec.clusterIP)
    spec.clusterIPs = [...old.clusterIPs];
  if (old.clusterIP === spec.clusterIP || !sameStrings(old.clusterIPs, spec.clusterIPs)) return;
  if (spec.clusterIP === undefined) delete spec.clusterIPs;
  else spec.clusterIPs = [spec.clusterIP];
}

function dropClusterIPFields(spec: ServiceSpec, old: ServiceSpec): void {
  if (old.clusterIP === spec.clusterIP && sameStrings(old.clusterIPs, spec.clusterIPs)) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
  }
  if (sameStrings(old.ipFamilies, spec.ipFamilies)) delete spec.ipFamilies;
  if (old.ipFamilyPolicy === spec.ipFamilyPolicy) delete spec.ipFamilyPolicy;
}

/** On a change of type, fields that the new type does not have go, unless the user changed them too. */
function dropTypeDependent(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIP(old) && !needsClusterIP(spec)) dropClusterIPFields(spec, old);
  if (needsNodePort(old) && !needsNodePort(spec)) {
    const before = new Set(portsOf(old).map((port) => port.nodePort));
    if (portsOf(spec).every((port) => port.nodePort === undefined || before.has(port.nodePort)))
      for (const port of spec.ports ?? []) delete port.nodePort;
  }
  if (
    isExternallyAccessible(old) &&
    !isExternallyAccessible(spec) &&
    old.externalTrafficPolicy === spec.externalTrafficPolicy
  )
    delete spec.externalTrafficPolicy;
  if (
    needsHealthCheck(old) &&
    !needsHealthCheck(spec) &&
    old.healthCheckNodePort === spec.healthCheckNodePort
  )
    delete spec.healthCheckNodePort;
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (old.allocateLoadBalancerNodePorts === spec.allocateLoadBalancerNodePorts)
      delete spec.allocateLoadBalancerNodePorts;
    if (old.loadBalancerClass === spec.loadBalancerClass) delete spec.loadBalancerClass;
  }
}

export function prepareUpdate(service: Service, oldService: Service): void {
  const spec = specOf(service);
  const old = specOf(oldService);
  keepAllocated(spec, old);
  synchronizeClusterIPs(spec, old);
  dropTypeDependent(spec, old);
  dropInternalPolicy(spec);
  ensureStatus(service);
  // The provider takes its load balancer away in its own time; nobody needs to see the old address meanwhile.
  if (spec.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} };
}
