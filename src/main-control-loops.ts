/** The control loops, as clients of the API server in its own process: controllers, scheduler, simulated nodes. */
import type { Handler } from './apiserver/request.ts';
import { inProcessTransport } from './client/in-process.ts';
import { controllerManagerUser, startControllers } from './controllers/start.ts';
import type { Logger } from './lib/log.ts';
import { systemClock, systemRandom } from './lib/system.ts';
import { startScheduler } from './scheduler/scheduler.ts';

export interface ControlLoopsOptions {
  /** PEM of the authority that signed the server's certificate. */
  readonly rootAuthority: string;
  /** Nodes that exist in this process alone; 0: none. */
  readonly simulatedNodes: number;
  readonly log: Logger;
}

/** Whom the simulated nodes speak as. */
const simulatedNodesUser = {
  name: 'system:nodes:simulated',
  groups: ['system:masters', 'system:authenticated'],
};

/** Returns what ends them; it resolves when nothing is under way any more. */
export async function runControlLoops(
  handler: Handler,
  options: ControlLoopsOptions,
): Promise<() => Promise<void>> {
  const { rootAuthority, simulatedNodes, log } = options;
  const stopping = new AbortController();
  const shared = { clock: systemClock, random: systemRandom, log, signal: stopping.signal };
  const transport = inProcessTransport(handler, { user: controllerManagerUser });
  const { client, informers, recorder, stopped } = startControllers({ ...shared, rootAuthority, transport });
  startScheduler({ ...shared, client, informers, recorder });
  const ends: Promise<void>[] = [stopped];
  if (simulatedNodes > 0) {
    const { startSimulatedNodes } = await import('./testing/simulated-nodes.ts');
    const nodes = startSimulatedNodes({
      ...shared,
      count: simulatedNodes,
      transport: inProcessTransport(handler, { user: simulatedNodesUser }),
      removeNotReadyTaint: false,
    });
    ends.push(nodes.stopped);
  }
  return async () => {
    stopping.abort();
    await Promise.all(ends);
  };
}
