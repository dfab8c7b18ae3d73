/** `bin/wherry server` with a simulated node, and what a user of @kubernetes/client-node has of it. */
import { KubeConfig } from '@kubernetes/client-node';
import { type RunningServer, startServer } from '../../kubectl/server.ts';

export interface ClientCluster {
  readonly server: RunningServer;
  readonly config: KubeConfig;
  stop(): Promise<unknown>;
}

export async function startClientCluster(): Promise<ClientCluster> {
  const server = await startServer({ store: 'memory', controllers: '*', simulatedNodes: 1 });
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfig);
  return { server, config, stop: () => server.stop() };
}

/** Asks until the answer is there, however busy the machine is. */
export async function eventually<Found>(look: () => Promise<Found | undefined | false>): Promise<Found> {
  for (let attempt = 0; attempt < 6000; attempt++) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('did not happen');
}
