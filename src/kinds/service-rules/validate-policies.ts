/**
 * Affinity, traffic policies and load balancer fields of a Service.
 * Source: pkg/apis/core/validation (validateClientIPAffinityConfig, validateServiceExternalTrafficPolicy,
 * validateServiceInternalTrafficFieldsValue, validateServiceTrafficDistribution, validateLoadBalancerClassField).
 */
import { type FieldError, forbidden, invalid, notSupported, type Path, path, required } from '../field.ts';
import type { Service, ServiceSpec } from '../generated/types.ts';
import { validateCIDR } from '../ip-rules.ts';
import { isPortNumber, isQualifiedName } from '../names.ts';
import { getOwn } from '../object.ts';
import { isExternallyAccessible, needsHealthCheck, specOf } from './service-type.ts';

const specPath = path('spec');
const loadBalancerOnly = "may only be used when `type` is 'LoadBalancer'";
const sourceRangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';
export const affinityTimeoutMaxSeconds = 86_400;

const supportedAffinities = ['ClientIP', 'None'] as const;
const supportedTrafficPolicies = ['Cluster', 'Local'] as const;
const supportedDistributions = ['PreferClose', 'PreferSameNode', 'PreferSameZone'] as const;

function validateAffinityConfig(spec: ServiceSpec): FieldError[] {
  const at = specPath.child('sessionAffinityConfig');
  const config = spec.sessionAffinityConfig;
  const detail = 'when session affinity type is ClientIP';
  if (config === undefined) return [required(at, detail)];
  if (config.clientIP === undefined) return [required(at.child('clientIP'), detail)];
  const timeout = config.clientIP.timeoutSeconds;
  const timeoutPath = at.child('clientIP', 'timeoutSeconds');
  if (timeout === undefined) return [required(timeoutPath, detail)];
  return timeout > 0 && timeout <= affinityTimeoutMaxSeconds
    ? []
    : [invalid(timeoutPath, timeout, `must be greater than 0 and less than ${affinityTimeoutMaxSeconds}`)];
}

export function validateAffinity(spec: ServiceSpec): FieldError[] {
  const at = specPath.child('sessionAffinity');
  const affinity = spec.sessionAffinity ?? '';
  if (affinity === '') return [required(at, '')];
  if (affinity === 'ClientIP') return validateAffinityConfig(spec);
  if (affinity !== 'None') return [notSupported(at, affinity, supportedAffinities)];
  return spec.sessionAffinityConfig === undefined
    ? []
    : [forbidden(specPath.child('sessionAffinityConfig'), 'must not be set when session affinity is None')];
}

export function validateSourceRanges(service: Service): FieldError[] {
  const spec = specOf(service);
  const ranges = spec.loadBalancerSourceRanges ?? [];
  // Upstream spells the path with a capital.
  const at = specPath.child('LoadBalancerSourceRanges');
  const annotation = getOwn(service.metadata.annotations, sourceRangesAnnotation);
  if (ranges.length > 0)
    return [
      ...(spec.type === 'LoadBalancer' ? [] : [forbidden(at, loadBalancerOnly)]),
      ...ranges.flatMap((range, index) => validateCIDR(range.trim(), at.index(index))),
    ];
  if (annotation === undefined) return [];
  const annotationPath = path('metadata', 'annotations').key(sourceRangesAnnotation);
  const listed = annotation.trim() === '' ? [] : annotation.split(',');
  return [
    ...(spec.type === 'LoadBalancer' ? [] : [forbidden(annotationPath, loadBalancerOnly)]),
    ...listed.flatMap((range) => validateCIDR(range.trim(), annotationPath)),
  ];
}

export function validateLoadBalancerFields(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const balanced = spec.type === 'LoadBalancer';
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balanced)
    errors.push(forbidden(specPath.child('allocateLoadBalancerNodePorts'), loadBalancerOnly));
  const at: Path = specPath.child('loadBalancerClass');
  if (spec.loadBalancerClass === undefined) return errors;
  if (!balanced) return [...errors, forbidden(at, loadBalancerOnly)];
  for (const message of isQualifiedName(spec.loadBalancerClass))
    errors.push(invalid(at, spec.loadBalancerClass, message));
  return errors;
}

function validateExternalPolicy(spec: ServiceSpec): FieldError[] {
  const at = specPath.child('externalTrafficPolicy');
  const policy = spec.externalTrafficPolicy ?? '';
  if (!isExternallyAccessible(spec))
    return policy === '' ? [] : [invalid(at, policy, 'may only be set for externally-accessible services')];
  if (policy === '') return [required(at, '')];
  return supportedTrafficPolicies.includes(policy as 'Local')
    ? []
    : [notSupported(at, policy, supportedTrafficPolicies)];
}

/** Unset is well: it is given out after validation. */
function validateHealthCheckNodePort(spec: ServiceSpec): FieldError[] {
  const at = specPath.child('healthCheckNodePort');
  const port = spec.healthCheckNodePort ?? 0;
  if (port === 0) return [];
  if (!needsHealthCheck(spec))
    return [
      invalid(
        at,
        port,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    ];
  return isPortNumber(port).map((message) => invalid(at, port, message));
}

export function validateTrafficPolicies(spec: ServiceSpec): FieldError[] {
  const errors = [...validateExternalPolicy(spec), ...validateHealthCheckNodePort(spec)];
  const internal = spec.internalTrafficPolicy;
  if (internal !== undefined && !supportedTrafficPolicies.includes(internal as 'Local'))
    errors.push(notSupported(specPath.child('internalTrafficPolicy'), internal, supportedTrafficPolicies));
  const distribution = spec.trafficDistribution;
  if (distribution !== undefined && !supportedDistributions.includes(distribution as 'PreferClose'))
    errors.push(notSupported(specPath.child('trafficDistribution'), distribution, supportedDistributions));
  return errors;
}
