/**
 * Connections through a ClusterIP beside connections straight to the pod, through the same router with the same rules:
 * ours, and those of kube-proxy's iptables mode, among more and more Services. Client and pod are beyond the router.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { exec } from '../../src/lib/exec.ts';
import { kernelNft } from '../../src/nft/nft.ts';
import type { Measurement } from '../bench.ts';
import { iptablesRules } from './iptables-layout.ts';
import { type HeldNamespace, holdNamespace } from './namespace.ts';
import { address, apply, endpointsOf, plannerOf } from './objects.ts';
import type { Asked } from './traffic-child.ts';

const pod = '10.244.0.2';
const podPort = 8080;
const client = '10.244.1.2';
/** Both ends are pods: nothing is masqueraded, as between pods of a cluster. */
const podCidr = '10.244.0.0/16';

const sizes = [1, 1000, 10_000];
const rounds = 7;
const connections = 200;
const bytes = 96 * 1024 * 1024;

type Layout = 'wherry' | 'iptables';

class Asker {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    this.#lines.on('line', (line) => this.#waiting.shift()?.resolve(line));
    child.once('exit', (code) => {
      for (const { reject } of this.#waiting.splice(0))
        reject(new Error(`an end of the traffic ended with ${code}`));
    });
  }

  static async start(namespace: HeldNamespace, args: readonly string[]): Promise<Asker> {
    const file = path.join(import.meta.dirname, 'traffic-child.ts');
    const [program = '', ...rest] = [...namespace.prefix, process.execPath, file, ...args];
    const asker = new Asker(spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] }));
    await asker.#next();
    return asker;
  }

  async ask(asked: Asked): Promise<number[]> {
    this.#child.stdin?.write(`${JSON.stringify(asked)}\n`);
    return JSON.parse(await this.#next()) as number[];
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  #next(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }
}

async function wire(router: HeldNamespace, host: HeldNamespace, own: string, gateway: string): Promise<void> {
  const link = `to-${own.replaceAll('.', '-')}`;
  const lines = [
    `link add ${link} type veth peer name eth0 netns ${host.pid}`,
    `address add ${gateway}/24 dev ${link}`,
    `link set ${link} up`,
  ];
  await router.run('ip', ['-batch', '-'], `${lines.join('\n')}\n`);
  const inside = ['link set lo up', `address add ${own}/24 dev eth0`, 'link set eth0 up'];
  await host.run('ip', ['-batch', '-'], `${inside.join('\n')}\n`);
  // To the cluster's ranges, and to nowhere else.
  await host.run('ip', ['route', 'add', '10.0.0.0/8', 'via', gateway]);
}

async function load(router: HeldNamespace, layout: Layout, count: number): Promise<string> {
  // In the middle of the list, where a Service is on average.
  const index = count >> 1;
  const special = new Map([[index, [pod]]]);
  if (layout === 'wherry')
    await apply(kernelNft(exec, router.prefix), plannerOf(count, { podCidr, special }).takeAll());
  else {
    const services = Array.from({ length: count }, (_, each) => ({
      address: address(each),
      endpoints: special.get(each) ?? endpointsOf(each),
    }));
    await router.run('iptables-restore', [], iptablesRules(services));
  }
  return address(index);
}

interface Figures {
  readonly connectionsPerSecond: { through: number[]; straight: number[] };
  readonly megabytesPerSecond: { through: number[]; straight: number[] };
}

async function measure(layout: Layout, count: number): Promise<Figures> {
  const namespaces = [await holdNamespace(), await holdNamespace(), await holdNamespace()];
  const [router, near, far] = namespaces as [HeldNamespace, HeldNamespace, HeldNamespace];
  const ends: Asker[] = [];
  try {
    await router.run('busybox', ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
    await wire(router, near, client, '10.244.1.1');
    await wire(router, far, pod, '10.244.0.1');
    const clusterIP = await load(router, layout, count);
    ends.push(await Asker.start(far, ['serve', pod, String(podPort)]));
    const asker = await Asker.start(near, ['ask']);
    ends.push(asker);
    const places = {
      through: { address: clusterIP, port: 80 },
      straight: { address: pod, port: podPort },
    } as const;
    const figures: Figures = {
      connectionsPerSecond: { through: [], straight: [] },
      megabytesPerSecond: { through: [], straight: [] },
    };
    // The first connections are slower, wherever they go.
    for (const place of Object.values(places)) await asker.ask({ ...place, connections });
    for (let round = 0; round < rounds; round++)
      for (const way of ['through', 'straight'] as const) {
        const times = await asker.ask({ ...places[way], connections });
        const total = times.reduce((sum, each) => sum + each, 0);
        figures.connectionsPerSecond[way].push((1000 * connections) / total);
        const [milliseconds = 0] = await asker.ask({ ...places[way], bytes });
        figures.megabytesPerSecond[way].push(bytes / 1e3 / milliseconds);
      }
    return figures;
  } finally {
    for (const end of ends) end.stop();
    for (const namespace of namespaces) namespace.release();
  }
}

const layoutName = { wherry: '', iptables: ", kube-proxy's iptables layout" } as const;

function measurementsOf(layout: Layout, count: number, figures: Figures): Measurement[] {
  const among = `ClusterIP among ${count.toLocaleString('en')}${layoutName[layout]}`;
  const wanted = layout === 'wherry' ? { wanted: { ratioAtLeast: 0.9 } } : {};
  const of = (name: string, unit: string, { through, straight }: Figures['megabytesPerSecond']) => ({
    ...{ name: `${name} through a ${among}`, unit, samples: through },
    floor: { name: 'straight to the pod', samples: straight },
    ...wanted,
  });
  return [
    of('new connections, one after the other,', '/s', figures.connectionsPerSecond),
    of('bytes on one connection', 'MB/s', figures.megabytesPerSecond),
  ];
}

export async function benchTraffic(): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  const hasIptables = (await exec('iptables-restore', ['--version'])).code === 0;
  const layouts: readonly Layout[] = hasIptables ? ['wherry', 'iptables'] : ['wherry'];
  for (const count of sizes)
    for (const layout of layouts)
      measurements.push(...measurementsOf(layout, count, await measure(layout, count)));
  return measurements;
}
