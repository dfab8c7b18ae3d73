/** What holds for Windows pods, and for the operating system of a pod. Source: pkg/apis/core/validation of Kubernetes. */
import { type FieldError, forbidden, invalid, notSupported, type Path, required } from '../field.ts';
import type { PodSpec, WindowsSecurityContextOptions } from '../generated/types.ts';
import { isDNS1123Subdomain } from '../names.ts';
import { invalidEach } from './checks.ts';
import { placedContainers } from './containers.ts';

const credentialSpecKiBMax = 64;
const domainCharactersMax = 256;
const userCharactersMax = 104;
const netBiosName = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsLabel = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const dnsName = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`);

function userProblems(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (/\p{Cc}/u.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) as string;
  const domain = parts.length === 2 ? (parts[0] as string) : undefined;
  const problems: string[] = [];
  if (domain !== undefined && domain.length >= domainCharactersMax)
    problems.push(`runAsUserName's Domain length must be under ${domainCharactersMax} characters`);
  if (domain !== undefined && !netBiosName.test(domain) && !dnsName.test(domain))
    problems.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === '') problems.push("runAsUserName's User cannot be empty");
  else if (user.length > userCharactersMax)
    problems.push(`runAsUserName's User length must not be longer than ${userCharactersMax} characters`);
  if (/^[. ]+$/.test(user)) problems.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user))
    problems.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  return problems;
}

export function validateWindowsOptions(
  options: WindowsSecurityContextOptions | undefined,
  at: Path,
): FieldError[] {
  if (options == null) return [];
  const errors: FieldError[] = [];
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (name !== undefined)
    errors.push(...invalidEach(at.child('gmsaCredentialSpecName'), name, isDNS1123Subdomain(name)));
  if (spec === '')
    errors.push(
      invalid(at.child('gmsaCredentialSpec'), spec, 'gmsaCredentialSpec cannot be an empty string'),
    );
  else if (spec !== undefined && spec.length > credentialSpecKiBMax * 1024)
    errors.push(
      invalid(
        at.child('gmsaCredentialSpec'),
        spec,
        `gmsaCredentialSpec size must be under ${credentialSpecKiBMax} KiB`,
      ),
    );
  if (user !== undefined) errors.push(...invalidEach(at.child('runAsUserName'), user, userProblems(user)));
  return errors;
}

/** Host process containers come all or none, and with the host's network. */
export function validateHostProcess(spec: PodSpec, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const whole = spec.securityContext?.windowsOptions?.hostProcess;
  const containers = placedContainers(spec, at);
  let count = 0;
  for (const { container, at: here } of containers) {
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (whole !== undefined && own !== undefined && whole !== own)
      errors.push(
        invalid(
          here.child('securityContext', 'windowsOptions', 'hostProcess'),
          own,
          `pod hostProcess value must be identical if both are specified, was ${whole}`,
        ),
      );
    if (own ?? whole) count += 1;
  }
  if (count === 0) return errors;
  if (count !== containers.length)
    errors.push(
      invalid(
        at,
        '',
        'If pod contains any hostProcess containers then all containers must be HostProcess containers',
      ),
    );
  if (!spec.hostNetwork)
    errors.push(
      invalid(
        at.child('hostNetwork'),
        false,
        'hostNetwork must be true if pod contains any hostProcess containers',
      ),
    );
  return errors;
}

function validateLinuxPod(spec: PodSpec, at: Path): FieldError[] {
  const why = 'windows options cannot be set for a linux pod';
  const errors: FieldError[] = [];
  if (spec.securityContext?.windowsOptions != null)
    errors.push(forbidden(at.child('securityContext', 'windowsOptions'), why));
  for (const { container, at: here } of placedContainers(spec, at))
    if (container.securityContext?.windowsOptions != null)
      errors.push(forbidden(here.child('securityContext', 'windowsOptions'), why));
  return errors;
}

const notInWindowsPods = [
  ['securityContext', 'appArmorProfile'],
  ['securityContext', 'seLinuxOptions'],
  ['hostUsers'],
  ['hostPID'],
  ['hostIPC'],
  ['securityContext', 'seccompProfile'],
  ['securityContext', 'fsGroup'],
  ['securityContext', 'fsGroupChangePolicy'],
  ['securityContext', 'sysctls'],
  ['shareProcessNamespace'],
  ['securityContext', 'runAsUser'],
  ['securityContext', 'runAsGroup'],
  ['securityContext', 'supplementalGroups'],
  ['securityContext', 'supplementalGroupsPolicy'],
  ['securityContext', 'seLinuxChangePolicy'],
];
const notInWindowsContainers = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;

function validateWindowsPod(spec: PodSpec, at: Path): FieldError[] {
  const why = 'cannot be set for a windows pod';
  const errors: FieldError[] = [];
  for (const names of notInWindowsPods) {
    let value: unknown = spec;
    for (const name of names) value = (value as Record<string, unknown> | undefined)?.[name];
    const empty = Array.isArray(value) && value.length === 0;
    if (value != null && !empty) errors.push(forbidden(at.child(...names), why));
  }
  for (const { container, at: here } of placedContainers(spec, at))
    for (const name of notInWindowsContainers)
      if (container.securityContext?.[name] != null)
        errors.push(forbidden(here.child('securityContext', name), why));
  return errors;
}

/** The operating system, and what it rules out. */
export function validateOS(spec: PodSpec, at: Path): FieldError[] {
  if (spec.os == null) return [];
  if (!spec.os.name) return [required(at.child('os', 'name'), 'cannot be empty')];
  if (spec.os.name === 'linux') return validateLinuxPod(spec, at);
  if (spec.os.name === 'windows') return validateWindowsPod(spec, at);
  return [notSupported(at.child('os'), spec.os.name, ['linux', 'windows'])];
}
