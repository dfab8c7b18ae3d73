/** Security contexts of pods and containers. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { duplicate, type FieldError, invalid, notSupported, type Path, required, tooLong } from '../field.ts';
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from '../generated/types.ts';
import { validateId, validateLocalDescendingPath, validateOptionalChoice } from './checks.ts';
import { validateWindowsOptions } from './validate-windows.ts';

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];
/** PATH_MAX less its end. */
const localhostProfileBytesMax = 4095;

function validateSeccomp(profile: SeccompProfile | undefined, at: Path): FieldError[] {
  if (profile == null) return [];
  const errors: FieldError[] = [];
  const here = at.child('localhostProfile');
  if (!profile.type) errors.push(required(at.child('type'), 'type is required when seccompProfile is set'));
  else if (!profileTypes.includes(profile.type))
    errors.push(notSupported(at.child('type'), profile.type, profileTypes));
  if (profile.type === 'Localhost') {
    if (profile.localhostProfile === undefined)
      errors.push(required(here, 'must be set when seccomp type is Localhost'));
    else errors.push(...validateLocalDescendingPath(profile.localhostProfile, here));
  } else if (profile.localhostProfile !== undefined)
    errors.push(invalid(here, profile, 'can only be set when seccomp type is Localhost'));
  return errors;
}

function validateAppArmor(profile: AppArmorProfile | undefined, at: Path): FieldError[] {
  if (profile == null) return [];
  const here = at.child('localhostProfile');
  const file = profile.localhostProfile;
  switch (profile.type) {
    case 'Localhost': {
      const missing = required(here, 'must be set when AppArmor type is Localhost');
      if (file === undefined) return [missing];
      const errors: FieldError[] = [];
      if (file.trim() !== file) errors.push(invalid(here, file, 'must not be padded with whitespace'));
      else if (file === '') errors.push(missing);
      if (file.length > localhostProfileBytesMax) errors.push(tooLong(here, localhostProfileBytesMax));
      return errors;
    }
    case 'RuntimeDefault':
    case 'Unconfined':
      return file === undefined
        ? []
        : [invalid(here, file, 'can only be set when AppArmor type is Localhost')];
    case '':
    case undefined:
      return [required(at.child('type'), 'type is required when appArmorProfile is set')];
    default:
      return [notSupported(at.child('type'), profile.type, profileTypes)];
  }
}

/** `hostUsers`: the pod shares the host's users, which it does unless it says otherwise. */
export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  at: Path,
): FieldError[] {
  if (context == null) return [];
  const errors = [
    ...validateId(context.runAsUser, at.child('runAsUser')),
    ...validateId(context.runAsGroup, at.child('runAsGroup')),
    ...validateOptionalChoice(context.procMount, ['Default', 'Unmasked'], at.child('procMount')),
  ];
  if (hostUsers && context.procMount === 'Unmasked')
    errors.push(invalid(at.child('procMount'), 'Unmasked', '`hostUsers` must be false to use `Unmasked`'));
  errors.push(...validateSeccomp(context.seccompProfile, at.child('seccompProfile')));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true)
      errors.push(
        invalid(at, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'),
      );
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN'))
      errors.push(
        invalid(
          at,
          context,
          'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
        ),
      );
  }
  return [
    ...errors,
    ...validateWindowsOptions(context.windowsOptions, at.child('windowsOptions')),
    ...validateAppArmor(context.appArmorProfile, at.child('appArmorProfile')),
  ];
}

const sysctlPattern = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const sysctlCharactersMax = 253;
const sysctlDetail = `must have at most ${sysctlCharactersMax} characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`;

/** Which namespace of the kernel a sysctl belongs to. Source: k8s.io/component-helpers node/util/sysctl. */
function sysctlNamespace(name: string): 'ipc' | 'net' | undefined {
  // The first separator decides which of `.` and `/` separates; see sysctl.d(5).
  const first = name.search(/[./]/);
  const dotted =
    first === -1 || name[first] === '.'
      ? name
      : name.replace(/[./]/g, (separator) => (separator === '/' ? '.' : '/'));
  if (dotted === 'kernel.sem' || /^(kernel\.shm|kernel\.msg|fs\.mqueue\.)/.test(dotted)) return 'ipc';
  return dotted.startsWith('net.') ? 'net' : undefined;
}

function validateSysctls(spec: PodSpec, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, { name }] of (spec.securityContext?.sysctls ?? []).entries()) {
    const here = at.index(index).child('name');
    if (!name) errors.push(required(here, ''));
    else if (name.length > sysctlCharactersMax || !sysctlPattern.test(name))
      errors.push(invalid(here, name, sysctlDetail));
    else if (seen.has(name)) errors.push(duplicate(here, name));
    const namespace = sysctlNamespace(name ?? '');
    if (spec.hostNetwork && namespace === 'net')
      errors.push(invalid(here, name, "may not be specified when 'hostNetwork' is true"));
    else if (spec.hostIPC && namespace === 'ipc')
      errors.push(invalid(here, name, "may not be specified when 'hostIPC' is true"));
    seen.add(name);
  }
  return errors;
}

export function validatePodSecurityContext(
  context: PodSecurityContext | undefined,
  spec: PodSpec,
  at: Path,
): FieldError[] {
  if (context == null) return [];
  const errors = [
    ...validateId(context.fsGroup, at.child('fsGroup')),
    ...validateId(context.runAsUser, at.child('runAsUser')),
    ...validateId(context.runAsGroup, at.child('runAsGroup')),
    ...(context.supplementalGroups ?? []).flatMap((group, index) =>
      validateId(group, at.child('supplementalGroups').index(index)),
    ),
  ];
  if (spec.shareProcessNamespace === true && spec.hostPID === true)
    errors.push(
      invalid(
        at.child('shareProcessNamespace'),
        true,
        'ShareProcessNamespace and HostPID cannot both be enabled',
      ),
    );
  return [
    ...errors,
    ...validateSysctls(spec, at.child('sysctls')),
    ...validateOptionalChoice(
      context.fsGroupChangePolicy,
      ['Always', 'OnRootMismatch'],
      at.child('fsGroupChangePolicy'),
    ),
    ...validateSeccomp(context.seccompProfile, at.child('seccompProfile')),
    ...validateWindowsOptions(context.windowsOptions, at.child('windowsOptions')),
    ...validateAppArmor(context.appArmorProfile, at.child('appArmorProfile')),
    ...validateOptionalChoice(
      context.supplementalGroupsPolicy,
      ['Merge', 'Strict'],
      at.child('supplementalGroupsPolicy'),
    ),
    ...validateOptionalChoice(
      context.seLinuxChangePolicy,
      ['MountOption', 'Recursive'],
      at.child('seLinuxChangePolicy'),
    ),
  ];
}
