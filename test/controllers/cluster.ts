/** A test world with what every test of workloads needs: nodes, and a hand that does what kubelets would do. */
import type { Controller } from '../../src/client/controller.ts';
import type { KindName, ObjectOf } from '../../src/client/kind-names.ts';
import type { Transport } from '../../src/client/transport.ts';
import type { Node, Pod, PodCondition } from '../../src/kinds/generated/types.ts';
import type { KubeObject } from '../../src/kinds/object.ts';
import { startTestWorld, type TestWorld } from '../client/world.ts';

export interface TestCluster extends TestWorld {
  create<Name extends KindName>(kind: Name, object: object): Promise<ObjectOf<Name>>;
  /** In namespace default; in the order of their names. */
  list<Name extends KindName>(kind: Name): Promise<ObjectOf<Name>[]>;
  get<Name extends KindName>(kind: Name, name: string): Promise<ObjectOf<Name>>;
  patch(kind: KindName, name: string, patch: object): Promise<void>;
  /** Binds the pod, gives it an address and makes it Running, ready or not. */
  run(pod: Pod, options?: { ready?: boolean; node?: string }): Promise<void>;
  /** What a kubelet does last with a pod that is to end. */
  finish(pod: Pod): Promise<void>;
  /** Runs what is pending and ends what is terminating, once. */
  kubelet(): Promise<void>;
  /** `Normal ScalingReplicaSet Scaled up ...`, in the order in which they came. */
  events(): Promise<string[]>;
}

const nodes = ['node-a', 'node-b'];

const nodeObject = (name: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'topology.kubernetes.io/zone': `zone-${name.at(-1)}` } },
});

function conditionsAt(milliseconds: number, ready: boolean): PodCondition[] {
  const lastTransitionTime = `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
  return [
    { type: 'PodScheduled', status: 'True', lastTransitionTime },
    { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime },
  ];
}

export async function startCluster(options: {
  controllers: readonly Controller[];
  seed?: number;
  /** To break things: gets the transport that works. */
  wrap?: (transport: Transport) => Transport;
}): Promise<TestCluster> {
  const world = await startTestWorld(options);
  const { client, clock } = world;
  let addresses = 0;
  const of = <Name extends KindName>(kind: Name) => client.of(kind);
  const cluster: TestCluster = {
    ...world,
    async create(kind, object) {
      const { metadata, ...rest } = object as KubeObject;
      const created = { metadata: { namespace: 'default', ...metadata }, ...rest };
      return of(kind).create(created as never);
    },
    async list(kind) {
      const { items } = await of(kind).list({ namespace: 'default' });
      const nameOf = (each: unknown) => (each as KubeObject).metadata.name ?? '';
      return [...items].sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
    },
    get: (kind, name) => of(kind).get({ namespace: 'default', name }),
    async patch(kind, name, patch) {
      await of(kind).patch({ namespace: 'default', name }, { type: 'merge', patch });
    },
    async run(pod, { ready = true, node } = {}) {
      const { name = '', namespace } = pod.metadata;
      if (pod.spec?.nodeName === undefined) {
        const body = {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name, namespace },
          target: { apiVersion: 'v1', kind: 'Node', name: node ?? (nodes[addresses % 2] as string) },
        };
        await of('Pod').createSubresource({ namespace, name }, { subresource: 'binding', body });
      }
      const ip = pod.status?.podIP ?? `10.244.${++addresses >> 8}.${addresses & 255}`;
      const status = {
        phase: 'Running',
        podIP: ip,
        podIPs: [{ ip }],
        conditions: conditionsAt(clock.now(), ready),
      };
      await of('Pod').patch({ namespace, name }, { type: 'merge', patch: { status }, subresource: 'status' });
    },
    async finish({ metadata: { name = '', namespace } }) {
      await of('Pod').delete({ namespace, name }, { gracePeriodSeconds: 0 });
    },
    async kubelet() {
      for (const pod of await cluster.list('Pod')) {
        if (pod.metadata.deletionTimestamp !== undefined) await cluster.finish(pod);
        else if (pod.status?.phase === 'Pending') await cluster.run(pod);
      }
      await world.settle();
    },
    async events() {
      await world.settle();
      const found = await of('Event').list({ namespace: 'default' });
      return found.items.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
    },
  };
  for (const name of nodes) await of('Node').create(nodeObject(name) as never);
  await world.settle();
  return cluster;
}

/** A pod template of one container. */
export const template = (labels: Record<string, string>, image = 'nginx:1.29') => ({
  metadata: { labels },
  spec: { containers: [{ name: 'web', image }] },
});
