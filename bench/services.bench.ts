/**
 * Services in the kernel: how long many take to load, beside kube-proxy's layout in the same run, and how long one
 * changed Service takes among 10,000. In a network namespace of its own; takes root.
 * `npm run bench -- services`
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { EndpointSlice, Service } from '../src/kinds/generated/types.ts';
import { type Cidr, parseCidr } from '../src/lib/cidr.ts';
import { exec } from '../src/lib/exec.ts';
import { kernelNft, type Nft } from '../src/nft/nft.ts';
import { Planner, type Transaction } from '../src/proxy/planner.ts';
import type { Bench, Measurement } from './bench.ts';
import { upstreamRules } from './services/upstream-layout.ts';

const rounds = 3;
/** kube-proxy's layout takes minutes at 10,000: its time grows with the square. */
const sizes = [
  { count: 1000, isBesideUpstream: true },
  { count: 5000, isBesideUpstream: true },
  { count: 10_000, isBesideUpstream: false },
];
const changes = 200;
const upstreamMilliseconds = 60_000;

const address = (index: number) => `10.${96 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
const podAddress = (index: number) => `10.${128 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
const endpointsOf = (index: number) => [podAddress(2 * index), podAddress(2 * index + 1)];

const serviceOf = (index: number): Service => ({
  metadata: { name: `service-${index}`, namespace: 'default' },
  spec: {
    type: 'ClusterIP',
    clusterIP: address(index),
    clusterIPs: [address(index)],
    ipFamilies: ['IPv4'],
    ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
  },
});

const sliceOf = (index: number, endpoints: readonly string[]): EndpointSlice => ({
  metadata: { name: `service-${index}-1`, namespace: 'default' },
  addressType: 'IPv4',
  ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  endpoints: endpoints.map((each) => ({ addresses: [each], nodeName: 'b' })),
});

function plannerOf(count: number): Planner {
  const planner = new Planner({
    families: ['IPv4'],
    network: {
      node: 'a',
      nodeAddresses: ['172.30.0.2'],
      podCidrs: [parseCidr('10.244.0.0/24') as Cidr],
      serviceCidrs: [parseCidr('10.96.0.0/15') as Cidr],
    },
  });
  for (let index = 0; index < count; index++)
    planner.set(`default/service-${index}`, serviceOf(index), [sliceOf(index, endpointsOf(index))]);
  return planner;
}

async function apply(nft: Nft, transactions: readonly Transaction[]): Promise<void> {
  for (const { table, operations } of transactions) await nft.apply(table, operations);
}

async function timed(act: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await act();
  return performance.now() - started;
}

/** A namespace as long as the process that holds it lives. */
async function holdNamespace(): Promise<{ child: ChildProcess; prefix: string[] }> {
  const child = spawn('unshare', ['--net', 'sh', '-c', 'echo here; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`no network namespace: unshare ended with ${code}`)));
  });
  return { child, prefix: ['nsenter', `--net=/proc/${child.pid}/ns/net`] };
}

async function loadUpstream(prefix: readonly string[], count: number): Promise<void> {
  const services = Array.from({ length: count }, (_, index) => ({
    address: address(index),
    endpoints: endpointsOf(index),
  }));
  const [command = '', ...args] = [...prefix, 'nft', '-f', '-'];
  const done = await exec(command, args, {
    input: upstreamRules(services),
    milliseconds: upstreamMilliseconds,
  });
  if (done.code !== 0) throw new Error(done.stderr);
}

/** Every round in a namespace of its own, so that nobody pays for clearing away what was there. */
async function load(count: number, isUpstream: boolean): Promise<number> {
  const { child, prefix } = await holdNamespace();
  try {
    if (isUpstream) return await timed(() => loadUpstream(prefix, count));
    const transactions = plannerOf(count).takeAll();
    return await timed(() => apply(kernelNft(exec, prefix), transactions));
  } finally {
    child.kill('SIGKILL');
  }
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.ceil(values.length * share) - 1] as number;

/** From a changed slice to the kernel, among that many Services: decide, plan, `nft`, all of it. */
async function changeOne(count: number): Promise<number[]> {
  const { child, prefix } = await holdNamespace();
  const nft = kernelNft(exec, prefix);
  try {
    const planner = plannerOf(count);
    await apply(nft, planner.takeAll());
    const samples: number[] = [];
    for (let change = 0; change < changes; change++) {
      const index = (change * 7919) % count;
      const endpoints = [`10.200.${change >> 8}.${change & 255}`, podAddress(2 * index)];
      samples.push(
        await timed(async () => {
          planner.set(`default/service-${index}`, serviceOf(index), [sliceOf(index, endpoints)]);
          await apply(nft, planner.take());
        }),
      );
    }
    return samples;
  } finally {
    child.kill('SIGKILL');
  }
}

async function run(): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const { count, isBesideUpstream } of sizes) {
    const samples: number[] = [];
    const upstream: number[] = [];
    for (let round = 0; round < rounds; round++) {
      samples.push(await load(count, false));
      if (isBesideUpstream && round === 0) upstream.push(await load(count, true));
    }
    measurements.push({
      name: `load of ${count.toLocaleString('en')} Services x 2 endpoints`,
      unit: 'ms',
      samples,
      ...(upstream.length === 0 ? {} : { floor: { name: "kube-proxy's layout", samples: upstream } }),
      ...(count === 10_000 ? { wanted: { atMost: 500 } } : {}),
    });
  }
  const changed = await changeOne(10_000);
  const name = 'one changed Service among 10,000, from its slice to the kernel';
  measurements.push(
    { name: `${name}, p50`, unit: 'ms', samples: [percentile(changed, 0.5)], wanted: { atMost: 50 } },
    { name: `${name}, p99`, unit: 'ms', samples: [percentile(changed, 0.99)], wanted: { atMost: 150 } },
    {
      name: 'RSS of the process that has planned 10,000 Services again and again',
      unit: 'MB',
      samples: [process.memoryUsage.rss() / 1e6],
      wanted: { atMost: 300 },
    },
  );
  return measurements;
}

export const bench: Bench = { run };
