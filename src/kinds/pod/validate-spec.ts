/** A pod's spec, in a pod or in a template. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { duplicate, type FieldError, invalid, type Path, required } from '../field.ts';
import type { PodSpec } from '../generated/types.ts';
import { validateLabels } from '../label-selector.ts';
import { isDNS1123Subdomain, isQualifiedName } from '../names.ts';
import { inclusiveRange, int32Max, invalidEach, validateChoice, validateDNS1123Label } from './checks.ts';
import {
  type ContainerScope,
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
} from './validate-containers.ts';
import * as network from './validate-network.ts';
import { validateOverhead, validatePodResources } from './validate-resources.ts';
import { validateAffinity, validateSchedulingGates, validateTolerations } from './validate-scheduling.ts';
import { validatePodSecurityContext } from './validate-security.ts';
import { validateSpread } from './validate-spread.ts';
import { validateVolumes } from './validate-volumes.ts';
import { validateHostProcess, validateOS } from './validate-windows.ts';

/** In the order in which upstream lists them, which is not sorted here. */
const restartPolicies = ['Always', 'OnFailure', 'Never'];

function validatePodClaims(spec: PodSpec, at: Path): FieldError[] {
  const seen = new Set<string>();
  return (spec.resourceClaims ?? []).flatMap((claim, index) => {
    const here = at.index(index);
    const errors: FieldError[] = [];
    if (!claim.name) errors.push(required(here.child('name'), ''));
    else if (seen.has(claim.name)) errors.push(duplicate(here.child('name'), claim.name));
    else errors.push(...validateDNS1123Label(claim.name, here.child('name')));
    seen.add(claim.name);
    const { resourceClaimName: name, resourceClaimTemplateName: template } = claim;
    if (name !== undefined && template !== undefined)
      errors.push(
        invalid(
          here,
          claim,
          'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
        ),
      );
    if (name === undefined && template === undefined)
      errors.push(
        invalid(here, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'),
      );
    for (const [field, value] of [
      ['resourceClaimName', name],
      ['resourceClaimTemplateName', template],
    ] as const)
      if (value !== undefined)
        errors.push(...invalidEach(here.child(field), value, isDNS1123Subdomain(value)));
    return errors;
  });
}

const subdomainNames = ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const;

function validateNames(spec: PodSpec, at: Path, names: readonly (typeof subdomainNames)[number][]) {
  return names.flatMap((name) => {
    const value = spec[name];
    return value ? invalidEach(at.child(name), value, isDNS1123Subdomain(value)) : [];
  });
}

function validateDeadline(spec: PodSpec, at: Path): FieldError[] {
  const seconds = spec.activeDeadlineSeconds;
  return seconds !== undefined && (seconds < 1 || seconds > int32Max)
    ? [invalid(at.child('activeDeadlineSeconds'), seconds, inclusiveRange(1, int32Max))]
    : [];
}

function validateGates(spec: PodSpec, at: Path): FieldError[] {
  return (spec.readinessGates ?? []).flatMap(({ conditionType }, index) =>
    invalidEach(
      at.child('readinessGates').index(index).child('conditionType'),
      conditionType ?? '',
      isQualifiedName(conditionType ?? ''),
    ),
  );
}

/** What the containers hold: they, their volumes and claims. */
function validateParts(spec: PodSpec, podName: string | undefined, at: Path): FieldError[] {
  const { errors, volumes } = validateVolumes(spec, podName, at.child('volumes'));
  const podClaims = new Set((spec.resourceClaims ?? []).flatMap(({ name }) => (name ? [name] : [])));
  const scope: ContainerScope = { spec, volumes, podClaims };
  return [
    ...(spec.terminationGracePeriodSeconds == null
      ? [required(at.child('terminationGracePeriodSeconds'), '')]
      : []),
    ...errors,
    ...validatePodClaims(spec, at.child('resourceClaims')),
    ...validateContainers(scope, at.child('containers')),
    ...validateInitContainers(scope, at.child('initContainers')),
    ...validateEphemeralContainers(scope, at.child('ephemeralContainers')),
  ];
}

/** `podName` is there when the spec is a pod's own; in a template there is none. */
export function validatePodSpec(spec: PodSpec, podName: string | undefined, at: Path): FieldError[] {
  const isPod = podName !== undefined;
  const errors = [
    ...validateParts(spec, podName, at),
    ...validatePodResources(spec, at.child('resources')),
    ...network.validateHostNetwork(spec, isPod, at),
    ...validateChoice(spec.restartPolicy, restartPolicies, at.child('restartPolicy')),
    ...network.validateDNSPolicy(spec, at),
    ...validateLabels(spec.nodeSelector, at.child('nodeSelector')),
    ...validatePodSecurityContext(spec.securityContext, spec, at.child('securityContext')),
    ...validateAffinity(spec.affinity, at.child('affinity')),
    ...network.validateDNSConfig(spec, at.child('dnsConfig')),
    ...validateGates(spec, at),
    ...validateSchedulingGates(spec.schedulingGates, at.child('schedulingGates')),
    ...validateSpread(spec.topologySpreadConstraints, at.child('topologySpreadConstraints')),
    ...validateHostProcess(spec, at),
    ...network.validateHostUsers(spec, at),
    ...validateNames(spec, at, ['serviceAccountName', 'nodeName']),
    ...validateDeadline(spec, at),
    ...network.validateHostNames(spec, at),
    ...validateTolerations(spec.tolerations, at.child('tolerations')),
    ...network.validateHostAliases(spec, at.child('hostAliases')),
    ...validateNames(spec, at, ['priorityClassName', 'runtimeClassName']),
  ];
  if (spec.preemptionPolicy !== undefined)
    errors.push(
      ...validateChoice(
        spec.preemptionPolicy,
        ['PreemptLowerPriority', 'Never'],
        at.child('preemptionPolicy'),
      ),
    );
  if (spec.overhead != null) errors.push(...validateOverhead(spec.overhead, at.child('overhead')));
  return [...errors, ...validateOS(spec, at)];
}
