/** Who a container's process is and what it may. Source: kubelet/kuberuntime/security_context.go, pkg/securitycontext. */
import type {
  ContainerSecurityContext,
  NamespaceOptions,
  SandboxSecurityContext,
  SecurityProfile,
} from '../../cri/sandbox-types.ts';
import type { AppArmorProfile, Container, Pod, SeccompProfile } from '../../kinds/generated/types.ts';
import { podText } from '../containers.ts';
import { ContainerConfigError } from './errors.ts';

/** As far as it matters who runs. */
export interface ImageUser {
  readonly uid: number | undefined;
  readonly username: string;
}

const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const wrap = (value: number | undefined) => (value === undefined ? undefined : { value });

/** Profiles of the node's own are in this folder. */
function profile(given: SeccompProfile | undefined, folder: string): SecurityProfile {
  const type = given?.type ?? 'Unconfined';
  if (type === 'Localhost')
    return { profileType: 'Localhost', localhostRef: `${folder}/${given?.localhostProfile ?? ''}` };
  return { profileType: type === 'RuntimeDefault' ? 'RuntimeDefault' : 'Unconfined' };
}

/** Profiles of the node's own are known by their names alone. */
function appArmorProfile({ type, localhostProfile = '' }: AppArmorProfile): SecurityProfile {
  if (type === 'Localhost') return { profileType: 'Localhost', localhostRef: localhostProfile };
  return { profileType: type === 'RuntimeDefault' ? 'RuntimeDefault' : 'Unconfined' };
}

export function podNamespaces(pod: Pod): NamespaceOptions {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace } = pod.spec ?? {};
  return {
    network: hostNetwork ? 'NODE' : 'POD',
    ipc: hostIPC ? 'NODE' : 'POD',
    pid: hostPID ? 'NODE' : shareProcessNamespace ? 'POD' : 'CONTAINER',
  };
}

function groupsOf(pod: Pod): number[] {
  const { fsGroup, supplementalGroups = [] } = pod.spec?.securityContext ?? {};
  return [...(fsGroup === undefined ? [] : [fsGroup]), ...supplementalGroups];
}

const isPrivileged = ({ securityContext }: Container): boolean => securityContext?.privileged === true;

export function sandboxSecurity(pod: Pod): SandboxSecurityContext {
  const { runAsUser, runAsGroup, seLinuxOptions } = pod.spec?.securityContext ?? {};
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return {
    privileged: containers.some(isPrivileged),
    seccomp: { profileType: 'RuntimeDefault' },
    namespaceOptions: podNamespaces(pod),
    supplementalGroups: groupsOf(pod),
    ...(runAsUser === undefined ? {} : { runAsUser: wrap(runAsUser) }),
    ...(runAsGroup === undefined ? {} : { runAsGroup: wrap(runAsGroup) }),
    ...(seLinuxOptions === undefined ? {} : { selinuxOptions: seLinuxOptions }),
  };
}

/** Throws ContainerConfigError when it would, or might, run as root against its own word. */
function checkNonRoot(pod: Pod, container: Container, image: ImageUser): void {
  const own = container.securityContext;
  const forPod = pod.spec?.securityContext;
  const mustNotBeRoot = own?.runAsNonRoot ?? forPod?.runAsNonRoot;
  if (!mustNotBeRoot) return;
  const where = `(pod: "${podText(pod)}", container: ${container.name})`;
  const runAsUser = own?.runAsUser ?? forPod?.runAsUser;
  if (runAsUser !== undefined) {
    if (runAsUser === 0)
      throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image.uid === 0 || (image.uid === undefined && image.username === ''))
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  if (image.username !== '')
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
}

export function containerSecurity(
  pod: Pod,
  container: Container,
  facts: { image: ImageUser; seccompFolder: string; targetId?: string },
): ContainerSecurityContext {
  checkNonRoot(pod, container, facts.image);
  const own = container.securityContext ?? {};
  const forPod = pod.spec?.securityContext ?? {};
  const runAsUser = own.runAsUser ?? forPod.runAsUser ?? facts.image.uid;
  const runAsGroup = own.runAsGroup ?? forPod.runAsGroup;
  const selinuxOptions = own.seLinuxOptions ?? forPod.seLinuxOptions;
  const hidesNothing = own.procMount === 'Unmasked' || isPrivileged(container);
  const namespaces = podNamespaces(pod);
  const appArmor = own.appArmorProfile ?? forPod.appArmorProfile;
  return {
    privileged: isPrivileged(container),
    namespaceOptions:
      facts.targetId === undefined ? namespaces : { ...namespaces, pid: 'TARGET', targetId: facts.targetId },
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    noNewPrivs: own.allowPrivilegeEscalation === false,
    supplementalGroups: groupsOf(pod),
    supplementalGroupsPolicy: forPod.supplementalGroupsPolicy === 'Strict' ? 'Strict' : 'Merge',
    seccomp: profile(own.seccompProfile ?? forPod.seccompProfile, facts.seccompFolder),
    maskedPaths: hidesNothing ? [] : maskedPaths,
    readonlyPaths: hidesNothing ? [] : readonlyPaths,
    ...(appArmor === undefined ? {} : { apparmor: appArmorProfile(appArmor) }),
    capabilities: {
      addCapabilities: own.capabilities?.add ?? [],
      dropCapabilities: own.capabilities?.drop ?? [],
    },
    ...(runAsUser === undefined ? {} : { runAsUser: wrap(runAsUser) }),
    ...(runAsUser === undefined && facts.image.username !== ''
      ? { runAsUsername: facts.image.username }
      : {}),
    ...(runAsGroup === undefined ? {} : { runAsGroup: wrap(runAsGroup) }),
    ...(selinuxOptions === undefined ? {} : { selinuxOptions }),
  };
}
