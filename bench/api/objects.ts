/** What the benchmark works on: objects as a cluster has them, with what kubectl and a kubelet leave on them. */

/** A pod as a Deployment's ReplicaSet makes it, without its status: about 1.7 KB once it is stored. */
export function podOf(index: number, namespace = 'default'): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(index),
      namespace,
      labels: { app: 'web', 'pod-template-hash': '7d4b8c9f6d' },
    },
    spec: {
      containers: [
        {
          name: 'web',
          image: 'example/web:1.29.2',
          ports: [{ name: 'http', containerPort: 8080 }],
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
        },
      ],
      nodeName: `node-${index % 100}`,
    },
  };
}

export function podName(index: number): string {
  return `web-7d4b8c9f6d-${String(index).padStart(5, '0')}`;
}

const since = '2026-11-21T01:02:03Z';

const condition = (type: string) => ({
  type,
  status: 'True',
  lastProbeTime: null,
  lastTransitionTime: since,
});

/** A merge patch of the status of a pod that runs: 1 KB more. */
export function podStatusOf(index: number): object {
  const podIP = `10.244.${(index >> 8) & 255}.${index & 255}`;
  return {
    status: {
      phase: 'Running',
      conditions: ['Initialized', 'Ready', 'PodScheduled'].map(condition),
      hostIP: '192.168.7.11',
      hostIPs: [{ ip: '192.168.7.11' }],
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: since,
      containerStatuses: [
        {
          name: 'web',
          state: { running: { startedAt: since } },
          lastState: {},
          ready: true,
          restartCount: 0,
          image: 'example/web:1.29.2',
          imageID: `example/web@sha256:${'5'.repeat(64)}`,
          containerID: `containerd://${'b'.repeat(64)}`,
          started: true,
        },
      ],
    },
  };
}

/** A small object: about 600 bytes on the wire. */
export function configMapOf(name: string, turn: number): object {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', labels: { app: 'web' } },
    data: { turn: String(turn), 'log-level': 'info', upstream: 'http://web.default.svc.cluster.local:8080' },
  };
}
