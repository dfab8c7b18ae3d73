/**
 * Run in the cluster's namespace: how long pods take from create to Ready, as a client sees it.
 * Arguments: kubeconfig, how many pods one at a time, how many at once. Prints one line of JSON.
 */
import { readFile } from 'node:fs/promises';
import { parseKubeconfig } from '../../src/client/kubeconfig.ts';
import { tlsTransport } from '../../src/client/tls.ts';
import { Client } from '../../src/client/typed-client.ts';
import type { Pod } from '../../src/kinds/generated/types.ts';
import { systemClock } from '../../src/lib/system.ts';

export interface PodTimes {
  /** Milliseconds from before the create to the watch event that says Ready; one pod after the other. */
  readonly single: readonly number[];
  /** Milliseconds from the first create to the last Ready, pods at once. */
  readonly together: number;
}

const namespace = 'default';
const warmUps = 3;

const podOf = (name: string): Pod => ({
  metadata: { namespace, name },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image: 'busybox:1.27', command: ['sleep', '3600'] }],
  },
});

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') ?? false;

/** Follows the namespace's pods: when each was ready, and when each was gone. */
class PodTimeline {
  readonly #waiting = new Map<string, (at: number) => void>();
  readonly #seen = new Map<string, number>();

  saw(what: 'ready' | 'gone', name: string): void {
    const key = `${what} ${name}`;
    if (this.#seen.has(key)) return;
    this.#seen.set(key, performance.now());
    this.#waiting.get(key)?.(performance.now());
  }

  when(what: 'ready' | 'gone', name: string): Promise<number> {
    const key = `${what} ${name}`;
    const at = this.#seen.get(key);
    if (at !== undefined) return Promise.resolve(at);
    return new Promise((resolve) => this.#waiting.set(key, resolve));
  }
}

async function measure(kubeconfig: string, singles: number, together: number): Promise<PodTimes> {
  const transport = tlsTransport(parseKubeconfig(await readFile(kubeconfig, 'utf8')), { clock: systemClock });
  const client = new Client({ transport, clock: systemClock, userAgent: 'bench' });
  const pods = client.of('Pod');
  const timeline = new PodTimeline();
  const stop = await pods.watch(
    { namespace },
    {
      onEvent({ type, object }) {
        const { name = '' } = object.metadata;
        if (type === 'DELETED') timeline.saw('gone', name);
        else if (isReady(object)) timeline.saw('ready', name);
      },
      onEnd() {},
    },
  );
  const remove = async (name: string) => {
    await pods.delete({ namespace, name }, { gracePeriodSeconds: 0 });
    await timeline.when('gone', name);
  };
  const single: number[] = [];
  for (let index = 0; index < warmUps + singles && singles > 0; index++) {
    const name = `single-${index}`;
    const start = performance.now();
    await pods.create(podOf(name));
    const took = (await timeline.when('ready', name)) - start;
    if (index >= warmUps) single.push(took);
    await remove(name);
  }
  const names = Array.from({ length: together }, (_, index) => `together-${index}`);
  const start = performance.now();
  await Promise.all(names.map((name) => pods.create(podOf(name))));
  const readyAt = await Promise.all(names.map((name) => timeline.when('ready', name)));
  const end = Math.max(...readyAt);
  await Promise.all(names.map(remove));
  stop();
  await transport.close();
  return { single, together: end - start };
}

const [kubeconfig = '', singles = '1', together = '1'] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await measure(kubeconfig, Number(singles), Number(together)))}\n`);
process.exit(0);
