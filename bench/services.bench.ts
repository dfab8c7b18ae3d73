/**
 * Services in the kernel: how long many take to load, beside kube-proxy's layout in the same run; how long one changed
 * Service takes among 10,000, from its slice and from the write to the API; what an agent's proxy needs of memory; and
 * connections through a ClusterIP beside straight ones. In network namespaces of its own; takes root.
 * `npm run bench -- services`
 */
import { exec } from '../src/lib/exec.ts';
import { kernelNft } from '../src/nft/nft.ts';
import type { Bench, Measurement } from './bench.ts';
import { benchChanges } from './services/changes.ts';
import { holdNamespace } from './services/namespace.ts';
import {
  address,
  apply,
  endpointsOf,
  plannerOf,
  podAddress,
  serviceOf,
  sliceOf,
} from './services/objects.ts';
import { benchTraffic } from './services/traffic.ts';
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

async function timed(act: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await act();
  return performance.now() - started;
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
  const namespace = await holdNamespace();
  const { prefix } = namespace;
  try {
    if (isUpstream) return await timed(() => loadUpstream(prefix, count));
    const transactions = plannerOf(count).takeAll();
    return await timed(() => apply(kernelNft(exec, prefix), transactions));
  } finally {
    namespace.release();
  }
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.ceil(values.length * share) - 1] as number;

/** From a changed slice to the kernel, among that many Services: decide, plan, `nft`, all of it. */
async function changeOne(count: number): Promise<number[]> {
  const namespace = await holdNamespace();
  const { prefix } = namespace;
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
    namespace.release();
  }
}

async function repeated(times: number, act: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  for (let round = 0; round < times; round++) samples.push(await act());
  return samples;
}

/** Ours first, of every size: the kernel is long busy with clearing away what upstream's layout leaves. */
async function benchLoads(): Promise<Measurement[]> {
  const own: number[][] = [];
  for (const { count } of sizes) own.push(await repeated(rounds, () => load(count, false)));
  const measurements: Measurement[] = [];
  for (const [index, { count, isBesideUpstream }] of sizes.entries()) {
    const samples = isBesideUpstream ? [await load(count, true)] : undefined;
    measurements.push({
      name: `load of ${count.toLocaleString('en')} Services x 2 endpoints`,
      unit: 'ms',
      samples: own[index]!,
      ...(samples === undefined ? {} : { floor: { name: "kube-proxy's layout", samples } }),
      ...(count === 10_000 ? { wanted: { atMost: 500 } } : {}),
    });
  }
  return measurements;
}

/** Upstream's layouts last, see above. */
async function run(): Promise<Measurement[]> {
  const changed = await changeOne(10_000);
  const name = 'one changed Service among 10,000, from its slice in the agent to the kernel';
  const inAgent: Measurement[] = [
    { name: `${name}, p50`, unit: 'ms', samples: [percentile(changed, 0.5)], wanted: { atMost: 50 } },
    { name: `${name}, p99`, unit: 'ms', samples: [percentile(changed, 0.99)], wanted: { atMost: 150 } },
  ];
  const fromApi = await benchChanges();
  const traffic = await benchTraffic();
  return [...(await benchLoads()), ...inAgent, ...fromApi, ...traffic];
}

export const bench: Bench = { run };
