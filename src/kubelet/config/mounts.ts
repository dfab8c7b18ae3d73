/** What of the node a container sees, and where. Source: makeMounts of kubelet/kubelet_pods.go. */
import path from 'node:path';
import type { Mount } from '../../cri/container-types.ts';
import type { Container, Pod, Volume, VolumeMount } from '../../kinds/generated/types.ts';
import { isHostNetwork } from '../containers.ts';
import type { EnvEntry } from './env-entry.ts';
import { ContainerConfigError } from './errors.ts';
import { expand } from './expand.ts';

export interface MountFacts {
  /** Where the node keeps each volume, by its name in the pod. */
  readonly volumes: ReadonlyMap<string, string>;
  /** The pod's /etc/hosts on the node. */
  readonly hostsPath: string;
  /** The file for the container's last words on the node. */
  readonly terminationLogPath: string;
  readonly env: readonly EnvEntry[];
  readonly podIPs: readonly string[];
}

const propagations = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
} as const;

/** With `subPathExpr` every reference must be to a variable that says something: nothing would be the whole volume. */
function subPathOf(mount: VolumeMount, env: readonly EnvEntry[]): string {
  if (!mount.subPathExpr) return mount.subPath ?? '';
  const missing = new Set<string>();
  const text = expand(mount.subPathExpr, (name) => {
    const found = env.find(({ key }) => key === name)?.value;
    if (!found) missing.add(name);
    return found;
  });
  // Source: ExpandContainerVolumeMounts of kubelet/container/helpers.go.
  if (missing.size > 0) throw new ContainerConfigError(`missing value for ${[...missing].sort().join(', ')}`);
  return text;
}

/** What the agent itself writes, nobody else does; a claim may be asked for to be read alone. */
const isReadOnly = ({ configMap, secret, downwardAPI, projected, persistentVolumeClaim }: Volume): boolean =>
  [configMap, secret, downwardAPI, projected].some((source) => source !== undefined) ||
  persistentVolumeClaim?.readOnly === true;

function volumeMount(mount: VolumeMount, source: Volume | undefined, facts: MountFacts): Mount {
  const volume = facts.volumes.get(mount.name);
  if (volume === undefined)
    throw new ContainerConfigError(`cannot find volume "${mount.name}" to mount into container`);
  const subPath = subPathOf(mount, facts.env);
  // Validated when the pod was made, but an expanded one is new.
  if (path.isAbsolute(subPath))
    throw new ContainerConfigError(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split('/').includes('..'))
    throw new ContainerConfigError(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
  return {
    containerPath: path.isAbsolute(mount.mountPath) ? mount.mountPath : path.join('/', mount.mountPath),
    hostPath: subPath === '' ? volume : path.join(volume, subPath),
    readonly: mount.readOnly === true || (source !== undefined && isReadOnly(source)),
    recursiveReadOnly: mount.readOnly === true && mount.recursiveReadOnly === 'Enabled',
    propagation: propagations[(mount.mountPropagation ?? 'None') as keyof typeof propagations],
  };
}

const hostsFilePath = '/etc/hosts';

export function containerMounts(pod: Pod, container: Container, facts: MountFacts): Mount[] {
  const sources = new Map((pod.spec?.volumes ?? []).map((volume) => [volume.name, volume]));
  const volumes = (container.volumeMounts ?? []).map((mount) =>
    volumeMount(mount, sources.get(mount.name), facts),
  );
  const hasOwnHosts = volumes.some(({ containerPath }) => containerPath === hostsFilePath);
  const knowsName = isHostNetwork(pod) || facts.podIPs.length > 0;
  const { terminationMessagePath } = container;
  return [
    ...volumes,
    ...(knowsName && !hasOwnHosts ? [{ containerPath: hostsFilePath, hostPath: facts.hostsPath }] : []),
    ...(terminationMessagePath
      ? [{ containerPath: terminationMessagePath, hostPath: facts.terminationLogPath }]
      : []),
  ];
}
