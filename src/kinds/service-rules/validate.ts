/** Validation of a Service, of its updates and of its status. Source: pkg/apis/core/validation/validation.go. */
import { parseAddress } from '../../lib/ip.ts';
import { type FieldError, forbidden, invalid, notSupported, path, required } from '../field.ts';
import type { LoadBalancerIngress, Service, ServiceSpec } from '../generated/types.ts';
import { validateIP, validateNonSpecialIP } from '../ip-rules.ts';
import { validateLabels } from '../label-selector.ts';
import { isDNS1123Subdomain } from '../names.ts';
import { getOwn } from '../object.ts';
import { isHeadless, needsHealthCheck, portsOf, specOf } from './service-type.ts';
import { validateClusterIPs, validateClusterIPsChange } from './validate-cluster-ips.ts';
import {
  validateAffinity,
  validateLoadBalancerFields,
  validateSourceRanges,
  validateTrafficPolicies,
} from './validate-policies.ts';
import { validatePorts, validatePortsTogether } from './validate-ports.ts';

const specPath = path('spec');
const supportedTypes = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'] as const;
const supportedIPModes = ['Proxy', 'VIP'] as const;
export const topologyHintsAnnotation = 'service.kubernetes.io/topology-aware-hints';
export const topologyModeAnnotation = 'service.kubernetes.io/topology-mode';

function validateAnnotations(service: Service): FieldError[] {
  const hints = getOwn(service.metadata.annotations, topologyHintsAnnotation);
  const mode = getOwn(service.metadata.annotations, topologyModeAnnotation);
  if (hints === undefined || mode === undefined || hints === mode) return [];
  return [
    invalid(
      path('metadata', 'annotations').key(topologyModeAnnotation),
      mode,
      `must match annotations[${topologyHintsAnnotation}] when both are specified`,
    ),
  ];
}

function validateExternalName(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const)
    if ((spec[field]?.length ?? 0) > 0)
      errors.push(forbidden(specPath.child(field), 'may not be set for ExternalName services'));
  // A trailing dot marks a fully qualified name.
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  const at = specPath.child('externalName');
  if (name === '') return [...errors, required(at, '')];
  return [...errors, ...isDNS1123Subdomain(name).map((message) => invalid(at, name, message))];
}

function validateByType(spec: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName') return validateExternalName(spec);
  if (!isHeadless(spec)) return portsOf(spec).length === 0 ? [required(specPath.child('ports'), '')] : [];
  return spec.type === 'LoadBalancer' || spec.type === 'NodePort'
    ? [
        invalid(
          specPath.child('clusterIPs').index(0),
          spec.clusterIPs?.[0],
          `may not be set to 'None' for ${spec.type} services`,
        ),
      ]
    : [];
}

function validateType(spec: ServiceSpec): FieldError[] {
  const type = spec.type ?? '';
  if (type === '') return [required(specPath.child('type'), '')];
  return supportedTypes.includes(type as 'ClusterIP')
    ? []
    : [notSupported(specPath.child('type'), type, supportedTypes)];
}

function validateExternalIPs(spec: ServiceSpec): FieldError[] {
  return (spec.externalIPs ?? []).flatMap((ip, index) => {
    const at = specPath.child('externalIPs').index(index);
    const errors = validateIP(ip, at);
    return errors.length > 0 ? errors : validateNonSpecialIP(ip, at);
  });
}

export function validate(service: Service): FieldError[] {
  const spec = specOf(service);
  // Addresses are given out first, and nothing else is looked at until those fields are good.
  const clusterIPErrors = validateClusterIPs(spec);
  if (clusterIPErrors.length > 0) return clusterIPErrors;
  return [
    ...validateAnnotations(service),
    ...validateByType(spec),
    ...validatePorts(spec),
    ...validateLabels(spec.selector, specPath.child('selector')),
    ...validateAffinity(spec),
    ...validateExternalIPs(spec),
    ...validateType(spec),
    ...validatePortsTogether(spec),
    ...validateSourceRanges(service),
    ...validateLoadBalancerFields(spec),
    ...validateTrafficPolicies(spec),
  ];
}

export function validateUpdate(service: Service, oldService: Service): FieldError[] {
  const spec = specOf(service);
  const old = specOf(oldService);
  const errors = validateClusterIPsChange(spec, old);
  if (
    spec.type === 'LoadBalancer' &&
    old.type === 'LoadBalancer' &&
    spec.loadBalancerClass !== old.loadBalancerClass
  )
    errors.push(
      invalid(specPath.child('loadBalancerClass'), spec.loadBalancerClass ?? null, 'may not change once set'),
    );
  if (needsHealthCheck(spec) && needsHealthCheck(old) && spec.healthCheckNodePort !== old.healthCheckNodePort)
    errors.push(forbidden(specPath.child('healthCheckNodePort'), 'field is immutable'));
  return errors;
}

function validateIngress(ingress: LoadBalancerIngress, index: number): FieldError[] {
  const at = path('status', 'loadBalancer', 'ingress').index(index);
  const errors: FieldError[] = [];
  const ip = ingress.ip ?? '';
  if (ip !== '') errors.push(...validateIP(ip, at.child('ip')));
  if (ingress.ipMode === undefined) {
    if (ip !== '') errors.push(required(at.child('ipMode'), 'must be specified when `ip` is set'));
  } else if (ip === '')
    errors.push(forbidden(at.child('ipMode'), 'may not be specified when `ip` is not set'));
  else if (!supportedIPModes.includes(ingress.ipMode as 'VIP'))
    errors.push(notSupported(at.child('ipMode'), ingress.ipMode, supportedIPModes));
  const hostname = ingress.hostname ?? '';
  if (hostname === '') return errors;
  for (const message of isDNS1123Subdomain(hostname))
    errors.push(invalid(at.child('hostname'), hostname, message));
  if (parseAddress(hostname) !== undefined)
    errors.push(invalid(at.child('hostname'), hostname, 'must be a DNS name, not an IP address'));
  return errors;
}

export function validateStatusUpdate(service: Service): FieldError[] {
  const ingresses = service.status?.loadBalancer?.ingress ?? [];
  if (ingresses.length > 0 && specOf(service).type !== 'LoadBalancer')
    return [
      forbidden(
        path('status', 'loadBalancer', 'ingress'),
        "may only be used when `spec.type` is 'LoadBalancer'",
      ),
    ];
  return ingresses.flatMap(validateIngress);
}
