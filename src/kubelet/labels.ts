/** What the agent writes on sandboxes and containers to find them again. Source: kubelet/kuberuntime/labels.go. */
import type { Container, Pod } from '../kinds/generated/types.ts';
import { containerHash } from './container-hash.ts';

export const podLabels = {
  name: 'io.kubernetes.pod.name',
  namespace: 'io.kubernetes.pod.namespace',
  uid: 'io.kubernetes.pod.uid',
} as const;

/** The name is a label, the rest are annotations. */
export const containerLabels = {
  name: 'io.kubernetes.container.name',
  hash: 'io.kubernetes.container.hash',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  preStopHandler: 'io.kubernetes.container.preStopHandler',
  ports: 'io.kubernetes.container.ports',
  podDeletionGracePeriod: 'io.kubernetes.pod.deletionGracePeriod',
  podTerminationGracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
} as const;

const podIdentity = ({ metadata }: Pod): Record<string, string> => ({
  [podLabels.name]: metadata.name ?? '',
  [podLabels.namespace]: metadata.namespace ?? '',
  [podLabels.uid]: metadata.uid ?? '',
});

/** The pod's own labels, and whose sandbox it is. */
export function sandboxLabels(pod: Pod): Record<string, string> {
  return { ...pod.metadata.labels, ...podIdentity(pod) };
}

export function labelsOfContainer(pod: Pod, container: Container): Record<string, string> {
  return { ...podIdentity(pod), [containerLabels.name]: container.name };
}

export function annotationsOfContainer(
  pod: Pod,
  container: Container,
  restartCount: number,
): Record<string, string> {
  const { deletionGracePeriodSeconds } = pod.metadata;
  const { terminationGracePeriodSeconds } = pod.spec ?? {};
  const { lifecycle, ports = [] } = container;
  return {
    [containerLabels.hash]: containerHash(container),
    [containerLabels.restartCount]: String(restartCount),
    [containerLabels.terminationMessagePath]: container.terminationMessagePath ?? '',
    [containerLabels.terminationMessagePolicy]: container.terminationMessagePolicy ?? '',
    ...(deletionGracePeriodSeconds === undefined
      ? {}
      : { [containerLabels.podDeletionGracePeriod]: String(deletionGracePeriodSeconds) }),
    ...(terminationGracePeriodSeconds === undefined
      ? {}
      : { [containerLabels.podTerminationGracePeriod]: String(terminationGracePeriodSeconds) }),
    ...(lifecycle?.preStop === undefined
      ? {}
      : { [containerLabels.preStopHandler]: JSON.stringify(lifecycle.preStop) }),
    ...(ports.length === 0 ? {} : { [containerLabels.ports]: JSON.stringify(ports) }),
  };
}
