/** What the runtime is told of a container. Source: generateContainerConfig of kubelet/kuberuntime. */
import type { ContainerConfig } from '../../cri/container-types.ts';
import type { Container, Pod } from '../../kinds/generated/types.ts';
import { annotationsOfContainer, labelsOfContainer } from '../labels.ts';
import { type ConfigSources, containerEnv } from './env.ts';
import type { EnvFiles } from './env-file.ts';
import { expand } from './expand.ts';
import type { PodPlace } from './field-ref.ts';
import { containerMounts, type MountFacts } from './mounts.ts';
import { containerResources } from './resources.ts';
import { containerSecurity, type ImageUser } from './security.ts';

export interface ContainerFacts {
  readonly restartCount: number;
  /** What the image was resolved to. */
  readonly imageRef: string;
  readonly imageUser: ImageUser;
  readonly place: PodPlace;
  readonly sources: ConfigSources;
  readonly envFiles?: EnvFiles;
  readonly mounts: Omit<MountFacts, 'env' | 'podIPs'>;
  readonly memoryCapacityBytes: number;
  readonly seccompFolder: string;
  /** The container whose processes an ephemeral one is to see. */
  readonly targetId?: string;
}

/** Throws ContainerConfigError. */
export function containerConfig(pod: Pod, container: Container, facts: ContainerFacts): ContainerConfig {
  const { place, sources, envFiles, restartCount } = facts;
  const envs = containerEnv({ pod, container, place, sources, ...(envFiles && { files: envFiles }) });
  const values = new Map(envs.map(({ key, value }) => [key, value]));
  const expanded = (texts: readonly string[] = []) =>
    texts.map((text) => expand(text, (name) => values.get(name)));
  const { podIPs } = place;
  return {
    metadata: { name: container.name, attempt: restartCount },
    image: { image: facts.imageRef, userSpecifiedImage: container.image ?? '' },
    command: expanded(container.command),
    args: expanded(container.args),
    workingDir: container.workingDir ?? '',
    envs,
    mounts: containerMounts(pod, container, { ...facts.mounts, env: envs, podIPs }),
    labels: labelsOfContainer(pod, container),
    annotations: annotationsOfContainer(pod, container, restartCount),
    logPath: `${container.name}/${restartCount}.log`,
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    linux: {
      resources: containerResources(pod, container, facts.memoryCapacityBytes),
      securityContext: containerSecurity(pod, container, {
        image: facts.imageUser,
        seccompFolder: facts.seccompFolder,
        ...(facts.targetId === undefined ? {} : { targetId: facts.targetId }),
      }),
    },
  };
}
