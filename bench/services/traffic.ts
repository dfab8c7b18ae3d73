/**
 * Connections through a ClusterIP beside connections straight to the pod, through the same router with the same rules:
 * ours, and those of kube-proxy's iptables mode, among more and more Services. Client and pod are beyond the router.
 *
 * What is wanted is a ratio, and the machine's own unrest is larger than what it has to tell. So each end has a
 * processor of its own, windows have one fixed size, and what is compared are pairs of short samples, one right after
 * the other. Straight connections go to another port of the pod: so none of them has the answer, as conntrack
 * remembers it, that a translated one is to have, for which the kernel would look for another port.
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
import { twoProcessors } from './processors.ts';
import type { Answered, Asked, Sampled } from './traffic-child.ts';

const pod = '10.244.0.2';
const podPort = 8080;
const straightPort = 8081;
const client = '10.244.1.2';
/** Both ends are pods: nothing is masqueraded, as between pods of a cluster. */
const podCidr = '10.244.0.0/16';

const sizes = [1, 1000, 10_000];
/** Connections that are kept are new ones in each round, so that the luck of one does not count for all. */
const rounds = 10;
const pairsPerRound = 50;
const warmUpPairs = 10;
/** A millisecond each: nothing else has the time to begin between the two of a pair, most of the time. */
const samples = {
  connections: { connections: 20 },
  bytes: { bytes: 4 * 1024 * 1024 },
} as const satisfies Record<string, Sampled>;

const windowBytes = 4 * 1024 * 1024;
/** Else each connection has the window that it happened to grow into. Source: tcp(7). */
const fixedWindows = [
  `net.ipv4.tcp_rmem=4096 ${windowBytes} ${windowBytes}`,
  `net.ipv4.tcp_wmem=4096 ${windowBytes} ${windowBytes}`,
  'net.ipv4.tcp_moderate_rcvbuf=0',
];

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

  static async start(
    { prefix }: HeldNamespace,
    { processor, args }: { processor: string; args: readonly string[] },
  ): Promise<Asker> {
    const file = path.join(import.meta.dirname, 'traffic-child.ts');
    const pinned = ['taskset', '--cpu-list', processor, process.execPath, file, ...args];
    const [program = '', ...rest] = [...prefix, ...pinned];
    const asker = new Asker(spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] }));
    await asker.#next();
    return asker;
  }

  async ask(asked: Asked): Promise<Answered> {
    this.#child.stdin?.write(`${JSON.stringify(asked)}\n`);
    return JSON.parse(await this.#next()) as Answered;
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
  await host.run('busybox', ['sysctl', '-qw', ...fixedWindows]);
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
  readonly connectionsPerSecond: Answered;
  readonly megabytesPerSecond: Answered;
}

/** `amount`: what one sample is, for a rate; milliseconds in, rates out. */
async function rates(amount: number, act: () => Promise<Answered>): Promise<Answered> {
  const all: Answered = { straight: [], through: [] };
  for (let round = 0; round < rounds; round++) {
    const answered = await act();
    for (const way of ['straight', 'through'] as const)
      all[way].push(...answered[way].map((milliseconds) => (1000 * amount) / milliseconds));
  }
  return all;
}

async function measure(layout: Layout, count: number): Promise<Figures> {
  const namespaces = [await holdNamespace(), await holdNamespace(), await holdNamespace()];
  const [router, near, far] = namespaces as [HeldNamespace, HeldNamespace, HeldNamespace];
  const [first, last] = twoProcessors();
  const ends: Asker[] = [];
  try {
    await router.run('busybox', ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
    await wire(router, near, client, '10.244.1.1');
    await wire(router, far, pod, '10.244.0.1');
    const clusterIP = await load(router, layout, count);
    const served = ['serve', pod, String(podPort), String(straightPort)];
    ends.push(await Asker.start(far, { processor: first, args: served }));
    const asker = await Asker.start(near, { processor: last, args: ['ask'] });
    ends.push(asker);
    const places = {
      through: { address: clusterIP, port: 80 },
      straight: { address: pod, port: straightPort },
      ...{ pairs: pairsPerRound, warmUpPairs },
    };
    const { connections, bytes } = samples;
    return {
      connectionsPerSecond: await rates(connections.connections, () =>
        asker.ask({ ...places, sampled: connections }),
      ),
      megabytesPerSecond: await rates(bytes.bytes / 1e6, () => asker.ask({ ...places, sampled: bytes })),
    };
  } finally {
    for (const end of ends) end.stop();
    for (const namespace of namespaces) namespace.release();
  }
}

const layoutName = { wherry: '', iptables: ", kube-proxy's iptables layout" } as const;

function measurementsOf(layout: Layout, count: number, figures: Figures): Measurement[] {
  const among = `ClusterIP among ${count.toLocaleString('en')}${layoutName[layout]}`;
  const wanted = layout === 'wherry' ? { wanted: { ratioAtLeast: 0.9 } } : {};
  const of = (name: string, unit: string, { through, straight }: Answered) => ({
    ...{ name: `${name} through a ${among}`, unit, samples: through },
    floor: { name: 'straight to the pod', samples: straight, isPaired: true },
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
