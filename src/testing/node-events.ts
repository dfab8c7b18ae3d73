/** What kubelet says about its node. Source: pkg/kubelet/kubelet_node_status.go and kubelet.go of Kubernetes. */
import type { EventText } from '../client/change.ts';

export interface NodeHappenings {
  readonly name: string;
  /** It has started, and has seen its Node. */
  readonly started: boolean;
  readonly becameReady: boolean;
  /** Left out when that has not changed. */
  readonly unschedulable?: boolean;
}

export function nodeEvents({ name, started, becameReady, unschedulable }: NodeHappenings): EventText[] {
  // Kubelet does not know its Node's uid when it starts, so it refers to it by name all its life.
  const regarding = { kind: 'Node', name, uid: name };
  const normal = (reason: string, message: string): EventText => ({
    regarding,
    type: 'Normal',
    reason,
    message,
  });
  const status = (reason: string) => normal(reason, `Node ${name} status is now: ${reason}`);
  return [
    ...(started
      ? [
          normal('Starting', 'Starting kubelet.'),
          normal('NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods'),
          status('NodeHasSufficientMemory'),
          status('NodeHasNoDiskPressure'),
          status('NodeHasSufficientPID'),
        ]
      : []),
    ...(becameReady ? [status('NodeReady')] : []),
    ...(unschedulable === undefined
      ? []
      : [status(unschedulable ? 'NodeNotSchedulable' : 'NodeSchedulable')]),
  ];
}
