/** What is accepted but deserves a word. Source: pkg/api/service/warnings.go. */
import { path } from '../field.ts';
import type { Service, ServiceSpec } from '../generated/types.ts';
import { cidrWarnings, ipWarnings } from '../ip-rules.ts';
import { getOwn } from '../object.ts';
import { headlessIP, needsClusterIP, specOf } from './service-type.ts';
import { topologyHintsAnnotation, topologyModeAnnotation } from './validate.ts';

const specPath = path('spec');

function headlessWarnings(spec: ServiceSpec): string[] {
  const warnings: string[] = [];
  if ((spec.loadBalancerIP ?? '') !== '')
    warnings.push('spec.loadBalancerIP is ignored for headless services');
  if ((spec.externalIPs ?? []).length > 0) warnings.push('spec.externalIPs is ignored for headless services');
  if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services');
  return warnings;
}

function addressWarnings(spec: ServiceSpec, headless: boolean): string[] {
  const externalIPs = spec.externalIPs ?? [];
  const warnings = externalIPs.flatMap((ip, index) =>
    ipWarnings(ip, specPath.child('externalIPs').index(index)),
  );
  if (externalIPs.length > 0 && !headless && spec.type !== 'ExternalName')
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  warnings.push(...ipWarnings(spec.loadBalancerIP ?? '', specPath.child('loadBalancerIP')));
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries())
    warnings.push(...cidrWarnings(range, specPath.child('loadBalancerSourceRanges').index(index)));
  return warnings;
}

function externalNameWarnings(spec: ServiceSpec): string[] {
  if (spec.type === 'ExternalName')
    return (spec.externalIPs ?? []).length > 0
      ? ['spec.externalIPs is ignored when spec.type is "ExternalName"']
      : [];
  return (spec.externalName ?? '') === ''
    ? []
    : ['spec.externalName is ignored when spec.type is not "ExternalName"'];
}

export function warnings(service: Service): string[] {
  const spec = specOf(service);
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === headlessIP;
  const texts: string[] = [];
  if (getOwn(service.metadata.annotations, topologyHintsAnnotation) !== undefined)
    texts.push(
      `annotation ${topologyHintsAnnotation} is deprecated, please use ${topologyModeAnnotation} instead`,
    );
  if (needsClusterIP(spec) && !headless)
    for (const [index, ip] of (spec.clusterIPs ?? []).entries())
      texts.push(...ipWarnings(ip, specPath.child('clusterIPs').index(index)));
  if (headless) texts.push(...headlessWarnings(spec));
  texts.push(...addressWarnings(spec, headless), ...externalNameWarnings(spec));
  if (spec.trafficDistribution === 'PreferClose')
    texts.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return texts;
}
