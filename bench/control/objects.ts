/** What the benchmark makes. */
import type { Deployment, Node, Pod, Service } from '../../src/kinds/generated/types.ts';

export const namespace = 'default';

const resources = { requests: { cpu: '10m', memory: '16Mi' } };

/** Containers run at once: what is measured is ours, not a simulated pull. */
const annotations = { 'sim.wherry.dev/start-seconds': '0', 'sim.wherry.dev/stop-seconds': '0' };

export const deploymentOf = (name: string, replicas: number): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace, name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations },
      spec: {
        containers: [{ name: 'web', image: 'nginx:1.29', resources }],
        terminationGracePeriodSeconds: 0,
      },
    },
  },
});

export const serviceOf = (name: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name },
  spec: { selector: { app: name }, ports: [{ port: 80 }] },
});

export const podOf = (name: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name, labels: { app: 'web' }, annotations },
  spec: { containers: [{ name: 'web', image: 'nginx:1.29', resources }] },
});

export const nodeOf = (name: string, zone: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': zone } },
  status: {
    capacity: { cpu: '4', memory: '16Gi', pods: '110' },
    allocatable: { cpu: '4', memory: '16Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});

export const bindingOf = (name: string, node: string) => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { namespace, name },
  target: { apiVersion: 'v1', kind: 'Node', name: node },
});
