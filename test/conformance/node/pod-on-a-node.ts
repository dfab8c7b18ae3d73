/** One real node for the cases of a folder: pods are made all at once, and each case waits for its own. */
import type { Container, Pod, PodSpec } from '../../../src/kinds/generated/types.ts';
import { type ClusterNode, startCluster, type TestCluster } from '../../node/cluster.ts';
import { until } from '../../node/test-node.ts';

export type PodShape = Partial<Omit<PodSpec, 'containers'>> & {
  readonly container?: Partial<Container>;
  /** Beside the main one. */
  readonly others?: readonly Container[];
  readonly annotations?: Record<string, string>;
  readonly finalizers?: string[];
};

export const image = 'busybox:1.27';
/** Runs a script and ends. */
export const script = (text: string): string[] => ['sh', '-c', text];
const forLong = ['sleep', '3600'];

export interface Node {
  readonly cluster: TestCluster;
  readonly node: ClusterNode;
  create(shapes: Readonly<Record<string, PodShape>>): Promise<void>;
  pod(name: string): Promise<Pod>;
  when(name: string, what: string, condition: (pod: Pod) => boolean): Promise<Pod>;
  whenReady(name: string): Promise<Pod>;
  whenDone(name: string): Promise<Pod>;
  /** Output of a command in one of the pod's containers, the first unless named. */
  run(pod: Pod, command: readonly string[], container?: string): Promise<string>;
  log(name: string, container?: string): Promise<string>;
  /** `Warning Failed: ...` of the kubelet, in the order in which they came first. */
  events(name: string): Promise<string[]>;
}

export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') ?? false;

const isDone = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

function podOf(name: string, shape: PodShape): Pod {
  const { container, others = [], annotations, finalizers, ...spec } = shape;
  return {
    metadata: {
      namespace: 'default',
      name,
      labels: { app: name },
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
    },
    spec: {
      terminationGracePeriodSeconds: 1,
      ...spec,
      containers: [{ name: 'main', image, command: forLong, ...container }, ...others],
    },
  };
}

export async function startNode(): Promise<Node> {
  const cluster = await startCluster({
    nodes: 1,
    // A disk that is nearly full is nobody's business here.
    agentArguments: () => ['--eviction-hard', ''],
  });
  const node = cluster.nodes[0] as ClusterNode;
  const pods = cluster.client.of('Pod');
  const pod = (name: string) => pods.get({ namespace: 'default', name });
  const when: Node['when'] = async (name, what, condition) => {
    await until(`${name} ${what}`, async () => condition(await pod(name)));
    return pod(name);
  };
  return {
    ...{ cluster, node, pod, when },
    create: async (shapes) => {
      await Promise.all(Object.entries(shapes).map(([name, shape]) => pods.create(podOf(name, shape))));
    },
    whenReady: (name) => when(name, 'is ready', isReady),
    whenDone: (name) => when(name, 'is done', isDone),
    run: ({ status }, command, container) => {
      const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
      const found = container === undefined ? all[0] : all.find((each) => each.name === container);
      return node.exec(found?.containerID ?? '', ...command);
    },
    log: (name, container = 'main') =>
      cluster.get(`/api/v1/namespaces/default/pods/${name}/log?container=${container}`),
    events: async (name) =>
      (await cluster.client.of('Event').list({ namespace: 'default' })).items
        .filter(
          ({ involvedObject, source }) => involvedObject.name === name && source?.component === 'kubelet',
        )
        .map(({ type, reason, message }) => `${type} ${reason}: ${message}`),
  };
}
