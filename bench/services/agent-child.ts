/**
 * A node's proxy in a process of its own, as the agent runs it: a client over TLS, informers, the kernel's tables of a
 * namespace. Tells by IPC of each transaction that is in the kernel, and what memory it has when everything is there.
 */
import { readFile } from 'node:fs/promises';
import { Informers } from '../../src/client/informers.ts';
import { parseKubeconfig } from '../../src/client/kubeconfig.ts';
import { tlsTransport } from '../../src/client/tls.ts';
import { Client } from '../../src/client/typed-client.ts';
import { exec } from '../../src/lib/exec.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { MetricsRegistry } from '../../src/lib/metrics.ts';
import { systemClock, systemRandom } from '../../src/lib/system.ts';
import { kernelNft } from '../../src/nft/nft.ts';
import { KernelProxy } from '../../src/proxy/kernel-proxy.ts';

export interface AgentNews {
  readonly rssBytes: number;
}

const [kubeconfig = '', nodeName = '', ...prefix] = process.argv.slice(2);
const stopping = new AbortController();
const common = { clock: systemClock, random: systemRandom, log: silentLogger };
const transport = tlsTransport(parseKubeconfig(await readFile(kubeconfig, 'utf8')), { clock: systemClock });
const client = new Client({ transport, clock: systemClock, userAgent: 'bench' });
const informers = new Informers({ ...common, client });
const nft = kernelNft(exec, prefix);

new KernelProxy({
  ...common,
  ...{ nodeName, informers, exec, execPrefix: prefix, families: ['IPv4'] },
  nft: {
    apply: async (table, operations) => {
      await nft.apply(table, operations);
      process.send?.({ rssBytes: process.memoryUsage.rss() } satisfies AgentNews);
    },
    read: (table) => nft.read(table),
  },
  listenHttp: async () => {
    throw new Error('no Service here has a health check');
  },
  metrics: new MetricsRegistry(),
  signal: stopping.signal,
});
informers.start(stopping.signal);
process.on('disconnect', () => process.exit(0));
