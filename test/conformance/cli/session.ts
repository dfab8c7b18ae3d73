/** Real kubectl, the one on PATH, against a cluster with one real node. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Pod, PodSpec } from '../../../src/kinds/generated/types.ts';
import { findKubectls } from '../../kubectl/kubectls.ts';
import { startCluster, type TestCluster } from '../../node/cluster.ts';
import { noNodeBecause, until } from '../../node/test-node.ts';

const [kubectl] = findKubectls();

export const skip = noNodeBecause() || (kubectl === undefined && 'no kubectl on PATH');

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** So far. */
  readonly said: { stdout: string; stderr: string };
  readonly closed: Promise<unknown>;
}

export class KubectlSession {
  readonly cluster: TestCluster;
  readonly #children = new Set<ChildProcess>();

  constructor(cluster: TestCluster) {
    this.cluster = cluster;
  }

  static async start(): Promise<KubectlSession> {
    return new KubectlSession(
      await startCluster({ nodes: 1, agentArguments: () => ['--eviction-hard', ''] }),
    );
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await this.cluster.close();
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    const child = spawn(kubectl?.file ?? 'kubectl', args, {
      env: { ...process.env, KUBECONFIG: this.cluster.kubeconfig, HOME: this.cluster.folder, ...env },
      stdio: 'pipe',
    });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    child.stdin.on('error', () => {});
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('latin1').on('data', (text: string) => {
        said[stream] += text;
      });
    return { child, said, closed: once(child, 'close') };
  }

  /** `input`: undefined for a stdin that stays open. */
  async run(args: readonly string[], input: string | undefined = ''): Promise<Answer> {
    const { child, said, closed } = this.start(args);
    if (input !== undefined) child.stdin?.end(input);
    const [code] = (await closed) as [number | null];
    return { code, ...said };
  }

  pod(name: string): Promise<Pod> {
    return this.cluster.client.of('Pod').get({ namespace: 'default', name });
  }

  async exists(name: string): Promise<boolean> {
    const { items } = await this.cluster.client.of('Pod').list({ namespace: 'default' });
    return items.some(({ metadata }) => metadata.name === name);
  }

  async createPod(name: string, script: string, spec: Partial<PodSpec> = {}): Promise<void> {
    await this.cluster.client.of('Pod').create({
      metadata: { namespace: 'default', name },
      spec: {
        terminationGracePeriodSeconds: 0,
        restartPolicy: 'Never',
        containers: [{ name: 'main', image: 'busybox:1.27', command: ['sh', '-c', script] }],
        ...spec,
      },
    });
  }

  async whenReady(name: string): Promise<void> {
    await until(
      `${name} is ready`,
      async () =>
        (await this.pod(name)).status?.conditions?.some(
          ({ type, status }) => type === 'Ready' && status === 'True',
        ) === true,
    );
  }

  async whenEnded(name: string): Promise<void> {
    await until(`${name} has ended`, async () =>
      ['Succeeded', 'Failed'].includes((await this.pod(name)).status?.phase ?? ''),
    );
  }

  log(name: string): Promise<string> {
    return this.cluster.get(`/api/v1/namespaces/default/pods/${name}/log`);
  }
}
