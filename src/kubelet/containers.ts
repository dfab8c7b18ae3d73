/** A pod's containers by what they are for. */
import type { Container, Pod } from '../kinds/generated/types.ts';

/**
 * - ephemeral: added to a running pod, never restarted
 * - init: runs to its end before the next
 * - sidecar: an init container that goes on running beside the others (its own restartPolicy is Always)
 * - app: the pod's containers proper
 */
export type ContainerRole = 'ephemeral' | 'init' | 'sidecar' | 'app';

export interface PodContainer {
  readonly role: ContainerRole;
  readonly container: Container;
}

export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

export function initContainersOf(pod: Pod): PodContainer[] {
  return (pod.spec?.initContainers ?? []).map((container) => ({
    role: isSidecar(container) ? 'sidecar' : 'init',
    container,
  }));
}

export function appContainersOf(pod: Pod): PodContainer[] {
  return (pod.spec?.containers ?? []).map((container) => ({ role: 'app', container }));
}

export function ephemeralContainersOf(pod: Pod): PodContainer[] {
  return (pod.spec?.ephemeralContainers ?? []).map((container) => ({ role: 'ephemeral', container }));
}

/** All of them, in the order in which they are started. */
export function containersOf(pod: Pod): PodContainer[] {
  return [...ephemeralContainersOf(pod), ...initContainersOf(pod), ...appContainersOf(pod)];
}

export const isHostNetwork = (pod: Pod): boolean => pod.spec?.hostNetwork === true;

/** As upstream names a pod in messages: `web_default(4a1c...)`. */
export function podText({ metadata }: Pod): string {
  return `${metadata.name}_${metadata.namespace}(${metadata.uid})`;
}
