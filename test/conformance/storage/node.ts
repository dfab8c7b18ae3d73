/**
 * One real node for the cases of volumes, and pods on it that say in their log what they see of them. Pods end by
 * themselves unless they are to be looked into.
 */
import assert from 'node:assert/strict';
import type { Container, Pod, PodSpec } from '../../../src/kinds/generated/types.ts';
import { type ClusterNode, startCluster, type TestCluster } from '../../node/cluster.ts';
import { assertText, until } from '../../node/test-node.ts';

const namespace = 'default';

/** A pod with one container, said in short. */
export interface VolumePod {
  /** What its shell does. */
  readonly script: string;
  /** By the name of the folder below /v where they are mounted, which is also the volume's name. */
  readonly volumes: Readonly<Record<string, object>>;
  /** Besides one mount for each volume. */
  readonly container?: Partial<Container>;
  readonly spec?: Partial<PodSpec>;
  readonly metadata?: Pod['metadata'];
}

/** Whoever they belong to: permissions, user and group of names, told as `-rw-r--r-- 0 0 name`. */
export const tell = (...names: readonly string[]): string => `stat -c '%A %u %g %n' ${names.join(' ')}`;

export function podOf(name: string, { script, volumes, container, spec, metadata }: VolumePod): Pod {
  return {
    metadata: { namespace, name, ...metadata },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      volumes: Object.entries(volumes).map(([volume, source]) => ({ name: volume, ...source })),
      containers: [
        {
          name: 'main',
          image: 'busybox:1.27',
          command: ['sh', '-c', script],
          volumeMounts: Object.keys(volumes).map((volume) => ({ name: volume, mountPath: `/v/${volume}` })),
          ...container,
        },
      ],
      ...spec,
    },
  };
}

export class StorageNode {
  readonly cluster: TestCluster;

  constructor(cluster: TestCluster) {
    this.cluster = cluster;
  }

  static async start(): Promise<StorageNode> {
    // A disk that is nearly full is nobody's business here.
    return new StorageNode(await startCluster({ nodes: 1, agentArguments: () => ['--eviction-hard', ''] }));
  }

  get node(): ClusterNode {
    const [node] = this.cluster.nodes;
    assert.ok(node !== undefined);
    return node;
  }

  get #pods() {
    return this.cluster.client.of('Pod');
  }

  pod(name: string): Promise<Pod> {
    return this.#pods.get({ namespace, name });
  }

  async create(name: string, described: VolumePod): Promise<Pod> {
    return this.#pods.create(podOf(name, described));
  }

  async whenRunning(name: string): Promise<Pod> {
    await until(
      `${name} is running`,
      async () =>
        (await this.pod(name)).status?.containerStatuses?.every(
          ({ state }) => state?.running !== undefined,
        ) === true,
    );
    return this.pod(name);
  }

  /** That it ends well, having said this. */
  async assertOutput(name: string, described: VolumePod, output: string): Promise<void> {
    await this.create(name, described);
    await until(`${name} has ended`, async () =>
      ['Succeeded', 'Failed'].includes((await this.pod(name)).status?.phase ?? ''),
    );
    assert.equal((await this.pod(name)).status?.phase, 'Succeeded', await this.log(name));
    await assertText(() => this.log(name), output);
  }

  log(name: string): Promise<string> {
    return this.cluster.get(`/api/v1/namespaces/${namespace}/pods/${name}/log`);
  }

  /** In its first container. */
  async exec(name: string, script: string): Promise<string> {
    const { status } = await this.pod(name);
    return this.node.exec(status?.containerStatuses?.[0]?.containerID ?? '', 'sh', '-c', script);
  }

  /** Why its container waits: `CreateContainerConfigError: ...`. */
  async whenWaitingWith(name: string, reason: string): Promise<string> {
    const waiting = async () => (await this.pod(name)).status?.containerStatuses?.[0]?.state?.waiting;
    await until(`${name} waits: ${reason}`, async () => (await waiting())?.reason === reason);
    return (await waiting())?.message ?? '';
  }

  async eventsOf(name: string, reason: string): Promise<string[]> {
    const { items } = await this.cluster.client.of('Event').list({ namespace });
    return items
      .filter(({ involvedObject, reason: why }) => involvedObject.name === name && why === reason)
      .map(({ type, message }) => `${type}: ${message}`);
  }

  /** Gone from the server, and its folder from the node. */
  async delete(name: string): Promise<void> {
    await this.#pods.delete({ namespace, name }, { gracePeriodSeconds: 0 });
  }
}
