/** For tests: a server with a cluster in 127.0.0.0/8, and its administrator. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseKubeconfig } from '../../client/kubeconfig.ts';
import { tlsTransport } from '../../client/tls.ts';
import { Client } from '../../client/typed-client.ts';
import { silentLogger } from '../../lib/log.ts';
import { systemClock } from '../../lib/system.ts';
import type { LoopbackRanges } from './loopback-ranges.ts';
import { parseSelection } from './selection.ts';
import { startServer } from './server.ts';

/** All loopback clusters of a machine share its addresses, and on 127.0.0.1 its node ports: each test has its own. */
export interface TestRanges extends LoopbackRanges {
  readonly services: string;
  readonly nodePorts: string;
}

export interface LoopbackCluster {
  readonly kubeconfig: string;
  readonly client: Client;
  /** Leaves nothing behind. */
  stop(): Promise<void>;
}

export async function startLoopbackCluster({
  services,
  nodePorts,
  ...loopbackRanges
}: TestRanges): Promise<LoopbackCluster> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'wherry-loopback-'));
  const undo: (() => Promise<unknown>)[] = [() => rm(dataDirectory, { recursive: true })];
  const stop = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    const server = await startServer(
      {
        dataDirectory,
        port: 0,
        bindAddress: '127.0.0.1',
        advertiseAddress: undefined,
        store: 'memory',
        serviceCIDRs: [services],
        loopbackRanges,
        nodePortRange: nodePorts,
        tlsNames: [],
        controllers: parseSelection('*'),
        disabledAdmission: [],
        simulatedNodes: 2,
        simulatedNodeEvents: true,
        loopback: true,
      },
      silentLogger,
    );
    undo.push(() => server.stop());
    const { kubeconfig } = server;
    const transport = tlsTransport(parseKubeconfig(await readFile(kubeconfig, 'utf8')), {
      clock: systemClock,
    });
    undo.push(() => transport.close());
    return { kubeconfig, client: new Client({ transport, clock: systemClock, userAgent: 'test' }), stop };
  } catch (failure) {
    await stop();
    throw failure;
  }
}
