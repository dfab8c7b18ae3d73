/** One changed Service among 10,000: from its write to the API to the kernel of a node whose agent is another process. */
import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseKubeconfig } from '../../src/client/kubeconfig.ts';
import { tlsTransport } from '../../src/client/tls.ts';
import { Client } from '../../src/client/typed-client.ts';
import { parseSelection } from '../../src/commands/server/selection.ts';
import { type RunningServer, startServer } from '../../src/commands/server/server.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { systemClock } from '../../src/lib/system.ts';
import type { Measurement } from '../bench.ts';
import type { AgentNews } from './agent-child.ts';
import { holdNamespace } from './namespace.ts';
import { endpointsOf, podAddress, serviceOf, serviceRange, sliceOf } from './objects.ts';

const services = 10_000;
const changes = 100;
const atOnce = 40;
const nodeName = 'a';

const startApi = (dataDirectory: string): Promise<RunningServer> =>
  startServer(
    {
      ...{ dataDirectory, port: 0, bindAddress: '127.0.0.1', advertiseAddress: undefined, store: 'memory' },
      ...{ serviceCIDRs: [serviceRange], nodePortRange: '30000-32767', tlsNames: [], disabledAdmission: [] },
      ...{
        controllers: parseSelection('none'),
        simulatedNodes: 0,
        simulatedNodeEvents: false,
        loopback: false,
      },
    },
    silentLogger,
  );

async function fill(client: Client): Promise<void> {
  await client.of('Node').create({
    metadata: { name: nodeName },
    spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] },
    status: { addresses: [{ type: 'InternalIP', address: '172.30.0.2' }] },
  });
  let next = 0;
  const work = async () => {
    for (let index = next++; index < services; index = next++) {
      await client.of('Service').create(serviceOf(index));
      await client.of('EndpointSlice').create(sliceOf(index, endpointsOf(index)));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Its news, one after the other; throws when it ends. */
function startAgent(kubeconfig: string, prefix: readonly string[]) {
  const file = path.join(import.meta.dirname, 'agent-child.ts');
  const child = fork(file, [kubeconfig, nodeName, ...prefix]);
  const waiting: { resolve: (news: AgentNews) => void; reject: (error: Error) => void }[] = [];
  const early: AgentNews[] = [];
  child.on('message', (news) => {
    const first = waiting.shift();
    if (first === undefined) early.push(news as AgentNews);
    else first.resolve(news as AgentNews);
  });
  child.on('exit', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`the agent ended with ${code}`));
  });
  return {
    news: () =>
      new Promise<AgentNews>((resolve, reject) => {
        const first = early.shift();
        if (first === undefined) waiting.push({ resolve, reject });
        else resolve(first);
      }),
    stop: () => child.kill('SIGKILL'),
  };
}

async function measure(directory: string): Promise<{ samples: number[]; rssBytes: number }> {
  const server = await startApi(directory);
  const namespace = await holdNamespace();
  const transport = tlsTransport(parseKubeconfig(await readFile(server.kubeconfig, 'utf8')), {
    clock: systemClock,
  });
  const client = new Client({ transport, clock: systemClock, userAgent: 'bench' });
  let agent: ReturnType<typeof startAgent> | undefined;
  try {
    await fill(client);
    agent = startAgent(server.kubeconfig, namespace.prefix);
    let { rssBytes } = await agent.news();
    const samples: number[] = [];
    for (let change = 0; change < changes; change++) {
      const index = (change * 7919) % services;
      const slice = sliceOf(index, [`10.200.${change >> 8}.${change & 255}`, podAddress(2 * index)]);
      const started = performance.now();
      const written = client.of('EndpointSlice').update(slice);
      ({ rssBytes } = await agent.news());
      samples.push(performance.now() - started);
      await written;
    }
    return { samples, rssBytes };
  } finally {
    agent?.stop();
    await transport.close();
    namespace.release();
    await server.stop();
  }
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.ceil(values.length * share) - 1] as number;

export async function benchChanges(): Promise<Measurement[]> {
  const directory = await mkdtemp(path.join(tmpdir(), 'wherry-bench-'));
  try {
    const { samples, rssBytes } = await measure(directory);
    const name = 'one changed Service among 10,000, from the write to the API to the kernel';
    return [
      { name: `${name}, p50`, unit: 'ms', samples: [percentile(samples, 0.5)], wanted: { atMost: 50 } },
      { name: `${name}, p99`, unit: 'ms', samples: [percentile(samples, 0.99)], wanted: { atMost: 150 } },
      {
        name: "memory of an agent's proxy with 10,000 Services, after 100 changes",
        unit: 'MB',
        samples: [rssBytes / 1e6],
        wanted: { atMost: 300 },
      },
    ];
  } finally {
    await rm(directory, { recursive: true });
  }
}
