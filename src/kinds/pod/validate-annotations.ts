/** Annotations that mean something on a pod. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { type FieldError, forbidden, invalid, type Path } from '../field.ts';
import type { AppArmorProfile, PodSpec, SeccompProfile } from '../generated/types.ts';
import { getOwn } from '../object.ts';
import { int32Max, validateLocalDescendingPath } from './checks.ts';
import { placedContainers } from './containers.ts';

export type Annotations = Readonly<Record<string, string>> | undefined;

/** On a pod that a node has made of a static pod, and that nobody else may write. */
export const mirrorPodAnnotation = 'kubernetes.io/config.mirror';
export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
export const seccompPodAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
export const seccompContainerPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const localhostPrefix = 'localhost/';

function validateSeccompValue(value: string, at: Path): FieldError[] {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(value)) return [];
  if (value.startsWith(localhostPrefix))
    return validateLocalDescendingPath(value.slice(localhostPrefix.length), at);
  return [invalid(at, value, 'must be a valid seccomp profile')];
}

function validateAppArmorAnnotation(
  key: string,
  value: string,
  containers: ReadonlySet<string>,
  at: Path,
): FieldError[] {
  const name = key.slice(appArmorPrefix.length);
  const errors: FieldError[] = [];
  if (!containers.has(name)) errors.push(invalid(at.key(key), name, 'container not found'));
  const good =
    value === '' ||
    value === 'runtime/default' ||
    value === 'unconfined' ||
    value.startsWith(localhostPrefix);
  if (!good)
    errors.push(invalid(at.key(key), value, `invalid AppArmor profile name: ${JSON.stringify(value)}`));
  return errors;
}

/** No sign but minus, no leading zeros. */
function isDeletionCost(text: string): boolean {
  if (!/^(0|-?[1-9][0-9]{0,9})$/.test(text)) return false;
  return Number(text) <= int32Max && Number(text) >= -int32Max - 1;
}

export function validatePodAnnotations(annotations: Annotations, spec: PodSpec, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const mirror = getOwn(annotations, mirrorPodAnnotation);
  if (mirror !== undefined && !spec.nodeName)
    errors.push(
      invalid(at.key(mirrorPodAnnotation), mirror, 'must set spec.nodeName if mirror pod annotation is set'),
    );
  const cost = getOwn(annotations, deletionCostAnnotation);
  if (cost !== undefined && !isDeletionCost(cost))
    errors.push(invalid(at.key(deletionCostAnnotation), cost, 'must be a 32bit integer'));
  const containers = new Set(placedContainers(spec, at).map(({ container }) => container.name));
  for (const [key, value] of Object.entries(annotations ?? {})) {
    if (key === seccompPodAnnotation || key.startsWith(seccompContainerPrefix))
      errors.push(...validateSeccompValue(value, at.child(key)));
    if (key.startsWith(appArmorPrefix))
      errors.push(...validateAppArmorAnnotation(key, value, containers, at));
  }
  return errors;
}

/** What the annotation must say beside a field of this type; undefined for one that is not known. */
function expectedAnnotation(profile: SeccompProfile | AppArmorProfile): string | undefined {
  switch (profile.type) {
    case 'Unconfined':
      return 'unconfined';
    case 'RuntimeDefault':
      return 'runtime/default';
    case 'Localhost':
      return `${localhostPrefix}${profile.localhostProfile ?? ''}`;
    default:
      return undefined;
  }
}

/** `name` is the word for it in the message: seccomp or apparmor. */
function validateMatch(
  annotation: string | undefined,
  profile: SeccompProfile | AppArmorProfile | undefined,
  name: 'seccomp' | 'apparmor',
  at: Path,
): FieldError[] {
  if (annotation === undefined || profile == null) return [];
  const expected = expectedAnnotation(profile);
  if (expected === undefined || annotation === expected) return [];
  if (name === 'seccomp' && profile.type === 'RuntimeDefault' && annotation === 'docker/default') return [];
  return profile.type === 'Localhost' && annotation.startsWith(localhostPrefix)
    ? [forbidden(at.child('localhostProfile'), `${name} profile in annotation and field must match`)]
    : [forbidden(at.child('type'), `${name} type in annotation and field must match`)];
}

/** On create, and in templates: where an old annotation and its field both speak, they say the same. */
export function validateProfilesMatch(annotations: Annotations, spec: PodSpec, at: Path): FieldError[] {
  const whole = spec.securityContext;
  const errors = validateMatch(
    getOwn(annotations, seccompPodAnnotation),
    whole?.seccompProfile,
    'seccomp',
    at.child('securityContext', 'seccompProfile'),
  );
  const containers = placedContainers(spec, at);
  for (const { container, at: here } of containers)
    errors.push(
      ...validateMatch(
        getOwn(annotations, `${seccompContainerPrefix}${container.name}`),
        container.securityContext?.seccompProfile,
        'seccomp',
        here.child('securityContext', 'seccompProfile'),
      ),
    );
  if (spec.os?.name === 'windows') return errors;
  for (const { container, at: here } of containers)
    errors.push(
      ...validateMatch(
        getOwn(annotations, `${appArmorPrefix}${container.name}`),
        container.securityContext?.appArmorProfile ?? whole?.appArmorProfile,
        'apparmor',
        here.child('securityContext', 'appArmorProfile'),
      ),
    );
  return errors;
}

/** Mirror pod and AppArmor annotations stay as they were. */
export function validateAnnotationsUpdate(
  annotations: Annotations,
  old: Annotations,
  at: Path,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(old ?? {})) {
    if (getOwn(annotations, key) === value) continue;
    if (key.startsWith(appArmorPrefix))
      errors.push(forbidden(at.key(key), 'may not remove or update AppArmor annotations'));
    if (key === mirrorPodAnnotation)
      errors.push(forbidden(at.key(key), 'may not remove or update mirror pod annotation'));
  }
  for (const key of Object.keys(annotations ?? {})) {
    if (getOwn(old, key) !== undefined) continue;
    if (key.startsWith(appArmorPrefix))
      errors.push(forbidden(at.key(key), 'may not add AppArmor annotations'));
    if (key === mirrorPodAnnotation) errors.push(forbidden(at.key(key), 'may not add mirror pod annotation'));
  }
  return errors;
}
