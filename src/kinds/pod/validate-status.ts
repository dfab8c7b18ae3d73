/** Updates of a pod's status. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { isIPv6 } from 'node:net';
import { duplicate, type FieldError, forbidden, invalid, type Path, path } from '../field.ts';
import type { ContainerStatus, Pod, PodSpec, PodStatus } from '../generated/types.ts';
import { validateIP } from '../ip-rules.ts';
import { isDNS1123Subdomain, isQualifiedName } from '../names.ts';
import { invalidEach, validateImmutable } from './checks.ts';
import { validateAnnotationsUpdate } from './validate-annotations.ts';
import { specOf } from './validate-pod.ts';

const statusPath = path('status');
const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized']);

/** A container that has ended for good may not come back. `mayRestart` says which may after all. */
function validateTransitions(
  statuses: readonly ContainerStatus[] | undefined,
  old: readonly ContainerStatus[] | undefined,
  mayRestart: (old: ContainerStatus, exitCode: number) => boolean,
  at: Path,
): FieldError[] {
  const alive = new Set(
    (statuses ?? []).filter((status) => status.state?.terminated == null).map((status) => status.name),
  );
  return (old ?? []).flatMap((before, index) => {
    const ended = before.state?.terminated;
    if (ended == null || mayRestart(before, ended.exitCode) || !alive.has(before.name)) return [];
    return [forbidden(at.index(index).child('state'), 'may not be transitioned to non-terminated state')];
  });
}

function validateAllTransitions(status: PodStatus, old: PodStatus, spec: PodSpec): FieldError[] {
  const byPolicy = (exitCode: number): boolean =>
    spec.restartPolicy === 'Always' || (spec.restartPolicy === 'OnFailure' && exitCode !== 0);
  const ownPolicy = new Set(
    [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
      .filter((container) => container.restartPolicy !== undefined)
      .map((container) => container.name),
  );
  const check = (
    name: 'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses',
    mayRestart: (old: ContainerStatus, exitCode: number) => boolean,
  ) => validateTransitions(status[name], old[name], mayRestart, statusPath.child(name));
  const usual = (before: ContainerStatus, exitCode: number) =>
    byPolicy(exitCode) || ownPolicy.has(before.name);
  return [
    ...check('containerStatuses', usual),
    ...check('initContainerStatuses', usual),
    ...check('ephemeralContainerStatuses', () => false),
  ];
}

/** One address of each family at most. */
function validateAddresses(addresses: readonly { ip?: string }[], at: Path, shown: unknown): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, address] of addresses.entries()) {
    const ip = address.ip ?? '';
    errors.push(...validateIP(ip, at.index(index)));
    if (addresses.length > 1 && seen.has(ip)) errors.push(duplicate(at.index(index), address));
    seen.add(ip);
  }
  const families = new Set(addresses.map(({ ip }) => isIPv6(ip ?? '')));
  if (addresses.length > 1 && (families.size !== 2 || addresses.length > 2))
    errors.push(invalid(at, shown, 'may specify no more than one IP for each IP family'));
  return errors;
}

function validateClaimStatuses(status: PodStatus, spec: PodSpec): FieldError[] {
  const at = statusPath.child('resourceClaimStatuses');
  const claims = new Set((spec.resourceClaims ?? []).map((claim) => claim.name));
  const seen = new Set<string>();
  return (status.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }, index) => {
    const here = at.index(index).child('name');
    const errors: FieldError[] = [];
    if (!claims.has(name))
      errors.push(invalid(here, name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (seen.has(name)) errors.push(duplicate(here, name));
    seen.add(name);
    if (resourceClaimName !== undefined)
      errors.push(...invalidEach(here, resourceClaimName, isDNS1123Subdomain(resourceClaimName)));
    return errors;
  });
}

export function validatePodStatusUpdate(pod: Pod, oldPod: Pod): FieldError[] {
  const spec = specOf(oldPod);
  const status = pod.status ?? {};
  const old = oldPod.status ?? {};
  const errors = validateAnnotationsUpdate(
    pod.metadata.annotations,
    oldPod.metadata.annotations,
    path('metadata', 'annotations'),
  );
  // Upstream reports these below metadata.
  for (const [index, { type }] of (status.conditions ?? []).entries())
    if (!systemConditions.has(type))
      errors.push(
        ...invalidEach(
          path('metadata', 'conditions').index(index).child('Type'),
          type,
          isQualifiedName(type ?? ''),
        ),
      );
  const nominated = status.nominatedNodeName;
  if (nominated && nominated !== old.nominatedNodeName)
    errors.push(
      ...invalidEach(statusPath.child('nominatedNodeName'), nominated, isDNS1123Subdomain(nominated)),
    );
  errors.push(...validateImmutable(status.qosClass ?? '', old.qosClass ?? '', statusPath.child('qosClass')));
  errors.push(...validateAllTransitions(status, old, spec), ...validateClaimStatuses(status, spec));
  errors.push(...validateAddresses(status.podIPs ?? [], statusPath.child('podIPs'), status.podIPs));
  const hostIPs = status.hostIPs ?? [];
  const first = hostIPs[0]?.ip;
  if (first !== undefined && first !== status.hostIP)
    errors.push(
      invalid(statusPath.child('hostIPs').index(0).child('ip'), first, 'must be equal to `hostIP`'),
    );
  return [...errors, ...validateAddresses(hostIPs, statusPath.child('hostIPs'), hostIPs)];
}
